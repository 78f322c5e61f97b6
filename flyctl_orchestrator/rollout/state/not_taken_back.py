"""What a way back leaves as it is, because nobody can take it back: secrets, and what a release command did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from flyctl_orchestrator.rollout.state.secret_names import ChangedSecret

CommandRan = Literal["", "begun", "succeeded", "unknown"]
"""How far a release command came: not at all, begun and not seen to end well, to its good end; or nobody knows."""

_COMMAND = {
    "begun": "the release command (it was begun and did not end well)",
    "succeeded": "the release command (it ran)",
    "unknown": "the release command, should it have run",
}


@dataclass(frozen=True)
class NotTakenBack:
    """What is not as it was, though machines are.

    Attributes:
        secrets: those that have changed since the machines' last good release.
        unnamed: whether secrets have changed of which nothing here tells the names.
        compared: whether the secrets of then and of now could be compared at all.
        release_command: how far it came.
    """

    secrets: tuple[ChangedSecret, ...] = ()
    unnamed: bool = False
    compared: bool = True
    release_command: CommandRan = ""

    @property
    def same_secrets(self) -> bool:
        """Whether secrets are known to be what they were."""
        return self.compared and not self.secrets and not self.unnamed

    @property
    def said(self) -> str:
        """For a person, to go behind a sentence, e.g. "not taken back: secret K (changed)"; "" for nothing."""
        secrets = [f"secret{'s' if len(self.secrets) > 1 else ''} {listed(self.secrets)}"] if self.secrets else []
        secrets += ["secrets (some have changed, which ones is not known here)"] if self.unnamed else []
        parts = [*secrets, *self._command]
        unknown = [] if self.compared else ["whether secrets have changed is not known"]
        return "; ".join([*([f"not taken back: {', '.join(parts)}"] if parts else []), *unknown])

    @property
    def command_said(self) -> str:
        """The same of the release command alone, for a fleet on which nothing was changed."""
        return f"not taken back: {self._command[0]}" if self._command else ""

    @property
    def _command(self) -> list[str]:
        return [_COMMAND[self.release_command]] if self.release_command else []

    def advice(self, then: str) -> str:
        """What to type when secrets that have changed may be the cause of a failure.

        Args:
            then: the command that comes after, e.g. "'flyo deploy'".
        """
        if not self.secrets:
            what = "Secrets have changed since the last good release and may be the cause"
            return f"{what}: 'flyo secrets list' shows them; set back the one that is wrong, then {then}"
        several = len(self.secrets) > 1
        who = f"Secrets {listed(self.secrets)} have" if several else f"Secret {self.secrets[0].name} has"
        return f"{who} {self._verb} since the last good release and may be the cause: {self._commands}, then {then}"

    @property
    def _verb(self) -> str:
        if len(self.secrets) > 1:
            return "changed"
        return {"changed": "changed", "new": "been added", "removed": "been removed"}[self.secrets[0].change]

    @property
    def _commands(self) -> str:
        back = " ".join(each.name for each in self.secrets if each.change != "new")
        away = " ".join(each.name for each in self.secrets if each.change == "new")
        set_ = [f"'flyo secrets set {back}' with {'its' if ' ' not in back else 'their'} former value"] if back else []
        return ", ".join([*set_, *([f"'flyo secrets unset {away}'"] if away else [])])

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "secrets": [{"name": each.name, "change": each.change} for each in self.secrets],
            "secrets_unnamed": self.unnamed,
            "secrets_compared": self.compared,
            "release_command": self.release_command or None,
        }

    @classmethod
    def of_dict(cls, data: Mapping[str, Any]) -> NotTakenBack:
        """What `as_dict` wrote.

        Raises:
            KeyError, TypeError: it did not.
        """
        secrets = tuple(ChangedSecret(str(each["name"]), each["change"]) for each in data["secrets"])
        ran: CommandRan = {each: each for each in get_args(CommandRan)}[data["release_command"] or ""]
        return cls(secrets, bool(data["secrets_unnamed"]), bool(data["secrets_compared"]), ran)


def listed(secrets: Sequence[ChangedSecret]) -> str:
    """E.g. "K (changed), L (new)"."""
    return ", ".join(f"{each.name} ({each.change})" for each in secrets)
