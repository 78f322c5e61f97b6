"""Whether this process has been asked to stop."""

from __future__ import annotations


class Drain:
    """Set once, by a signal handler, so it is a plain flag: a lock could be held by the very thread it interrupts."""

    def __init__(self) -> None:
        """Not draining."""
        self.draining = False

    def begin(self) -> None:
        """From now on health answers 503, so that no new work is sent here; what is under way is finished."""
        self.draining = True
