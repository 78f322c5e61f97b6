"""How a rollout ended, for a person and for a program."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.rollout.state.not_taken_back import NotTakenBack

OutcomeKind = Literal["done", "nothing", "untouched", "rolled_back", "mixed", "inconclusive", "interrupted"]

EXITS: dict[OutcomeKind, Exit] = {
    "done": Exit.OK,
    "nothing": Exit.OK,
    "untouched": Exit.ERROR,
    "rolled_back": Exit.ROLLED_BACK,
    "mixed": Exit.LEFT_MIXED,
    "inconclusive": Exit.INCONCLUSIVE,
    "interrupted": Exit.INTERRUPTED,
}


@dataclass(frozen=True)
class Row:
    """One machine at the end.

    Attributes:
        machine: its id, "" when it was never created.
        fate: "new" (verified), "unchanged", "restored", "destroyed", "unverified" (changed and not proved), "failed".
        health: "healthy", "asleep", "unhealthy" or "unknown".
        latency_s: of its last answer, None when it was not asked.
        why: what is wrong, or in whose place it was made; "" when there is nothing to say.
    """

    region: str
    group: str
    machine: str
    release: int | None
    image: str
    state: str
    fate: str
    health: str
    latency_s: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Excerpt:
    """The last lines that were written where it failed.

    Attributes:
        source: who wrote them, e.g. "iad 148e21d7" or "flyctl".
    """

    source: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """How it ended.

    Attributes:
        what: one sentence.
        next: what to type next, "" when nothing is left to do.
        code: stable name of the reason, "" when it went well.
        exit: the process's exit status.
        excerpt: what the machine that failed, or flyctl, wrote last; None when nothing did or nothing is known of it.
        not_taken_back: what is not as it was though machines are; None when nothing was to go back.
        rollout: its id, "" where none was given out.
    """

    kind: OutcomeKind
    what: str
    rows: tuple[Row, ...] = ()
    next: str = ""
    code: str = ""
    seconds: float = 0.0
    exit: Exit = Exit.OK
    excerpt: Excerpt | None = None
    not_taken_back: NotTakenBack | None = None
    rollout: str = ""

    def as_fields(self) -> dict[str, Any]:
        """As the fields of the `rollout.finished` event."""
        plain: dict[str, Any] = {
            "rollout": self.rollout or None,
            "result": self.kind,
            "exit": int(self.exit),
            "code": self.code,
            "what": self.what,
            "next": self.next,
        }
        plain["log"] = asdict(self.excerpt) if self.excerpt else None
        plain["not_taken_back"] = self.not_taken_back.as_dict() if self.not_taken_back else None
        return plain | {"seconds": round(self.seconds, 3), "machines": [asdict(row) for row in self.rows]}
