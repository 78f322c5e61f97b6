"""`flyo deploy --resume` and `--abort`: the ways into a rollout that is not planned anew."""

from __future__ import annotations

from flyctl_orchestrator.cli.interrupts import breaking_off
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.recovery.unfinished import find_unfinished, make_way, recovery_of


def take_over(work: Deployment, *, abort: bool) -> Outcome:
    """Finish or undo the rollout that never came to its end, by its journal or by what the machines say.

    Raises:
        FlyoError: it cannot be done; nothing was changed.
    """
    with breaking_off():
        make_way(work)
        past = find_unfinished(work)
    if past is None:
        return Outcome("nothing", "no rollout is unfinished")
    by = f" of {past.who}" if past.who else ""
    work.emit("note", line=f"{'undoing' if abort else 'finishing'} rollout {past.id}{by}")
    recovery = recovery_of(work)
    return recovery.abort(past) if abort else recovery.resume(past)
