"""What `flyo rollback` does: every machine gets back what it had at an earlier time."""

from __future__ import annotations

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.interrupts import breaking_off
from flyctl_orchestrator.cli.run_under_lock import run_under_lock
from flyctl_orchestrator.report.numbers import count
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.recovery.going_back import Return, announce_return, decide_return, roll_back


def run_rollback(context: CommandContext, wanted: str | None) -> int:
    """Go back, and say how to undo that; gives the exit status of what happened to the fleet.

    Args:
        wanted: a rollout's id (or the end of it) or a release number; None for the last good state.

    Raises:
        FlyoError: it did not begin; no machine was changed.
    """
    project = context.project_to_look()
    undo = ""

    def act(work: Deployment) -> Outcome:
        nonlocal undo
        with breaking_off():
            decided = decide_return(work, wanted)
            if isinstance(decided, Return) and decided.wave.lanes:
                announce_return(work, decided)
                if context.may_ask:
                    machines = count(len(decided.wave.lanes), "machine")
                    question = f"Go back to {decided.state.said} from {decided.state.now} ({machines})?"
                    context.insist(question, default=True)
                undo = decided.state.undo
        return roll_back(work, decided)

    target = context.target(needs_flyctl=False)
    outcome = run_under_lock(
        context, target, project, "flyo rollback", act, policy=context.policy(project), hooks=False
    )
    if undo and not outcome.exit and not context.options.as_json:
        context.output.say(f"To undo this: {undo}{' --local' if context.options.local else ''}")
    return int(outcome.exit)
