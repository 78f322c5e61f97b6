"""Rehearses a rollout on every bad day there is: each on a simulated Fly of its own, with a copy of the fleet."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.rollout.context.concurrency import InTurn
from flyctl_orchestrator.rollout.context.events import Emitter, Event
from flyctl_orchestrator.rollout.plan.desired import desired_of
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.rehearsal.bad_day import FAIR_DAY, BadDay, Trigger, bad_days, chosen
from flyctl_orchestrator.rollout.rehearsal.copied import Copied
from flyctl_orchestrator.rollout.rehearsal.day_end import DayEnd, Goal, judge
from flyctl_orchestrator.rollout.rehearsal.management_api import ManagementApi
from flyctl_orchestrator.rollout.rehearsal.rehearse import TOLD, Rehearsal, RehearsalPlatform, RehearsalRequest
from flyctl_orchestrator.rollout.rehearsal.simulated_target import SimulatedWire, simulated_target

# Seconds after the rollout's end, and the end of all trouble, in which whatever still moves comes to rest; and between
# two looks whether it has.
SETTLING, LOOK = 75.0, 5.0
AT_REST = frozenset({"started", "stopped", "suspended", "failed"})
Hear = Callable[[Event], None]


class FaultlessDayFails(FlyoError):
    """The rollout does not end well on the simulated Fly although nothing goes wrong there."""

    def __init__(self, end: DayEnd) -> None:
        super().__init__(
            f"on a day without any fault the rollout ends with status {end.result.exit}: {end.result.what}",
            where="flyo rehearse --all",
            next=f"Look at it with 'flyo rehearse --all --only {end.day.name}'",
            code="rehearse.fair",
        )


@dataclass(frozen=True)
class EveryDay:
    """Everything that the days have in common.

    Attributes:
        fly: makes a simulated Fly with a seed, its flyctl keeping its settings in a directory.
        scratch: a directory for the days; each leaves nothing behind.
        source: kind of the Fly that the copy was made of.
    """

    request: RehearsalRequest
    copy: Copied
    fly: Callable[[int, Path], SimulatedWire]
    scratch: Path
    source: str
    seed: int = 0

    def days(self) -> list[BadDay]:
        """Every bad day of this rollout.

        Raises:
            FaultlessDayFails: it does not even end well on a day without a fault.
        """
        regions: dict[str, None] = {}

        def hear(event: Event) -> None:
            if event.name == "wave.started":
                regions.update(dict.fromkeys(event.fields["regions"]))

        end = self.run(FAIR_DAY, hear)
        if not end.good:
            raise FaultlessDayFails(end)
        wire = self.fly(0, self.scratch)
        return bad_days(ManagementApi(simulated_target(wire, Random(0))).fault_names(), list(regions))

    def chosen(self, only: Sequence[str]) -> list[BadDay]:
        """The days with these names, all of them when none is named.

        Raises:
            UsageError: there is no day of such a name.
            FaultlessDayFails: it does not even end well on a day without a fault, and a bad day is asked for.
        """
        return [FAIR_DAY] if list(only) == [FAIR_DAY.name] else chosen(self.days(), only)

    def run(self, day: BadDay, hear: Hear = lambda event: None) -> DayEnd:
        """Run one day.

        Args:
            hear: is told every event of it.
        """
        directory = self.scratch / "day"
        directory.mkdir()
        try:
            return _Day(self, day, directory, hear).run()
        finally:
            shutil.rmtree(directory, ignore_errors=True)


class _Day:
    """One day while it lasts."""

    def __init__(self, every: EveryDay, day: BadDay, directory: Path, hear: Hear) -> None:
        seed = day.seed(every.seed)
        self._every, self._day, self._hear = every, day, hear
        self._target: Target = simulated_target(every.fly(seed, directory), Random(seed))
        self._clock: Clock = self._target.clock
        self._management = ManagementApi(self._target)
        self._directory = directory
        self._trigger = Trigger(day, self._set_fault)
        self._before: tuple[Machine, ...] = ()
        self._digest = ""
        self._since = 0.0
        self.emit = Emitter(every.request.project.app, self._clock, self._listen)

    def run(self) -> DayEnd:
        """Set up, roll out, let everything come to rest, and judge."""
        every, project = self._every, self._every.request.project
        place = RehearsalPlatform(
            self._target,
            self._directory / "state",
            self._directory,
            InTurn(),
            lambda stop: nullcontext(),
            sync=_no_sync,
        )
        request = replace(every.request, faults=[])
        result = Rehearsal(request, place, self.emit, every.source).run(every.copy)
        seconds = self._clock.now() - self._since
        self._management.clear_faults()
        after = self._at_rest()
        counts = desired_of(project, PlannedImage(), every.request.policy).counts
        return judge(
            self._day, result, self._before, after, Goal(self._digest, counts),
            seconds=seconds, struck=self._trigger.struck,
        )  # fmt: skip

    def _at_rest(self) -> tuple[Machine, ...]:
        """The machines once none of them is on its way any more, at two looks in a row."""
        until, calm = self._clock.now() + SETTLING, 0
        while True:
            self._clock.sleep(LOOK)
            machines = self._machines()
            moving = [
                one for one in machines if one.state not in AT_REST or (not one.asleep and not one.checks_passing)
            ]
            calm = 0 if moving else calm + 1
            if calm == 2 or self._clock.now() >= until:
                return machines

    def _listen(self, event: Event) -> None:
        self._hear(event)
        if event.name == "build.started" and not self._before:
            self._before, self._since = self._machines(), self._clock.now()
        if event.name == "build.finished":
            self._digest = str(event.fields["digest"])
        self._trigger.hear(event)

    def _set_fault(self, fault: Mapping[str, Any]) -> None:
        for made in self._management.add_faults([fault]):
            told = {"fault": made["id"], **{key: made[key] for key in TOLD}}
            # Not through the emitter, which is at an event already.
            self._hear(Event("fault.set", self._clock.now(), self._every.request.project.app, told))

    def _machines(self) -> tuple[Machine, ...]:
        every = self._target.api.list_machines(self._every.request.project.app)
        return tuple(machine for machine in every if machine.managed)


def _no_sync(file: int) -> None:
    """A simulated day's journal need not outlive a power cut."""
