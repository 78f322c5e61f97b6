"""Brings the copied machines into the states the real ones are in, before anything is rolled out."""

from __future__ import annotations

from dataclasses import dataclass

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.rollout.rehearsal.copied import Copied, awake

LOOK_SECONDS = 1.0
# A process that ended so often since the copy was made is not going to stay.
CRASHES = 3


@dataclass(frozen=True)
class Unlike:
    """A machine whose copy does not do what the real one does; `final`: waiting would change nothing."""

    machine: Machine
    why: str
    final: bool


class CopyFailed(FlyoError):
    """The copy of the fleet is not like the fleet, so that a rehearsal would tell nothing."""

    def __init__(self, unlike: Unlike) -> None:
        super().__init__(
            f"the copy of machine {unlike.machine.id} in {unlike.machine.region} {unlike.why}, the real one is healthy",
            where=f"rehearsal of app {unlike.machine.app}",
            next="Give it the secrets it needs with --secrets FILE, or the code that runs there with --before DIR",
            code="rehearse.copy",
        )
        self.machine = unlike.machine


def await_ready(api: MachinesApi, clock: Clock, copied: Copied, timeout: float) -> None:
    """Wait until every copied machine is as healthy as the real one, then put to sleep what sleeps.

    Args:
        timeout: seconds.

    Raises:
        CopyFailed: a machine does not become healthy here, though the real one is.
    """
    until = clock.monotonic() + timeout
    while (unlike := _first_unlike(api, copied)) is not None:
        if unlike.final or clock.monotonic() >= until:
            raise CopyFailed(unlike)
        clock.sleep(LOOK_SECONDS)
    for machine in copied.machines:
        if machine.sleep_state == "suspended":
            api.suspend(copied.app, machine.id)
    for machine in copied.machines:
        if machine.sleep_state == "suspended":
            api.wait(copied.app, machine.id, "suspended", timeout)


def _first_unlike(api: MachinesApi, copied: Copied) -> Unlike | None:
    here = {machine.id: machine for machine in api.list_machines(copied.app)}
    for real in copied.machines:
        runs = real.sleep_state == "suspended" or (awake(real) and real.checks_passing)
        if runs and real.state != "failed" and (why := _what_is_wrong(here.get(real.id))):
            return Unlike(real, why, _hopeless(here.get(real.id)))
    return None


def _hopeless(machine: Machine | None) -> bool:
    """Whether waiting for a copy to become healthy is in vain."""
    if machine is None or machine.state in ("stopped", "failed"):
        return True
    return sum(event.type == "exit" for event in machine.events) >= CRASHES


def _what_is_wrong(machine: Machine | None) -> str:
    """Why a copy is not healthy, "" when it is."""
    if machine is None:
        return "is gone"
    ended = next((event for event in machine.events if event.type == "exit" and not event.requested_stop), None)
    if ended is not None and machine.state != "started":
        return f"ended with exit code {ended.exit_code}"
    if machine.state != "started":
        return f"is {machine.state}"
    failing = next((check for check in machine.checks if check.status != "passing"), None)
    return f"does not pass its check ({failing.output or failing.status})" if failing else ""
