"""When a holder counts as dead.

Clocks of two computers differ, so what a record says about its end decides nothing. A holder that lives moves its
record every few seconds; one whose record has not moved for `DEAD_AFTER` seconds of the watcher's own time is dead. But
the holder cannot write to a machine that somebody leases (flyctl does, for minutes): that time does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.rollout.state.lock_record import LockRecord

BEAT = 8.0
"""Seconds between two signs of life."""
SURE = 25.0
"""Seconds after its last sign of life during which a holder need not look whether it still holds the lock."""
DEAD_AFTER = 30.0
"""Seconds without a sign of life; more than SURE, so that nobody takes over from a holder that is still sure."""


@dataclass
class _Sight:
    beat: int
    since: float


class Patience:
    """Watches the holders of one app's lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sights: dict[str, _Sight] = {}

    def look(self, record: LockRecord, *, hindered: bool) -> None:
        """Take a look at a record into account.

        Args:
            hindered: whether its holder may have been unable to write since the look before.
        """
        now = self._clock.monotonic()
        sight = self._sights.get(record.id)
        if sight is None or sight.beat != record.beat or hindered:
            self._sights[record.id] = _Sight(record.beat, now)

    def dead(self, record: LockRecord) -> bool:
        """Whether its holder is dead, as far as was seen. A lock taken by hand simply ends when it says."""
        if record.how == "hand":
            return record.expired(self._clock.now())
        sight = self._sights.get(record.id)
        return sight is not None and sight.beat == record.beat and self._clock.monotonic() - sight.since >= DEAD_AFTER
