"""The rollout of an app that never came to its end: found, cleared away, refused."""

from __future__ import annotations

from flyctl_orchestrator.errors import RECOVER, FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.flyctl.orphans import end_orphaned_deploys
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.recovery.from_machines import unfinished_by_machines
from flyctl_orchestrator.rollout.recovery.leftovers import clear_leftovers
from flyctl_orchestrator.rollout.recovery.recovery import Recovery
from flyctl_orchestrator.rollout.state.observe import Fleet
from flyctl_orchestrator.rollout.state.rollout_ids import changed_by, newest_of


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
    if past is not None and newest_of((past.id, *map(changed_by, fleet.managed))) == past.id:
        return past
    return unfinished_by_machines(fleet, work.target.api, work.journals)


def end_unfinished(work: Deployment, past: PastRollout | None, *, abort: bool) -> Outcome:
    """Finish or undo a rollout that never came to its end.

    Args:
        past: what `find_unfinished` has found.

    Raises:
        FlyoError: it cannot be done, or there is nothing to resume; no machine was changed.
    """
    if past is None and abort:
        return Outcome("nothing", "no rollout is unfinished, and no machine was changed")
    if past is None:
        # One that was killed before its first change, e.g. while it built the image, left nothing to be finished.
        raise FlyoError(
            "no rollout is unfinished, so there is nothing to resume; no machine was changed",
            where=f"app {work.project.app}",
            next="'flyo deploy' begins a new rollout",
            code="resume.nothing",
        )
    by = f" of {past.who}" if past.who else ""
    work.emit("note", line=f"{'undoing' if abort else 'finishing'} {past.called}{by}")
    recovery = recovery_of(work)
    return recovery.abort(past) if abort else recovery.resume(past)


def clear_unfinished(work: Deployment, *, abort: bool) -> Outcome | None:
    """Finish or undo what an earlier run has left, here or elsewhere, so that a new rollout can begin without a person.

    Returns: how that ended when it did not end well; None when nothing is in the way any more.

    Raises:
        FlyoError: it cannot be done; no machine was changed.
    """
    make_way(work)
    past = find_unfinished(work)
    if past is None or past.running or not past.changing:
        return None  # what there is to say of these, `refuse_unfinished` says
    outcome = end_unfinished(work, past, abort=abort)
    return outcome if outcome.exit else None


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
            next="Wait for its end, or press Ctrl-C where it runs",
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
