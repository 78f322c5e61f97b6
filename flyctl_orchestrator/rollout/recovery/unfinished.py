"""The rollout of an app that never came to its end: found, cleared away, refused."""

from __future__ import annotations

from flyctl_orchestrator.errors import RECOVER, FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.orphans import end_orphaned_deploys
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.recovery.from_machines import unfinished_by_machines
from flyctl_orchestrator.rollout.recovery.leftovers import clear_leftovers
from flyctl_orchestrator.rollout.recovery.recovery import Recovery
from flyctl_orchestrator.rollout.state.observe import Fleet
from flyctl_orchestrator.rollout.state.rollout_ids import changed_by


def recovery_of(work: Deployment) -> Recovery:
    """Takes over on this computer."""
    return Recovery(work, lambda app: end_orphaned_deploys(app, work.target.clock))


def make_way(work: Deployment) -> None:
    """Clear away what a killed run of this computer holds: its journal shows that its process is gone."""
    past = work.journals.unfinished()
    if past is None or past.running:
        return
    try:
        machines = work.observe().machines
    except ApiError:
        return  # whoever reads the fleet next says what is wrong
    recovery = recovery_of(work)
    clear_leftovers(work.context(), past.id, machines, recovery.end_orphans)


def find_unfinished(work: Deployment) -> PastRollout | None:
    """The rollout to finish or undo: the newest journal's here, unless the machines tell of a later one."""
    fleet = work.observe()
    past = work.journals.unfinished()
    if past is not None and max((changed_by(machine) for machine in fleet.managed), default="") <= past.id:
        return past
    return unfinished_by_machines(fleet, work.target.api, work.journals)


def end_unfinished(work: Deployment, past: PastRollout | None, *, abort: bool) -> Outcome:
    """Finish or undo a rollout that never came to its end.

    Args:
        past: what `find_unfinished` has found.

    Raises:
        FlyoError: it cannot be done; no machine was changed.
    """
    if past is None:
        return Outcome("nothing", "no rollout is unfinished")
    by = f" of {past.who}" if past.who else ""
    work.emit("note", line=f"{'undoing' if abort else 'finishing'} {past.called}{by}")
    recovery = recovery_of(work)
    return recovery.abort(past) if abort else recovery.resume(past)


def refuse_unfinished(work: Deployment, fleet: Fleet) -> None:
    """A plain deploy must not cover up one that was killed; one that had changed nothing is of no interest any more.

    Raises:
        FlyoError: there is one; says what to type.
    """
    past = work.journals.unfinished()
    if past is None:
        return
    if past.running:
        raise FlyoError(
            f"{past.called} is running on this computer",
            where=f"app {past.app}",
            next="Wait for its end",
            code="rollout.running",
            exit=Exit.LOCKED,
        )
    if not past.changing:
        work.journals.close(past, "untouched", "it was stopped before it had changed anything", work.target.clock)
        return
    raise FlyoError(
        f"{past.called} was stopped half-way; nothing was changed now",
        where=f"app {past.app}",
        next=RECOVER,
        code="rollout.unfinished",
        exit=Exit.INCONCLUSIVE,
    )
