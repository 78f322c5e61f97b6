"""The ways into a rollout that is not planned anew: `deploy --resume`, `--abort`, `--plan FILE`, and `rollback`."""

from __future__ import annotations

import json
from pathlib import Path

from flyctl_orchestrator.cli.interrupts import breaking_off
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.orphans import end_orphaned_deploys
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.marks import definition_digest
from flyctl_orchestrator.rollout.memory.leftovers import clear_leftovers
from flyctl_orchestrator.rollout.memory.past import Past
from flyctl_orchestrator.rollout.memory.recovery import Recovery
from flyctl_orchestrator.rollout.memory.takeover import changed_by, unfinished_by_machines
from flyctl_orchestrator.rollout.observe import Fleet
from flyctl_orchestrator.rollout.outcome import Outcome
from flyctl_orchestrator.rollout.plan import Plan
from flyctl_orchestrator.rollout.plan_file import plan_of_dict


def recovery_of(work: Deployment) -> Recovery:
    """Takes over on this computer."""
    return Recovery(work, lambda app: end_orphaned_deploys(app, work.target.clock))


def make_way(work: Deployment) -> None:
    """Clear away what a killed run of this computer holds, before the first reading, which takes the app's lock.

    Nothing else can be in the way of that: its journal shows that its process is gone.
    """
    past = work.library.unfinished()
    if past is None or past.running:
        return
    try:
        machines = work.target.api.list_machines(work.project.app)
    except ApiError:
        return  # whoever reads the fleet next says what is wrong
    recovery = recovery_of(work)
    clear_leftovers(work.means(), past.id, machines, recovery.end_orphans)


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


def find_unfinished(work: Deployment) -> Past | None:
    """The rollout to finish or undo: the newest journal's here, unless the machines tell of a later one."""
    fleet = work.observe()
    past = work.library.unfinished()
    if past is not None and max((changed_by(machine) for machine in fleet.managed), default="") <= past.id:
        return past
    return unfinished_by_machines(fleet, work.target.api, work.library)


def refuse_unfinished(work: Deployment, fleet: Fleet) -> None:
    """A plain deploy must not cover up one that was killed; one that had changed nothing is of no interest any more.

    Raises:
        FlyoError: there is one; says what to type.
    """
    past = work.library.unfinished()
    if past is None:
        return
    if past.running:
        raise FlyoError(
            f"rollout {past.id} is running on this computer",
            where=f"app {past.app}",
            next="Wait for its end",
            code="rollout.running",
            exit=Exit.LOCKED,
        )
    if not past.changing:
        work.library.close(past, "untouched", "it was stopped before it had changed anything", work.target.clock)
        return
    raise FlyoError(
        f"rollout {past.id} was stopped half-way; nothing was changed now",
        where=f"app {past.app}",
        next="'flyo deploy --resume' finishes it, 'flyo deploy --abort' puts everything back",
        code="rollout.unfinished",
        exit=Exit.INCONCLUSIVE,
    )


def plan_of_file(path: Path, work: Deployment, fleet: Fleet) -> Plan:
    """A plan that `flyo plan --out` wrote, if it is still about this app, this fly.toml and this fleet.

    Raises:
        UsageError: the file is no plan, or another app's (exit 2).
        FlyoError: fleet, secrets or fly.toml have changed since (exit 7).
    """
    try:
        plan = plan_of_dict(json.loads(path.read_text(encoding="utf-8")), where=str(path))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not JSON"
        raise UsageError(f"the plan cannot be read ({why})", where=str(path), code="plan.bad_file") from error
    if plan.app != work.project.app:
        raise UsageError(f"the plan is for app {plan.app}, not {work.project.app}", where=str(path), code="plan.app")
    changed = ""
    if plan.secrets != fleet.secrets:
        changed = "the secrets have"
    elif plan.fingerprint != fleet.fingerprint():
        changed = "the fleet has"
    elif plan.definition != definition_digest(work.project.flytoml.raw):
        changed = "fly.toml has"
    if changed:
        raise FlyoError(
            f"{changed} changed since the plan was made",
            where=str(path),
            next="Make a new one with 'flyo plan --out FILE'",
            code="plan.stale",
            exit=Exit.CHANGES,
        )
    return plan
