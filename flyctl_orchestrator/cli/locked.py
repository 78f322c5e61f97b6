"""The app's lock around a command that changes the fleet."""

from __future__ import annotations

from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.cli.who import who
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.held import Tell
from flyctl_orchestrator.rollout.lock.session import LockSession
from flyctl_orchestrator.rollout.lock.take import Locker
from flyctl_orchestrator.rollout.state.lock_record import How, LockRecord
from flyctl_orchestrator.rollout.state.observe import observe


def locked(environment: Environment, target: Target, app: str, command: str, wait: float, tell: Tell) -> LockSession:
    """The lock for one run of a command; the first reading of the fleet takes it.

    Args:
        command: what is run, e.g. "flyo deploy", for others to read.
        wait: seconds to wait for another rollout.
        tell: told of waiting for it, taking it and losing it.
    """
    record = new_record(environment, why=command, how="rollout")
    return LockSession(locker(environment, target, app, tell), record, wait)


def locker(environment: Environment, target: Target, app: str, tell: Tell) -> Locker:
    """Takes the lock of one app."""
    computer = ComputerLock(state_directory(environment) / "locks" / target.kind / f"{app}.lock")
    return Locker(target.api, app, target.clock, lambda: observe(target.api, app), computer, tell)


def new_record(environment: Environment, *, why: str, how: How, expires: float | None = None) -> LockRecord:
    """Who is about to take it, why, and for how long."""
    variables = environment.variables
    if variables.get("GITHUB_RUN_ID"):
        run = f"{variables.get('GITHUB_REPOSITORY', '')}/actions/runs/{variables['GITHUB_RUN_ID']}"
        why = f"{why}, {variables.get('GITHUB_SERVER_URL', 'https://github.com')}/{run}"
    id = f"{environment.random.getrandbits(48):012x}"
    return LockRecord(id, who(environment), why, how, environment.clock.now(), expires)
