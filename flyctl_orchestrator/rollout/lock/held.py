"""A lock that is held: renewed, taken along when the platform loses its machine, and noticed when it is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.rollout.lock.leases import Leases
from flyctl_orchestrator.rollout.lock.machines import Found, LockMachines
from flyctl_orchestrator.rollout.lock.times import GIVE_UP, MOVE, RECENT, RENEW, SOON, SURE
from flyctl_orchestrator.rollout.state.lock_record import SETTLED, LockRecord

Tell = Callable[..., None]
"""Told what happens: an event's name and its fields."""
# Errors that speak of one machine's host, and not of the whole platform.
NO_ANSWER = ("server", "timeout", "unreadable")


@dataclass(frozen=True)
class Times:
    """A moment on both of a computer's clocks.

    Asleep, the monotonic one may stand still; the other one may be set. Either is reason to look.
    """

    monotonic: float
    wall: float

    @classmethod
    def of(cls, clock: Clock) -> Times:
        """Now."""
        return cls(clock.monotonic(), clock.now())

    def since(self, earlier: Times) -> float:
        """Seconds since an earlier moment, by the clock that says more."""
        return max(self.monotonic - earlier.monotonic, self.wall - earlier.wall)


class Held:
    """A lock that was taken. Safe for many threads.

    Args:
        home: the machine with the record.
        proved_at: before the look that has shown which lock machines count.
    """

    def __init__(
        self,
        machines: LockMachines,
        leases: Leases,
        home: str,
        clock: Clock,
        record: LockRecord,
        proved_at: Times,
        tell: Tell,
    ) -> None:
        self._machines = machines
        self._leases = leases
        self._home = home
        self._clock = clock
        self._record = record
        self._proved_at = proved_at
        self._tell = tell
        self._lock = threading.RLock()
        self._lost = ""
        self._released = False
        self._trouble: ApiError | None = None
        # Our lease had ended, and it is not known yet whether anybody has held the lock meanwhile.
        self._lapsed = False
        self._due = clock.monotonic() + RENEW

    @property
    def record(self) -> LockRecord:
        """What is written about us."""
        return self._record

    @property
    def sure(self) -> bool:
        """Whether the last renewal is so recent that nobody else can have the lock."""
        return not self._over and self._age < SURE

    @property
    def _age(self) -> float:
        return Times.of(self._clock).since(self._proved_at)

    @property
    def _over(self) -> bool:
        return self._released or bool(self._lost)

    def lost(self) -> str:
        """Why the lock is no longer ours, "" while it surely is. Waits as long as the platform cannot tell."""
        since = self._clock.monotonic()
        while not self._over and not self.sure:
            self.renew()
            if self._over or self.sure:
                break
            if self._clock.monotonic() - since >= GIVE_UP:
                what = self._trouble.what if self._trouble else "the platform does not answer"
                self._lose(f"the lock could not be renewed for {self._age:.0f} s ({what})")
                break
            self._clock.sleep(SOON)
        return self._lost

    def renew_if_due(self) -> None:
        """Renew it when it is time for that."""
        if self._clock.monotonic() >= self._due:
            self.renew()

    def renew(self) -> None:
        """Keep the leases, and see whether their machines still count. Troubles with the network are no loss."""
        with self._lock:
            if self._over:
                return
            began, proof = Times.of(self._clock), None
            try:
                proof = self._renewed(began)
                self._trouble = None
            except ApiError as error:
                self._trouble = error
            if proof is not None:
                self._proved_at = proof
            self._due = self._clock.monotonic() + (RENEW if proof is not None else SOON)

    def _renewed(self, began: Times) -> Times | None:
        """One renewal; gives the moment for which it has proved that the lock is ours, None when it has not."""
        seen, leases = self._seen_lately(began), dict(self._leases.nonces)
        gone, trouble = self._renew_leases()
        if self._lost:
            return None
        # No lease has ended since that list was asked for, and it shows no other machine that counts.
        if seen is not None and not gone and not trouble and not self._lapsed and leases == self._leases.nonces:
            return seen
        return began if self._looked(began, gone, trouble) else None

    def _seen_lately(self, now: Times) -> Times | None:
        """When a list was asked for that shows that ours are the machines that count; None without a recent one."""
        last = self._machines.last_seen()
        if last is None:
            return None
        found, listing = last
        at = Times(listing.monotonic, listing.wall)
        newer = at.monotonic > self._proved_at.monotonic and at.wall > self._proved_at.wall
        ours = {each.id for each in found.counting} == set(self._leases.nonces)
        return at if newer and ours and now.since(at) <= RECENT else None

    def _looked(self, began: Times, gone: set[str], trouble: Mapping[str, ApiError]) -> bool:
        """Look which lock machines count, and go along; says whether the lock is ours."""
        found = self._machines.find(hurry=True)
        ours = set(self._leases.nonces) - gone
        counting = [each.id for each in found.counting if each.id in ours]
        if not counting:
            # One that was renewed and is not listed is there all the same.
            return not (ours - found.ids) and self._go_along(found)
        silent = {id: error for id, error in trouble.items() if id in counting}
        if silent:
            return self._move_away(found, silent)
        self._leases.forget(set(self._leases.nonces) - set(counting))
        if self._home not in counting and not self._settle_on(counting[0], began):
            return False
        return self._first_of(found, counting[0])

    def _renew_leases(self) -> tuple[set[str], dict[str, ApiError]]:
        """Renew each; gives the machines that are ours no more, and the trouble with those that do not answer."""
        gone: set[str] = set()
        trouble: dict[str, ApiError] = {}
        for id in list(self._leases.nonces):
            asked = Times.of(self._clock)
            try:
                whole = self._leases.renew(id)
                if id == self._home:
                    self._lapsed = self._lapsed or not whole
                    if self._lapsed and not self._still_ours(asked):
                        break
                elif not whole:
                    # Only what is written at home tells whether anybody had it meanwhile.
                    gone.add(id)
                    self._leases.drop(id)
            except ApiError as error:
                if error.kind == "conflict":
                    self._lose_to(self._leases.holder_on(id))
                    break
                if error.kind == "not_found":
                    gone.add(id)
                elif error.kind in NO_ANSWER:
                    trouble[id] = error
                else:
                    raise
        return gone, trouble

    def _still_ours(self, leased: Times) -> bool:
        """Whether nobody has held the lock while our lease had ended: a holder would have written that down."""
        found = self._leases.holder_on(self._home)
        if found is None or found.id != self._record.id:
            self._lose_to(found)
            return False
        self._lapsed = not self._settle_on(self._home, leased)
        return not self._lapsed

    def _first_of(self, found: Found, ours: str) -> bool:
        """Whether no earlier lock machine has a holder, too. There is none unless the list was late to tell of it."""
        for each in found.counting:
            if each.id < ours and each.record is not None and self._leases.kept_by(each.record, each.id):
                self._lose_to(each.record)
                return False
        return True

    # --- when its machine does not count any more, or does not answer

    def _go_along(self, found: Found) -> bool:
        """None of ours counts: go over to those that count instead, as long as nobody else can hold them yet."""
        former = set(self._leases.nonces)
        replacements = [each for each in found.counting if each.instead_of & former]
        if replacements and self._age < MOVE:
            return self._move_to(found)
        if not replacements:
            self._lose("the lock machine was destroyed")
        elif replacements[0].record is not None:
            self._lose_to(replacements[0].record)
        else:
            self._lose("the lock machine did not answer for too long")
        return False

    def _move_away(self, found: Found, silent: Mapping[str, ApiError]) -> bool:
        """Ours counts, but does not answer: have another one count instead of it, unless it may answer next time."""
        error = next(iter(silent.values()))
        first_time = self._trouble is None and found.usable
        if first_time or self._age >= MOVE:
            raise error
        whole = self._machines.find(with_fleet=True, hurry=True).silent(silent)
        if not self._machines.make(whole, None, self._record.id[:6]):
            raise error
        return self._move_to(self._machines.find(hurry=True))

    def _move_to(self, found: Found) -> bool:
        former = set(self._leases.nonces) - {each.id for each in found.counting}
        began = Times.of(self._clock)
        for each in found.counting:
            if each.id in self._leases.nonces:
                continue
            try:
                self._leases.take(each.id, hurry=True)
            except ApiError as error:
                if error.kind != "conflict":
                    raise
                self._lose_to(self._leases.holder_on(each.id))
                return False
            if self._age >= MOVE:
                self._lose("the lock machine did not answer, and making another one took too long")
                return False
        self._leases.forget(former)
        if not self._settle_on(found.counting[0].id, began):
            return False
        for each in found.counting:
            if not each.settled:
                self._leases.write(each.id, SETTLED, "1")
        return True

    def _settle_on(self, machine_id: str, leased: Times) -> bool:
        """Write our record there, about the lease as it is now; says whether that was in time.

        What is written later than that may stand where another holder's record stood.

        Args:
            leased: before the lease was taken or renewed.
        """
        self._home = machine_id
        self._record = replace(self._record, lease=self._leases.digest(machine_id))
        trouble: ApiError | None = None
        try:
            self._leases.write_holder(machine_id, self._record)
        except ApiError as error:
            trouble = error
        if Times.of(self._clock).since(leased) >= SURE:
            self._lose("writing the holder of the lock on the lock machine took too long")
            return False
        if trouble is not None:
            raise trouble
        return True

    # --- the end

    def _lose_to(self, other: LockRecord | None) -> None:
        if other is None:
            self._lose("the lock was released elsewhere")
        elif other.id == self._record.id:
            self._lose("the lock's lease was taken anew, and nothing says by whom")
        else:
            self._lose(f"the lock was taken over by {other.who}", other.who)

    def _lose(self, why: str, who: str | None = None) -> None:
        with self._lock:
            if self._over:
                return
            self._lost = why
            # One that has just been taken anew, before it was known that the lock is lost.
            self._leases.give_back()
            self._tell("lock.lost", who=who, what=why)

    def release(self) -> None:
        """Give it back. What cannot be given back now ends by itself."""
        with self._lock:
            if not self._over and not self.sure:
                self.renew()  # what is written may be somebody else's by now
            if self._over:
                return
            if self.sure:
                self._leases.erase_holder(self._home)
            self._released = True
            self._leases.give_back()

    def leave(self) -> None:
        """A person holds it from here on: no lease keeps it, only what is written."""
        with self._lock:
            self._released = True
            self._leases.give_back()
