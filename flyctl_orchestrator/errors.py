"""Errors meant for a person: where, what, and what to do next, with a stable code and an exit status."""

from __future__ import annotations

from flyctl_orchestrator.exits import Exit

RECOVER = "'flyo deploy --resume' finishes it, 'flyo deploy --abort' puts everything back"


class FlyoError(Exception):
    """An expected failure, shown as one line (and never as a traceback).

    Args:
        what: what is wrong, in one sentence without a final stop. Must never hold a secret's value.
        where: the file, flag, app, region or machine it is about, or "" when there is no better place.
        next: what to type or change next, or "" when nothing can be advised.
        code: stable, dotted, lower-case name that scripts may match, e.g. ``config.unknown_region``.
        exit: the documented exit status this error ends the process with.
    """

    def __init__(self, what: str, *, code: str, where: str = "", next: str = "", exit: Exit = Exit.ERROR) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next = next
        self.code = code
        self.exit = exit

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        stop = "" if self.what.endswith(("?", "!", ".")) else "."
        advice = f"{stop} {self.next}" if self.next else ""
        return f"{place}{self.what}{advice}"


class UsageError(FlyoError):
    """Bad flags or bad input files: nothing was asked of Fly."""

    def __init__(self, what: str, *, where: str = "", next: str = "", code: str = "usage") -> None:
        super().__init__(what, where=where, next=next, code=code, exit=Exit.USAGE)


class UnreachableError(FlyoError):
    """Fly, flyctl or the local platform is missing, does not answer, or refuses the token."""

    def __init__(self, what: str, *, code: str, where: str = "", next: str = "") -> None:
        super().__init__(what, where=where, next=next, code=code, exit=Exit.UNREACHABLE)


class Declined(FlyoError):
    """A person answered no to a question without which nothing is done."""

    def __init__(self) -> None:
        super().__init__("not confirmed; nothing was changed", code="declined", exit=Exit.INTERRUPTED)


class Defect(FlyoError):
    """A mistake in flyo itself: something happened that none of its code is made for.

    Args:
        cause: what happened.
        half_way: whether a rollout had begun to change machines, so that a person has to look.
    """

    def __init__(self, cause: Exception, *, half_way: bool = False) -> None:
        kind, trace = type(cause).__name__, "FLYO_TRACEBACK=1 shows where the defect is, for a bug report"
        if half_way:
            what, next_ = f"a defect in flyo stopped the rollout half-way ({kind})", f"{RECOVER}; {trace}"
        else:
            what, next_ = f"a defect in flyo ({kind}); no machine was changed", f"Run it again; {trace}"
        super().__init__(what, next=next_, code="defect", exit=Exit.INCONCLUSIVE if half_way else Exit.ERROR)
        self.cause = cause
