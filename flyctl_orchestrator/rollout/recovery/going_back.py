"""`flyo rollback`: which earlier state the fleet goes back to, and the way there."""

from __future__ import annotations

from dataclasses import dataclass

from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.plan.plan import Wave
from flyctl_orchestrator.rollout.recovery.recovery import state_plan
from flyctl_orchestrator.rollout.recovery.rollback_target import State, choose_state
from flyctl_orchestrator.rollout.recovery.unfinished import make_way, recovery_of
from flyctl_orchestrator.rollout.state.observe import Fleet
from flyctl_orchestrator.rollout.undo.plan import plan_way_back


@dataclass(frozen=True)
class Return:
    """A rollback that is decided on.

    Attributes:
        fleet: the reading it was decided on.
        state: where it goes.
        wave: what that changes; without lanes the fleet is there already.
    """

    fleet: Fleet
    state: State
    wave: Wave


def decide_return(work: Deployment, wanted: str | None) -> Return | PastRollout:
    """What a rollback has to do: return to a state, or undo the rollout that never came to its end.

    Args:
        wanted: a rollout's id (or the end of it) or a release number; None for the last good state.

    Raises:
        FlyoError: there is no such state, or none earlier is known; no machine was changed.
    """
    make_way(work)
    past = work.journals.unfinished() if wanted is None else None
    if past is not None and past.changing:
        # The last good state is the one that the unfinished rollout has begun with.
        return past
    fleet = work.observe()
    state = choose_state(work.journals, fleet, work.target.api, wanted)
    return Return(
        fleet,
        state,
        plan_way_back(state.restore_point, {machine.id: machine for machine in fleet.machines}, work.limit),
    )


def announce_return(work: Deployment, decided: Return) -> None:
    """Tell what runs now, where it goes, what is destroyed on the way, and what stays as it is now."""
    work.emit("note", line=f"running now: {decided.state.now}")
    work.emit("note", line=f"going back to {decided.state.said}")
    for lane in decided.wave.lanes:
        if lane.action == "destroy":
            work.emit("note", line=f"{lane.region} {lane.machine} was not there then and will be destroyed")
    for line in decided.state.notes:
        work.emit("warning", code="rollback.note", what=line)


def roll_back(work: Deployment, decided: Return | PastRollout) -> Outcome:
    """Do what was decided on.

    Raises:
        FlyoError: it did not begin; no machine was changed.
    """
    if isinstance(decided, PastRollout):
        work.emit("note", line=f"{decided.called} was stopped half-way; going back to where it began")
        return recovery_of(work).abort(decided)
    state = decided.state
    if not decided.wave.lanes:
        return Outcome("nothing", f"the fleet is at {state.said} already")
    plan = state_plan(work.project.app, decided.fleet, list(state.restore_point.machines.values()))
    return recovery_of(work).return_to(
        state.restore_point, plan, decided.fleet, towards=state.towards, command_ran=state.command_ran
    )
