"""The local platform a rehearsal has for itself, seen over its management API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.fleet.api_answer import complaint, understood
from flyctl_orchestrator.fleet.api_call import authorization
from flyctl_orchestrator.fleet.decode import Unreadable, decode
from flyctl_orchestrator.fleet.http import HttpError
from flyctl_orchestrator.fleet.redact import redact, without_private
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.rollout.rehearsal.copied import Copied

PATIENCE = 60.0
LINES = 6


class ManagementApi:
    """What a rehearsal does to its own platform before the rollout begins."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def borrow(self, state: Path, copied: Copied) -> dict[str, str]:
        """Have the images that the user's own local platform has.

        Args:
            state: directory of that platform, which need not run.

        Returns: reference by digest, of those it had.
        """
        wanted = {digest: ref for ref, digest in copied.images}
        images = [{"ref": ref, "digest": digest} for digest, ref in wanted.items()]
        answer = self._call("POST", "/_local/images", {"from": str(state), "images": images})
        return {digest: f"{wanted[digest]}@{digest}" for digest in answer.get("borrowed", ())}

    def set_up(self, copied: Copied, images: Mapping[str, str], instead: str) -> None:
        """Make the app and its machines.

        Raises:
            FlyoError: the local platform cannot have such machines.
        """
        self._call("POST", "/_local/copies", copied.as_body(images, instead))

    def add_faults(self, faults: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Set faults; they begin now. Returns each as the platform shows it.

        Raises:
            UsageError: there is no such fault, or it cannot be told that.
        """
        return [self._fault(fault) for fault in faults]

    def check_faults(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Make sure that `add_faults` will work, and set none.

        Raises:
            UsageError: as `add_faults`.
        """
        for fault in faults:
            self._fault(fault)
        self.clear_faults()

    def clear_faults(self) -> None:
        """End every fault."""
        self._call("DELETE", "/_local/faults")

    def fault_names(self) -> list[dict[str, Any]]:
        """The faults there are: `name`, `times` (how often, when nothing is said) and `set` (its settings)."""
        names: list[dict[str, Any]] = self._call("GET", "/_local/faults/names")["names"]
        return names

    def _fault(self, fault: Mapping[str, Any]) -> dict[str, Any]:
        try:
            made: dict[str, Any] = self._call("POST", "/_local/faults", dict(fault))
        except FlyoError as refusal:
            raise UsageError(
                refusal.what.removesuffix("?"),
                where=f"--fault {fault['name']}",
                next="'flyo local fault names' lists them all",
                code="rehearse.fault",
            ) from None
        return made

    def last_words(self, app: str, machine: str, private: Sequence[str]) -> list[str]:
        """The last lines a machine or the platform wrote about it, with what is private in them masked."""
        said: list[str] = []
        url = f"{self._target.api_url}/_local/logs?app={app}&machine={machine}&limit={LINES}"
        try:
            self._target.http.stream("GET", url, headers=self._headers(), idle_timeout=PATIENCE, on_line=said.append)
        except HttpError:
            return []
        return [without_private(redact(message, private)) for message in map(_message, said) if message]

    def _headers(self) -> dict[str, str]:
        return {"Authorization": authorization(self._target.token)}

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            answer = self._target.http.send(
                method, self._target.api_url + path, headers=self._headers(), json=body, timeout=PATIENCE
            )
        except HttpError as failure:
            raise FlyoError(
                f"its platform gave no answer ({failure.detail})",
                where="rehearsal",
                next="Run it again",
                code="rehearse.platform",
            ) from None
        if answer.status >= 400:
            what = complaint(answer, (self._target.token,)) if understood(answer) else f"it answered {answer.status}"
            advice = "docs/fidelity.md lists what the local platform models"
            raise FlyoError(what, where="rehearsal", next=advice, code="rehearse.refused")
        try:
            return decode(answer.body, dict[str, Any]) if answer.body else {}
        except Unreadable as failure:
            what = f"the answer of its platform cannot be read: {failure.reason}"
            raise FlyoError(what, where="rehearsal", next="Run it again", code="rehearse.platform") from None


def _message(line: str) -> str:
    try:
        said = decode(line.encode(), dict[str, Any])
    except Unreadable:
        return ""
    return str(said.get("message", ""))
