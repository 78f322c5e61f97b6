"""The exit statuses of `flyo`: one place, documented in docs/reference/exit-statuses.md."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process tells the shell. Scripts may rely on every one of these numbers."""

    OK = 0
    ERROR = 1
    """Something failed that no other status names; nothing was changed on the fleet."""
    USAGE = 2
    """Bad flags or bad input files; nothing was asked of Fly."""
    ROLLED_BACK = 3
    """The rollout failed and every touched machine is back as it was, verified."""
    LEFT_MIXED = 4
    """The rollout failed and some machine is neither new and verified nor as it was."""
    INCONCLUSIVE = 5
    """No verdict could be reached (no data); the rollout stopped and asks for a person."""
    LOCKED = 6
    """Another rollout holds the app's lock."""
    CHANGES = 7
    """With --detailed-exit-code: there are changes to make, or the fleet has drifted. Else: a plan is stale, or
    machines would be made smaller or lose their volumes and nobody confirmed it."""
    UNREACHABLE = 8
    """Fly, flyctl or the local platform is missing, unreachable, refuses the token, or answers what cannot be read."""
    INTERRUPTED = 130
    """Ctrl-C; what was done has been put back, and the report says so."""
