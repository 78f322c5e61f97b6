"""Looking at the lock, and giving it back, from the command line."""

from __future__ import annotations

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.rollout.lock.held import carriers_among
from flyctl_orchestrator.rollout.state.lock_record import LockRecord
from flyctl_orchestrator.rollout.state.observe import Fleet


def needs_a_machine(fleet: Fleet) -> None:
    """A lock taken by hand has to outlive the command.

    Raises:
        FlyoError: the app has no machine to keep it on (code lock.nowhere).
    """
    if not carriers_among(fleet.machines):
        raise FlyoError(
            "there is no machine yet that could keep a lock",
            where=f"app {fleet.app}",
            next="Run 'flyo deploy' first",
            code="lock.nowhere",
        )


def give_back(api: MachinesApi, fleet: Fleet, who: str, *, force: bool) -> list[LockRecord]:
    """Release the lock.

    Args:
        who: user@host, as it was taken by hand.
        force: also when it is somebody else's, or a running rollout's, which then stops at its next step.

    Returns: the holders that hold it no more, none when nobody did.

    Raises:
        FlyoError: it is not for `who` to release (code lock.not_yours).
        ApiError: the platform refused or could not be reached.
    """
    for each in fleet.locks:
        if not force and (each.record.how == "rollout" or each.record.who != who):
            whose = "a running rollout" if each.record.how == "rollout" else "somebody else"
            raise FlyoError(
                f"the lock is held by {whose}: {each.record.who}, {each.record.why}",
                where=f"app {fleet.app}",
                next="Add --force when you know that nothing is under way",
                code="lock.not_yours",
                exit=Exit.LOCKED,
            )
    for each in fleet.locks:
        for machine in each.machines:
            api.delete_metadata(fleet.app, machine, each.record.key)
    return [each.record for each in fleet.locks]
