"""Asks one machine for its health, from outside and through the proxy, and checks who answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from flyctl_orchestrator.fleet.http import Http, HttpAnswer, HttpError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.redact import without_queries

Identity = Literal["auto", "required", "off"]
# The app says that it is not ready yet, or asked too often, or is not meant; no page is told by that.
_TELLS_NOTHING = frozenset({408, 421, 425, 429})
# Of answers that are the proxy's own.
_PROXY_ERROR = "fly-proxy-error"


@dataclass(frozen=True)
class Answer:
    """What a probe saw.

    Attributes:
        latency_s: seconds from sending until the answer was read; None when there was none.
        region, machine, release: what the answer says of itself, None when it does not.
        error: one line, None when `ok`.
        stray: it came from another machine or region than the one that was asked.
    """

    ok: bool
    status: int | None = None
    latency_s: float | None = None
    region: str | None = None
    machine: str | None = None
    release: str | None = None
    error: str | None = None
    stray: bool = False


class Prober:
    """Sends probes. Safe for many threads."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def check(
        self,
        url_template: str,
        app: str,
        machine: Machine,
        path: str,
        timeout: float,
        identity: Identity = "auto",
        *,
        guessed: bool = False,
    ) -> Answer:
        """Probe one machine once. Never raises for a bad answer.

        Args:
            url_template: the app's address, "{app}" standing for its name.
            path: of the health page, starting with a slash.
            timeout: seconds.
            identity: "auto" compares region and machine with what the answer says, if it says so; "required" insists
                on it; "off" does not look.
            guessed: nobody has named the path as a health page, so that the app need not have it: a redirect or a 4xx
                is as good as a 2xx.
        """
        return self.ask(url_template, app, path, timeout, machine=machine, identity=identity, guessed=guessed)

    def ask(
        self,
        url_template: str,
        app: str,
        path: str,
        timeout: float,
        *,
        machine: Machine | None = None,
        identity: Identity = "auto",
        client_region: str | None = None,
        guessed: bool = False,
    ) -> Answer:
        """Ask an app once, as its users do. Never raises for a bad answer.

        Args:
            machine: the one that has to answer, as for `check`; None for whichever the platform chooses.
            client_region: where the client is to be; only the local platform heeds it.
            guessed: as for `check`.
        """
        url = url_template.replace("{app}", app).rstrip("/") + "/" + path.lstrip("/")
        headers = {"Accept": "application/json", "Cache-Control": "no-cache"}
        headers["User-Agent"] = "flyctl-orchestrator probe"
        if machine is not None:
            headers["fly-force-instance-id"] = machine.id
        if client_region is not None:
            headers["Fly-Local-Region"] = client_region
        try:
            answer = self._http.send("GET", url, headers=headers, timeout=timeout)
        except HttpError as failure:
            return Answer(ok=False, error=_no_answer(url, failure, timeout))
        return _judge(url, answer, machine, identity, guessed=guessed)


def _no_answer(url: str, failure: HttpError, timeout: float) -> str:
    reasons = {
        "timeout": f"no answer within {timeout:g} s",
        "refused": "connection refused",
        "reset": "connection broke off before an answer",
        "dns": "name not found",
        "tls": f"no secure connection ({failure.detail})",
    }
    return without_queries(f"{url}: {reasons.get(failure.kind, failure.detail)}")


def _judge(url: str, answer: HttpAnswer, machine: Machine | None, identity: Identity, *, guessed: bool) -> Answer:
    said = answer.json()
    said = said if isinstance(said, dict) else {}
    region, machine_id = _who(said, answer, "region"), _who(said, answer, "machine")
    status_error = _status_error(answer, guessed=guessed)
    stranger = "" if status_error else _stranger(machine, identity, region, machine_id, bool(said))
    error = status_error or stranger
    return Answer(
        ok=not error,
        status=answer.status,
        latency_s=answer.elapsed_seconds,
        region=region,
        machine=machine_id,
        release=_text(said.get("release")),
        error=without_queries(f"{url}: {error}") if error else None,
        stray=bool(stranger),
    )


def _status_error(answer: HttpAnswer, *, guessed: bool) -> str:
    """What is wrong with the status of an answer, "" when nothing is."""
    if 200 <= answer.status < 300:
        return ""
    tells = answer.status not in _TELLS_NOTHING and _PROXY_ERROR not in answer.headers
    if guessed and tells and 300 <= answer.status < 500:
        return ""
    if 300 <= answer.status < 400:
        target = answer.headers.get("location", "nowhere")
        return f"answered {answer.status}, a redirect to {target[:120]}; a health page must answer by itself"
    return f"answered {answer.status}{_excerpt(answer)}"


def _stranger(
    machine: Machine | None, identity: Identity, region: str | None, machine_id: str | None, is_json: bool
) -> str:
    """How an answer is another machine's than the one that was asked, "" when it is not, as far as it says."""
    if identity == "off" or machine is None:
        return ""
    if identity == "required" and not is_json:
        return "answered something that is not a JSON object, so it does not say which machine it is"
    if identity == "required" and (region is None or machine_id is None):
        return "does not say which region and machine it is (keys 'region' and 'machine')"
    if region is not None and region != machine.region:
        return f"answered from region {region}, not {machine.region}"
    if machine_id is not None and machine_id != machine.id:
        return f"answered by machine {machine_id}, not {machine.id}"
    return ""


def _who(said: dict[str, Any], answer: HttpAnswer, what: Literal["region", "machine"]) -> str | None:
    header = {"region": "fly-region", "machine": "fly-machine-id"}[what]
    return _text(said.get(what)) or _text(answer.headers.get(header))


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None


def _excerpt(answer: HttpAnswer) -> str:
    # The first words of a text or JSON answer help; a page of HTML does not.
    if "html" in answer.headers.get("content-type", ""):
        return ""
    words = " ".join(answer.body[:300].decode(errors="replace").split())
    return f" ({words[:120]})" if words else ""
