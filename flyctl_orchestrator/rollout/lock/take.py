"""Taking the lock, or saying who has it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.held import Held, Tell, carriers_among
from flyctl_orchestrator.rollout.lock.patience import DEAD_AFTER, Patience
from flyctl_orchestrator.rollout.state.lock_record import LockRecord, Sighting, records_on
from flyctl_orchestrator.rollout.state.observe import Fleet

POLL = 2.0
"""Seconds between two looks at a lock that is waited for; the platform allows one list per second."""
BUSY = 20.0
"""Seconds for somebody else's lease to end: longer than what a killed flyctl leaves behind (13 s)."""
LEASE = 15
"""Seconds; given back after three calls."""


class Locked(FlyoError):
    """Somebody else holds the lock; `record` says who."""

    def __init__(self, app: str, record: LockRecord, now: float) -> None:
        by_hand = record.how == "hand"
        since = f" since {_moment(record.since)} ({_ago(now - record.since)} ago)" if record.since else ""
        advice = (
            "It was taken by hand, and is not waited for: 'flyo lock release' gives it back"
            if by_hand
            else "Wait for it with --lock-wait 5m, or end it with 'flyo lock release --force'"
        )
        super().__init__(
            f"locked by {record.who}{since}: {record.why}",
            where=f"app {app}",
            next=advice,
            code="lock.by_hand" if by_hand else "lock.held",
            exit=Exit.LOCKED,
        )
        self.record = record


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _ago(seconds: float) -> str:
    minutes = max(0, int(seconds)) // 60
    if not minutes:
        return f"{max(0, int(seconds))} s"
    return f"{minutes} m" if minutes < 120 else f"{minutes // 60} h"


@dataclass
class Locker:
    """Takes one app's lock.

    Attributes:
        observe: reads the fleet.
        computer: the lock between processes of this computer.
        tell: told "lock.waiting" with the holder, once for each.
    """

    api: MachinesApi
    app: str
    clock: Clock
    observe: Callable[[], Fleet]
    computer: ComputerLock
    tell: Tell = lambda name, **fields: None
    _told: set[str] = field(default_factory=set)

    def take(self, record: LockRecord, fleet: Fleet, *, wait: float = 0.0) -> tuple[Held, Fleet]:
        """Take the lock. Give what is read next to `confirm` before anything is changed.

        Args:
            fleet: a reading, however old; read anew when there is something to wait for.
            wait: seconds to wait for another rollout. One that seems dead is waited for in any case, one taken by
                hand never.

        Returns: the lock, and the reading it was taken on, which is a newer one if there was a wait.

        Raises:
            Locked: somebody else has it.
            ApiError: the platform refused or could not be reached.
        """
        until = self.clock.monotonic() + wait
        waited = self._take_here(record, until)
        try:
            return self._take_there(record, self.observe() if waited else fleet, until)
        except BaseException:
            self.computer.release()
            raise

    def confirm(self, held: Held, fleet: Fleet | None = None) -> None:
        """Make sure that nobody took it at the same moment, by a reading made after `take`; made here for None.

        Raises:
            Locked: somebody did; it is given back.
        """
        fleet = fleet or self.observe()
        if rivals := held.rivals(each.record for each in fleet.locks):
            held.release()
            raise Locked(self.app, rivals[0], self.clock.now())
        held.bury()

    def settle(self, held: Held, fleet: Fleet | None = None, *, until: float = 0.0) -> tuple[Held, Fleet | None]:
        """Confirm a lock. When somebody took it at the same moment both have stepped back, and here it is tried again.

        Args:
            fleet: a reading made after `take`.
            until: when to give up, in seconds of the monotonic clock; tried once in any case.

        Returns: the lock, which is another one after another try, and the reading that confirmed it.

        Raises:
            Locked: somebody else has it.
        """
        while True:
            try:
                self.confirm(held, fleet)
                return held, fleet
            except Locked:
                left = until - self.clock.monotonic()
                if left <= 0:
                    raise
                held, _ = self.take(held.record, self.observe(), wait=left)
                fleet = self.observe()

    # --- on this computer

    def _take_here(self, record: LockRecord, until: float) -> bool:
        """Take the computer's lock; says whether there was a wait."""
        waited = False
        while (holder := self.computer.take(record)) is not None:
            self._wait(holder, until)
            waited = True
        return waited

    def _wait(self, holder: LockRecord, until: float, *, silent: bool = False) -> None:
        if self.clock.monotonic() >= until:
            raise Locked(self.app, holder, self.clock.now())
        if holder.id not in self._told:
            self._told.add(holder.id)
            left = until - self.clock.monotonic()
            self.tell("lock.waiting", **holder.as_dict(), silent=silent, seconds=round(left, 3))
        self.clock.sleep(POLL)

    # --- on the platform

    def _take_there(self, record: LockRecord, fleet: Fleet, until: float) -> tuple[Held, Fleet]:
        patience = Patience(self.clock)
        seems_dead = self.clock.monotonic() + DEAD_AFTER + 3 * POLL
        busy = max(until, self.clock.monotonic() + BUSY)
        while True:
            living = self._living(fleet, patience)
            if by_hand := [each for each in living if each.how == "hand"]:
                raise Locked(self.app, by_hand[0], self.clock.now())
            if living:
                silent = all(each.expired(self.clock.now()) for each in living)
                self._wait(living[0], max(until, seems_dead) if silent else until, silent=silent)
            else:
                try:
                    held = self._claim(record, fleet)
                    self.tell("lock.taken", **held.record.as_dict())
                    return held, fleet
                except _Busy as refusal:
                    if self.clock.monotonic() >= busy:
                        raise refusal.error from refusal
                    if "" not in self._told:
                        self._told.add("")
                        self.tell("note", line=f"waiting for the lock: {refusal.error.what}")
                    self.clock.sleep(POLL)
            fleet = self.observe()

    def _living(self, fleet: Fleet, patience: Patience) -> list[LockRecord]:
        living = []
        for each in fleet.locks:
            if each.record.id == self.computer.left_behind:
                continue
            if each.record.expired(self.clock.now()) and each.record.how == "rollout":
                patience.look(each.record, hindered=self._hindered(each))
            else:
                patience.look(each.record, hindered=False)
            if not patience.dead(each.record):
                living.append(each.record)
        return living

    def _hindered(self, seen: Sighting) -> bool:
        """Whether every machine that carries a record is leased, so that its holder cannot write."""
        return all(self._leased(id) for id in seen.machines)

    def _leased(self, machine_id: str) -> bool:
        try:
            return self.api.find_lease(self.app, machine_id) is not None
        except ApiError:
            return True

    def _claim(self, record: LockRecord, fleet: Fleet) -> Held:
        """Write our record, under a lease on the machine where everybody begins.

        Every holder in `fleet` is dead. The lease settles who is first among those who begin on the same machine; that
        no two begin on different ones unnoticed is what `confirm` is for.
        """
        record = replace(record, since=self.clock.now())
        if record.how == "rollout":
            record = replace(record, expires=self.clock.now() + DEAD_AFTER)
        carriers = [machine.id for machine in carriers_among(fleet.machines)]
        let_go = self.computer.release
        held = Held(self.api, self.app, self.clock, record, dead=fleet.locks, tell=self.tell, let_go=let_go)
        if carriers:
            try:
                self._write_all(held, carriers)
            except BaseException as error:
                held.withdraw()
                if isinstance(error, ApiError) and error.kind in ("conflict", "not_found", "precondition"):
                    raise _Busy(self._occupied(error)) from error
                raise
        return held

    def _write_all(self, held: Held, carriers: list[str]) -> None:
        first, *others = carriers
        lease = self.api.acquire_lease(self.app, first, LEASE, f"flyo lock {held.record.id}")
        try:
            if rivals := held.rivals(records_on(self.api.get_metadata(self.app, first))):
                raise _Busy(Locked(self.app, rivals[0], self.clock.now()))
            held.claim(first, lease.nonce)
        finally:
            try:
                self.api.release_lease(self.app, first, lease.nonce)
            except ApiError:
                pass  # it ends by itself, and soon
        held.spread(others)

    def _occupied(self, error: ApiError) -> FlyoError:
        return FlyoError(
            f"somebody else is changing a machine, so the lock cannot be taken ({error.what})",
            where=f"app {self.app}",
            next="Try again when they are done; 'flyctl machine lease view' tells who",
            code="lock.busy",
            exit=Exit.LOCKED,
        )


class _Busy(Exception):
    """Not now; `error` says why, for when there is no time left."""

    def __init__(self, error: FlyoError) -> None:
        super().__init__(str(error))
        self.error = error
