"""Taking the lock: the lease of every lock machine that counts, or the reason why not.

Lock machines are looked for first and leased afterwards, and whoever makes one looks again before leasing it. So of two
that hold different machines one would have made its own after the other had looked, and found the other's. Two that
begin at the same moment meet at the lowest id, where one of them is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.held import NO_ANSWER, Held, Tell, Times
from flyctl_orchestrator.rollout.lock.leases import Leases
from flyctl_orchestrator.rollout.lock.locked import Locked, busy, nowhere
from flyctl_orchestrator.rollout.lock.machines import Found, LockMachines
from flyctl_orchestrator.rollout.lock.times import BUSY, LEASE, LISTED, POLL, SETTLE, SURE
from flyctl_orchestrator.rollout.state.lock_record import SETTLED, LockMachine, LockRecord, lease_digest


class _Again(Exception):
    """What was found is no reason to wait: look again at once."""


class _Taken(Exception):
    """A lock machine's lease is somebody else's; `record` says whose, None when nothing tells."""

    def __init__(self, record: LockRecord | None, now: float, refusal: ApiError) -> None:
        super().__init__()
        self.record = record
        self.now = now
        self.refusal = refusal


@dataclass
class Locker:
    """Takes one app's lock for one command.

    Attributes:
        computer: the lock between processes of this computer.
        regions: where a lock machine is made when there is none.
        tell: told "lock.waiting" with the holder, once for each, and "lock.taken".
    """

    api: MachinesApi
    app: str
    clock: Clock
    computer: ComputerLock
    regions: Sequence[str] = ()
    tell: Tell = lambda name, **fields: None
    _told: set[str] = field(default_factory=set)
    _seen: dict[str, float] = field(default_factory=dict)
    _silent: set[str] = field(default_factory=set)
    _made_until: float = float("-inf")
    _nothing: Found | None = None

    # --- on this computer

    def take_here(self, record: LockRecord, until: float) -> None:
        """Take the computer's lock.

        Args:
            until: how long another command is waited for, in seconds of the monotonic clock.

        Raises:
            Locked: another command of this computer has it.
        """
        while (holder := self.computer.take(record)) is not None:
            if self.clock.monotonic() >= until:
                raise Locked(self.app, holder, self.clock.now(), here=True)
            self._say_waiting(holder, until)
            self.clock.sleep(POLL)

    # --- on the platform

    def take_there(
        self,
        record: LockRecord,
        until: float,
        image: str | None = None,
        *,
        lasts: float | None = None,
        must: bool = True,
    ) -> Held | None:
        """Take the app's lock; the computer's is held already.

        Args:
            until: as for `take_here`; one taken by hand is never waited for.
            image: to make a lock machine from if the app has none and no machine with an image that will do.
            lasts: seconds after which a lock taken by hand ends by itself; None: never.
            must: False to get None when there is nothing yet to make a lock machine from.

        Raises:
            Locked: somebody else has it.
            FlyoError: no lock machine can be made (code lock.nowhere), or another program uses it (lock.busy).
            ApiError: the platform refused or could not be reached.
        """
        busy_until = max(until, self.clock.monotonic() + BUSY)
        while True:
            began = Times.of(self.clock)
            # One that has come up since the first look is found after another was made: whoever makes one looks again.
            found, self._nothing = self._nothing or self._look(), None
            if not found.usable:
                if not self._make(found, image, record, must):
                    self._nothing = found
                    return None
                continue
            # One that ends by itself is judged under a lease, by the platform's clock.
            self._refuse_by_hand([each.record for each in found.counting if each.record and not each.record.expires])
            if self._settling(found):
                self.clock.sleep(POLL)
            else:
                try:
                    return self._hold(record, found, began, lasts)
                except _Again:
                    continue
                except _Taken as taken:
                    self._wait(taken, until, busy_until)

    def _look(self) -> Found:
        return self._machines.find(with_fleet=True).silent(self._silent)

    @property
    def _machines(self) -> LockMachines:
        return LockMachines(self.api, self.app, self.regions)

    def _make(self, found: Found, image: str | None, record: LockRecord, must: bool) -> bool:
        """Make a lock machine; says whether to look again."""
        if self.clock.monotonic() < self._made_until:
            self.clock.sleep(1.0)  # it was made, and is not in the list yet
            return True
        if found.counting:
            away = ", ".join(f"{each.id} in {each.region}" for each in found.counting if not each.reachable)
            line = f"the lock machine ({away}) does not answer: another one replaces it"
            self.tell("note", line=f"{line} in {SETTLE:.0f} s, so that a rollout with the lock there can notice")
        try:
            made = self._machines.make(found, image, record.id[:6])
        except ApiError as error:
            if must or error.kind not in ("invalid", "not_found"):
                raise
            return False  # an image that is gone from the registry; the next one to be built is not
        if not made and must:
            raise nowhere(self.app)
        if made:
            self._made_until = self.clock.monotonic() + LISTED
        return made

    def _settling(self, found: Found) -> bool:
        """Whether a holder may still be about that has not seen that another machine counts now."""
        now = self.clock.monotonic()
        unsettled = [each.id for each in found.counting if not each.settled]
        return any(now - self._seen.setdefault(id, now) < SETTLE for id in unsettled)

    def _refuse_by_hand(self, records: Iterable[LockRecord | None], now: float | None = None) -> None:
        for record in records:
            if record is not None and record.lasts(now or 0.0):
                raise Locked(self.app, record, now or self.api.platform_time())

    def _hold(self, record: LockRecord, found: Found, began: Times, lasts: float | None) -> Held:
        leases = Leases(self.api, self.app, record.id, self.computer)
        try:
            now = max(self._lease(each, leases) for each in found.counting)
            self._refuse_by_hand([leases.holder_on(each.id) for each in found.counting], now)
            home = found.counting[0].id
            record = replace(record, since=now, lease="" if record.by_hand else leases.digest(home))
            record = replace(record, expires=None if lasts is None else now + lasts)
            leases.write_holder(home, record)
            if Times.of(self.clock).since(began) >= SURE:
                # The lease may have ended before that was written, and another holder's record stood there.
                leases.erase_holder(home)
                raise _Again
            for each in found.counting:
                if not each.settled:
                    leases.write(each.id, SETTLED, "1")
            self.computer.forget_last_run()
            leases.forget(self._machines.tidy(found, leases.nonces))
            self.tell("lock.taken", **replace(record, expires=record.expires or now + LEASE).as_dict())
            return Held(self._machines, leases, home, self.clock, record, began, self.tell)
        except BaseException:
            leases.give_back()
            raise

    def _lease(self, machine: LockMachine, leases: Leases) -> float:
        """Lease one lock machine; gives the platform's time."""
        try:
            return leases.take(machine.id).expires_at - LEASE
        except ApiError as error:
            if error.kind == "not_found":
                raise _Again from error
            if error.kind in NO_ANSWER:
                self._silent.add(machine.id)
                raise _Again from error
            if error.kind != "conflict":
                raise
            raise self._taken(machine, leases, error) from error

    def _taken(self, machine: LockMachine, leases: Leases, refusal: ApiError) -> Exception:
        lease = self.api.find_lease(self.app, machine.id)
        if lease is None:
            return _Again()
        if self.computer.last_run.held(lease):
            # It has ended: it held the computer's lock, which is ours now.
            self.api.release_lease(self.app, machine.id, lease.nonce)
            return _Again()
        holder = leases.holder_on(machine.id)
        known = holder is not None and holder.lease == lease_digest(lease.nonce)
        return _Taken(holder if known else None, lease.expires_at - LEASE, refusal)

    def _wait(self, taken: _Taken, until: float, busy_until: float) -> None:
        """Wait for a little while, or give up."""
        now = self.clock.monotonic()
        if taken.record is not None and now >= until:
            raise Locked(self.app, taken.record, taken.now)
        if taken.record is None and now >= busy_until:
            raise busy(self.app, taken.refusal) from taken.refusal
        if taken.record is not None:
            self._say_waiting(taken.record, until)
        self.clock.sleep(POLL)

    def _say_waiting(self, holder: LockRecord, until: float) -> None:
        if holder.id not in self._told:
            self._told.add(holder.id)
            self.tell("lock.waiting", **holder.as_dict(), seconds=round(until - self.clock.monotonic(), 3))
