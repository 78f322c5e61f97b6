"""Wakes a sleeping machine, takes the time until it serves, and puts it back to sleep as it was found."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine, Sleep
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.fleet.probe import Answer

# Seconds between two looks at a machine that is being woken: by a request, and at the Machines API (1 request/s).
ASK_AGAIN = 0.05
LOOK_AGAIN = 1.0
# Seconds that a machine may take to fall asleep; suspending has been seen to take longer than 15.
FALL_ASLEEP = 60.0


@dataclass(frozen=True)
class Woken:
    """How a machine woke.

    Attributes:
        was: how it slept; None for one that could not be put to sleep.
        cold_s: seconds from asking for its start until it served; infinity when it did not in time, or would not start.
        checks: "passing", "none" where the platform checks nothing, or the first that is not passing, as "NAME STATUS".
        trouble: why it is not well, "" when it is.
        left: what is not as it was found, "" when it sleeps again as before.
    """

    machine: Machine
    was: Sleep | None
    cold_s: float
    checks: str
    trouble: str = ""
    left: str = ""

    @property
    def well(self) -> bool:
        """Whether it served, and every check passed."""
        return not self.trouble


@dataclass(frozen=True)
class Waker:
    """Wakes machines and puts them back.

    Attributes:
        ask: one request to a machine from outside; None where no request reaches it, so that its state has to do.
        patience: seconds from asking for its start until it has to serve and pass its checks.
    """

    api: MachinesApi
    clock: Clock
    ask: Callable[[Machine], Answer] | None
    patience: float

    def wake(self, machine: Machine) -> Woken:
        """Wake one that sleeps, look, and leave it as it was found, whatever happens in between.

        A machine that runs is suspended first, and runs again afterwards.
        """
        asleep = machine.asleep
        how: Sleep = machine.sleep_state or "suspended"
        was: Sleep | None = how
        cold_s, checks, trouble, left = math.inf, "none", "", ""
        try:
            if not asleep:
                was, trouble = self._put_to_sleep(machine, how)
            # One that was stopped, because it cannot be suspended, is as good to wake.
            if was is not None:
                since = self.clock.monotonic()
                self.api.start(machine.app, machine.id)
                trouble = self._until_it_serves(machine, since + self.patience)
                if not trouble:
                    cold_s = self.clock.monotonic() - since
                    checks, trouble = self._checks(machine, since + self.patience)
        except ApiError as error:
            trouble = error.what
        finally:
            left = self._put_to_sleep(machine, how)[1] if asleep else self._leave_awake(machine)
        return Woken(machine, was, cold_s, checks, trouble, left)

    def _leave_awake(self, machine: Machine) -> str:
        """Start a machine that ran before, unless it runs; "" when it does, else what it does instead."""
        try:
            state = self.api.get_machine(machine.app, machine.id).state
            if state in ("stopped", "suspended"):
                self.api.start(machine.app, machine.id)
            if state == "started" or self.api.wait(machine.app, machine.id, "started", FALL_ASLEEP):
                return ""
            return f"is {self.api.get_machine(machine.app, machine.id).state} and not started again"
        except FlyoError as error:
            return f"may not be started again: {error.what}"

    def _put_to_sleep(self, machine: Machine, how: Sleep) -> tuple[Sleep | None, str]:
        """Stop or suspend a machine and see that it sleeps.

        Returns: how it sleeps, None when it does not; and what is not as wanted, "" when nothing.
        """
        api, app, id = self.api, machine.app, machine.id
        instead = ""
        try:
            state = api.get_machine(app, id).state
            if how == "suspended" and state == "started":
                try:
                    api.suspend(app, id)
                except ApiError as error:
                    # Not every machine can be suspended; Fly's own proxy stops those, too.
                    how, instead = "stopped", f"is stopped and not suspended: {error.what}"
            if how == "stopped" and state not in ("stopped", "stopping"):
                api.stop(app, id)
            if api.wait(app, id, how, FALL_ASLEEP):
                return how, instead
            return None, f"is {api.get_machine(app, id).state} and not {how} after {FALL_ASLEEP:g} s"
        except FlyoError as error:
            return None, f"may not be {how}: {error.what}"

    def _until_it_serves(self, machine: Machine, until: float) -> str:
        """Wait for its first good answer (or for its state, where no request reaches it); "" or why there was none."""
        while True:
            if self.ask is None:
                state = self.api.get_machine(machine.app, machine.id).state
                good, why = state == "started", f"is {state}"
            else:
                answer = self.ask(machine)
                good, why = answer.ok, answer.error or ""
            if good:
                return ""
            if self.clock.monotonic() >= until:
                return f"did not serve within {self.patience:g} s: {why}"
            self.clock.sleep(LOOK_AGAIN if self.ask is None else ASK_AGAIN)

    def _checks(self, machine: Machine, until: float) -> tuple[str, str]:
        """The platform's own checks, once all pass or time is up: what they are, and what is wrong with them."""
        while True:
            seen = self.api.get_machine(machine.app, machine.id)
            if not seen.has_checks:
                return "none", ""
            bad = [check for check in seen.checks if check.status != "passing"]
            if seen.checks and not bad:
                return "passing", ""
            if self.clock.monotonic() >= until:
                if not bad:
                    return "unknown", "the platform does not say how its checks are"
                output = " ".join(bad[0].output.split())[:120]
                said = f"{bad[0].name} {bad[0].status}"
                return said, f"check {bad[0].name} is {bad[0].status}" + (f" ({output})" if output else "")
            self.clock.sleep(LOOK_AGAIN)
