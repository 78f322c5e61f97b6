"""The faults that are set now. Whoever can misbehave asks here whether it should."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

from flyctl_orchestrator.local.base.clock import Clock, Timer
from flyctl_orchestrator.local.base.errors import not_found
from flyctl_orchestrator.local.core.fault import Fault, Place
from flyctl_orchestrator.local.core.model import Machine

Watcher = Callable[[Fault], None]


class FaultBoard:
    """Faults in the order in which they were set. They live as long as the daemon.

    Args:
        clock: ends those that are set for a time.
        random: decides those left to chance; untouched by the others.
    """

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._faults: dict[str, Fault] = {}
        self._timers: dict[str, Timer] = {}
        self._made = 0
        #: Called when a fault begins, and when it has ended.
        self.begun: list[Watcher] = []
        self.ended: list[Watcher] = []

    def __bool__(self) -> bool:
        return bool(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._faults.values()))

    def new_id(self) -> str:
        """The next fault's id."""
        self._made += 1
        return f"f{self._made}"

    def add(self, fault: Fault) -> Fault:
        """Set a fault: it begins now."""
        self._faults[fault.id] = fault
        if fault.until is not None:
            wait = fault.until - self._clock.now()
            self._timers[fault.id] = self._clock.call_later(wait, partial(self._end, fault))
        for watcher in self.begun:
            watcher(fault)
        return fault

    def remove(self, fault_id: str) -> Fault:
        """Clear a fault. Raises PlatformError 404."""
        fault = self._faults.get(fault_id)
        if fault is None:
            raise not_found(f"no fault {fault_id!r} is set")
        self._end(fault)
        return fault

    def clear(self) -> list[Fault]:
        """Clear all of them."""
        cleared = list(self)
        for fault in cleared:
            self._end(fault)
        return cleared

    def shown(self) -> list[dict[str, Any]]:
        """All of them, as the management API shows them."""
        return [fault.shown(self._clock.now()) for fault in self]

    def holds(self, name: str, place: Place) -> Fault | None:
        """The fault of this name that lasts at a place now, None when there is none."""
        return next((fault for fault in self._faults.values() if fault.name == name and fault.reaches(place)), None)

    def strikes(self, name: str, place: Place, wanted: Callable[[Fault], bool] = lambda fault: True) -> Fault | None:
        """The fault of this name that strikes at a place this once, None when none does.

        Args:
            wanted: whether a fault is about this very occasion, for what its settings say.
        """
        for fault in self:
            if fault.name != name or not fault.reaches(place) or not wanted(fault):
                continue
            if fault.likelihood < 1.0 and self._random.random() >= fault.likelihood:
                continue
            fault.strikes += 1
            if fault.left is not None:
                fault.left -= 1
                if fault.left <= 0:
                    self._end(fault)
            return fault
        return None

    def lost(self, machine_id: str) -> bool:
        """Whether a machine's host is dead."""
        return any(machine_id in fault.lost for fault in self._faults.values())

    def out_of_reach(self, machine: Machine) -> Fault | None:
        """Why a machine cannot be reached at all, None when it can."""
        if not self._faults:
            return None
        lost = next((fault for fault in self._faults.values() if machine.id in fault.lost), None)
        return lost or self.holds("region-down", Place.of(machine))

    def _end(self, fault: Fault) -> None:
        if self._faults.pop(fault.id, None) is None:
            return
        timer = self._timers.pop(fault.id, None)
        if timer is not None:
            timer.cancel()
        for watcher in self.ended:
            watcher(fault)
