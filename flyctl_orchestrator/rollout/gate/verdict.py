"""What the gate says of one machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["pass", "fail", "inconclusive", "wait", "probe", "asleep"]


@dataclass(frozen=True)
class Verdict:
    """One judgement.

    Attributes:
        kind: "pass", "fail" and "inconclusive" are final. "wait": no evidence yet. "probe": the platform is content,
            look from outside. "asleep": it sleeps and has to be woken first.
        code: stable name of the reason, e.g. "exited".
        reason: one line for a person, without the machine's name.
    """

    kind: Kind
    code: str = ""
    reason: str = ""

    @property
    def final(self) -> bool:
        """Whether looking on would change nothing."""
        return self.kind in ("pass", "fail", "inconclusive")
