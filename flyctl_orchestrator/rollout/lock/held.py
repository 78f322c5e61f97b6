"""A lock that is held: kept alive, moved when machines come and go, and noticed when it is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.rollout.lock.patience import BEAT, DEAD_AFTER, SURE
from flyctl_orchestrator.rollout.state.lock_record import LockRecord, Sighting, records_on, sightings

CARRIERS = 3
"""Machines that carry the record: one would be gone with its host, all would cost a call each."""
# Seconds after a beat that somebody's lease was in the way of, or the network.
SOON = 2.0
# Seconds between two looks for a first machine to keep the lock on; the rollout needs the list more often itself.
FIRST = 5.0
TRIES = 3

Tell = Callable[..., None]
"""Told what happens: an event's name and its fields."""


def carriers_among(machines: Iterable[Machine]) -> list[Machine]:
    """The machines that carry the lock: those with the lowest ids, whoever asks. The first is where it is taken."""
    fit = [machine for machine in machines if machine.managed and not machine.gone and machine.host_status == "ok"]
    return sorted(fit, key=lambda machine: machine.id)[:CARRIERS]


class Held:
    """A lock that was taken. Safe for many threads.

    It starts without a machine that carries it; `claim` and `spread` give it some, if the app has any.

    Args:
        dead: the holders that it is taken over from.
        let_go: called when it is given back (or lost), after the platform's part.
    """

    def __init__(
        self,
        api: MachinesApi,
        app: str,
        clock: Clock,
        record: LockRecord,
        *,
        dead: Sequence[Sighting] = (),
        tell: Tell = lambda name, **fields: None,
        let_go: Callable[[], None] = lambda: None,
    ) -> None:
        self._api = api
        self._app = app
        self._clock = clock
        self._record = record
        self._carriers: list[str] = []
        self._short = False
        self._dead = {each.record.id: each for each in dead}
        self._tell = tell
        self._let_go = let_go
        self._lock = threading.RLock()
        self._left: set[str] = set()
        # Machines that were to be destroyed and carried it: those that stay after all must not go on saying so.
        self._former: list[str] = []
        self._lost = ""
        self._released = False
        # Before the first call that said so: nobody can think us dead earlier than we do ourselves.
        self._alive_at = self._times()
        self._due = clock.monotonic() + FIRST

    @property
    def record(self) -> LockRecord:
        """What is written about us."""
        return self._record

    # --- the beginning

    def claim(self, machine_id: str, nonce: str) -> None:
        """Write the record where everybody writes theirs first, under that machine's lease."""
        self._carriers.append(machine_id)
        self._api.set_metadata(self._app, machine_id, self._record.key, self._record.as_value(), nonce)

    def spread(self, machine_ids: Iterable[str]) -> None:
        """Write it on others, too, as far as they can be reached."""
        written, _ = self._write(self._record, machine_ids)
        self._carriers += written
        self._due = self._clock.monotonic() + BEAT

    def withdraw(self) -> None:
        """Take back what was written; the lock was not got."""
        self._erase(self._record.key, self._carriers)
        self._carriers.clear()

    def rivals(self, records: Iterable[LockRecord]) -> list[LockRecord]:
        """Those of the holders that are somebody else, and alive."""
        known = {id: each.record.beat for id, each in self._dead.items()}
        return [each for each in records if each.id != self._record.id and known.get(each.id) != each.beat]

    def bury(self) -> None:
        """Clear away what dead holders have left."""
        for each in self._dead.values():
            self._erase(each.record.key, each.machines)

    # --- while it is held

    def lost(self) -> str:
        """Why the lock is no longer ours, "" while it is."""
        if not self._lost and not self.sure:
            self.beat()
        return self._lost

    @property
    def known_lost(self) -> bool:
        """Whether it has been found lost already."""
        return bool(self._lost)

    def tags(self, machine_id: str) -> Mapping[str, str]:
        """The record, if this machine carries it."""
        record = self._record
        held = machine_id in self._carriers and not self._lost
        return {record.key: record.as_value()} if held else {}

    def leaving(self, *machine_ids: str) -> None:
        """Have other machines carry it before these are destroyed."""
        with self._lock:
            self._left.update(machine_ids)
            carrying = [id for id in machine_ids if id in self._carriers]
            if not carrying or self._over:
                return
            for id in carrying:
                self._drop(id)
            self._former += carrying
            try:
                self._move(self._stamped())
            except ApiError:
                self._due = self._clock.monotonic() + SOON

    def beat_if_due(self) -> None:
        """Show a sign of life when it is time for one."""
        if self._clock.monotonic() >= self._due:
            self.beat()

    def beat(self) -> None:
        """Show a sign of life, and see whether the lock is still ours. Troubles with the network are no loss."""
        with self._lock:
            if self._over:
                return
            began, sure = self._times(), self.sure
            try:
                good = self._beat(sure)
            except ApiError:
                good = False
            if good:
                self._alive_at = began
            pause = SOON if not good else BEAT if self._carriers else FIRST
            self._due = self._clock.monotonic() + pause

    def _beat(self, sure: bool) -> bool:
        found = self._read()
        missing = [id for id, metadata in found.items() if self._record.key not in metadata]
        rivals = self.rivals(record for metadata in found.values() for record in records_on(metadata))
        if missing or (rivals and not sure):
            self._lose(rivals)
            return False
        record = self._stamped()
        written, refused = self._write(record, list(found))
        if self._short or not self._carriers:
            return self._move(record)
        if not sure:
            # We were silent for so long that somebody may have taken over while we wrote.
            return bool(written) and self._still_alone()
        # A lease on every machine keeps others from taking the lock as well.
        return bool(written) or (bool(found) and len(refused) == len(found))

    def _read(self) -> dict[str, dict[str, str]]:
        """The metadata of the carriers that can be read; one that is gone is none any more."""
        found: dict[str, dict[str, str]] = {}
        for id in list(self._carriers):
            try:
                found[id] = self._api.get_metadata(self._app, id)
            except ApiError as error:
                if error.kind == "network":
                    raise  # it will not be better with the next one, and each waits for long
                if error.kind == "not_found":
                    self._drop(id)
        return found

    def _drop(self, machine_id: str) -> None:
        self._carriers.remove(machine_id)
        self._left.add(machine_id)
        self._short = True

    def _write(self, record: LockRecord, ids: Iterable[str]) -> tuple[list[str], list[str]]:
        """Write a record; gives the machines where it was written, and those that somebody leases."""
        written, refused = [], []
        for id in ids:
            try:
                self._api.set_metadata(self._app, id, record.key, record.as_value())
                written.append(id)
            except ApiError as error:
                if error.kind == "network":
                    break
                if error.kind == "conflict":
                    refused.append(id)
                if error.kind == "not_found" and id in self._carriers:
                    self._drop(id)
        if written:
            self._record = record
        return written, refused

    def _move(self, record: LockRecord) -> bool:
        """Have as many machines carry it as should."""
        machines = [each for each in self._api.list_machines(self._app) if each.id not in self._left]
        wanted = [each.id for each in carriers_among(machines)]
        ids = list(dict.fromkeys([*self._carriers, *wanted]))[:CARRIERS]
        written, _ = self._write(record, ids)
        self._carriers = [id for id in ids if id in written or id in self._carriers]
        self._short = bool(ids) and not written
        return not ids or (bool(written) and self._still_alone())

    def _still_alone(self) -> bool:
        rivals = self.rivals(each.record for each in sightings(self._api.list_machines(self._app)))
        if rivals:
            self._lose(rivals)
        return not rivals

    def _stamped(self) -> LockRecord:
        expires = None if self._record.expires is None else self._clock.now() + DEAD_AFTER
        return replace(self._record, expires=expires, beat=self._record.beat + 1)

    def _lose(self, rivals: Sequence[LockRecord]) -> None:
        by = f"taken over by {rivals[0].who}" if rivals else "released by somebody"
        self._lost = f"the lock was {by}"
        self._erase(self._record.key, self._carriers)
        self._tell("lock.lost", who=rivals[0].who if rivals else None, what=self._lost)

    @property
    def _over(self) -> bool:
        return self._released or bool(self._lost)

    @property
    def sure(self) -> bool:
        """Whether the last sign of life is so recent that nobody can have taken over."""
        # Asleep, a computer's monotonic clock may stand still; its wall clock may be set. Either is reason to look.
        return all(now - then < SURE for now, then in zip(self._times(), self._alive_at, strict=True))

    def _times(self) -> tuple[float, float]:
        return self._clock.monotonic(), self._clock.now()

    # --- the end

    def release(self) -> None:
        """Give it back. What cannot be erased now dies by itself."""
        with self._lock:
            if not self._released:
                self._released = True
                self._erase(self._record.key, [*self._carriers, *self._former])
                self._let_go()

    def _erase(self, key: str, ids: Iterable[str]) -> None:
        for id in ids:
            if not self._erased(key, id):
                return

    def _erased(self, key: str, machine_id: str) -> bool:
        """Erase one; says whether it makes sense to go on with others."""
        for _ in range(TRIES):
            try:
                self._api.delete_metadata(self._app, machine_id, key)
                return True
            except ApiError as error:
                if error.kind != "conflict":
                    return error.kind != "network"
                self._clock.sleep(1.0)
        return True
