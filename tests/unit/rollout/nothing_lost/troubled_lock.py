"""The app's lock in a world of troubles: the rollout's own, and other computers that want it at a bad moment."""

from __future__ import annotations

import random
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.local.base.settings import Settings
from flyctl_orchestrator.local.daemon.simulation import TOKEN, Simulation
from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.guard import Unguarded
from flyctl_orchestrator.rollout.lock.held import Held
from flyctl_orchestrator.rollout.lock.take import Locker
from flyctl_orchestrator.rollout.state.lock_record import LockRecord
from tests.unit.rollout.nothing_lost.clocks import WrongClock
from tests.unit.rollout.rollout_world import APP


class Wire:
    """The way to the platform; the platform says what time it has.

    Args:
        free: settings of the platform whose rate limits do not count for this one.
    """

    def __init__(self, simulation: Simulation, free: Settings | None = None) -> None:
        self._simulation = simulation
        self._free = free

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], json: Any = None, timeout: float
    ) -> HttpAnswer:
        """One request."""
        simulation, free = self._simulation, self._free or Settings()
        limits, free.rate_limits = free.rate_limits, False
        try:
            status, answered, body = simulation.send(method, url, headers, json, timeout)
        except ConnectionResetError as cut:
            raise HttpError("reset") from cut
        except TimeoutError as late:
            raise HttpError("timeout") from late
        finally:
            free.rate_limits = limits
        return HttpAnswer(status, {**answered, "date": formatdate(simulation.clock.now(), usegmt=True)}, body)


class LockOfTheRun(Unguarded):
    """The lock that the rollout runs under, renewed as its thread would."""

    def __init__(self, locker: Locker, number: int) -> None:
        self._locker = locker
        self._record = LockRecord(f"run{number:09d}", "ada@test", "flyo deploy", "rollout")
        self._renewing = False
        self.held: Held | None = None

    def take(self) -> None:
        """Take it, or raise FlyoError."""
        until = self._locker.clock.monotonic()
        self._locker.take_here(self._record, until)
        self.held = self._locker.take_there(self._record, until, must=False)

    def secure(self, image: str | None) -> bool:
        """Take it on the platform, if there was nothing to take before."""
        if self.held is not None:
            return False
        self.held = self._locker.take_there(self._record, self._locker.clock.monotonic(), image)
        return True

    def renew(self) -> None:
        """What the thread does."""
        if self.held is None or self._renewing:
            return
        self._renewing = True
        try:
            self.held.renew_if_due()
        finally:
            self._renewing = False

    def lost(self) -> str:
        """Why it is ours no more."""
        self.renew()
        return self.held.lost() if self.held is not None else "the lock was not taken on the platform"

    def release(self) -> None:
        """Give it back."""
        try:
            if self.held is not None:
                self.held.release()
        finally:
            self._locker.computer.release()

    @property
    def sure(self) -> bool:
        """Whether it would change a machine without looking again."""
        return self.held is not None and self.held.sure


class OtherComputer:
    """Somebody who wants the lock while a rollout runs, with a clock of his own."""

    def __init__(self, simulation: Simulation, settings: Settings, directory: Path, name: str, skew: float) -> None:
        clock = WrongClock(_Passing(simulation), skew)
        wire = Wire(simulation, settings)
        api = MachinesApi("http://fly.test", TOKEN, wire, clock, random.Random(name), patience=2.0)
        self._locker = Locker(api, APP, clock, ComputerLock(directory / f"{name}.lock"), ("iad",))
        self._record = LockRecord(name, f"{name}@test", "flyo deploy", "rollout")
        self.held: Held | None = None

    def try_to_take(self, wait: float) -> None:
        """Take it if it is to be had; whoever has it goes on or finds out that it is lost."""
        until = self._locker.clock.monotonic() + wait
        try:
            self._locker.take_here(self._record, until)
            self.held = self._locker.take_there(self._record, until, must=False)
        except FlyoError:
            self._locker.computer.release()

    @property
    def sure(self) -> bool:
        """Whether it would change a machine without looking again."""
        return self.held is not None and self.held.sure

    def renew(self) -> None:
        """Keep it."""
        if self.held is not None:
            self.held.renew_if_due()

    def release(self) -> None:
        """Give it back."""
        if self.held is not None:
            self.held.release()
        self._locker.computer.release()


class _Passing:
    """The platform's clock, and time that passes on it."""

    def __init__(self, simulation: Simulation) -> None:
        self.clock = simulation.clock
        self.pass_time = simulation.pass_time
