"""The app's lock around a command that changes the fleet: `with app_lock(...) as held:`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flyctl_orchestrator.cli.interrupts import breaking_off
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.cli.who import who
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.rollout.lock.app_lock import AppLock
from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.held import Tell
from flyctl_orchestrator.rollout.lock.take import Locker
from flyctl_orchestrator.rollout.state.lock_record import How, LockRecord


@contextmanager
def app_lock(
    environment: Environment, target: Target, project: Project, command: str, wait: float, tell: Tell
) -> Iterator[AppLock]:
    """Hold the app's lock; SIGINT, SIGTERM and SIGHUP break off taking it.

    Args:
        command: what is run, e.g. "flyo deploy", for others to read.
        wait: seconds to wait for another rollout.
        tell: told of waiting for it, taking it and losing it.

    Raises:
        Locked: another command, or a person, has it.
        FlyoError: it cannot be taken.
    """
    lock = AppLock(locker(environment, target, project, tell), new_record(environment, why=command), wait)
    try:
        with breaking_off():
            lock.take()
        yield lock
    finally:
        lock.release()


def locker(environment: Environment, target: Target, project: Project, tell: Tell) -> Locker:
    """Takes the lock of one app."""
    computer = ComputerLock(state_directory(environment) / "locks" / target.kind / f"{project.app}.lock")
    regions = dict.fromkeys(filter(None, (project.flytoml.primary_region, *project.flyo.regions)))
    return Locker(target.api, project.app, target.clock, computer, tuple(regions), tell)


def new_record(environment: Environment, *, why: str, how: How = "rollout") -> LockRecord:
    """Who is about to take it, and why."""
    variables = environment.variables
    if variables.get("GITHUB_RUN_ID"):
        run = f"{variables.get('GITHUB_REPOSITORY', '')}/actions/runs/{variables['GITHUB_RUN_ID']}"
        why = f"{why}, {variables.get('GITHUB_SERVER_URL', 'https://github.com')}/{run}"
    id = f"{environment.random.getrandbits(48):012x}"
    return LockRecord(id, who(environment), why, how, environment.clock.now())
