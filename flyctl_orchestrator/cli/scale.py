"""What `flyo scale` does: exact machine counts per region."""

from __future__ import annotations

from dataclasses import dataclass

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.interrupts import breaking_off
from flyctl_orchestrator.cli.run_under_lock import run_under_lock
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.litefs import refuse_second_writer
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.project.project import FLYO_TOML
from flyctl_orchestrator.project.write import write_files
from flyctl_orchestrator.report.numbers import count
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.plan.plan import Plan
from flyctl_orchestrator.rollout.plan.save_counts import Keys, keys_text, keys_to_set, saved
from flyctl_orchestrator.rollout.plan.scale import ends_service
from flyctl_orchestrator.rollout.plan.steps import DestroyVolume
from flyctl_orchestrator.rollout.prepare import prepare_scale
from flyctl_orchestrator.rollout.state.observe import Fleet


@dataclass(frozen=True)
class ScaleRequest:
    """What one `flyo scale` was asked for.

    Attributes:
        wanted: REGION=COUNT or GROUP:REGION=COUNT; with nothing asked for flyo.toml says how many.
        like: id of the machine to copy, instead of the newest verified one of its group.
        save: whether the counts are written into flyo.toml.
        hooks: whether the user's own commands are run.
        with_volumes: whether the volumes of machines that go are destroyed, too.
    """

    wanted: tuple[str, ...]
    like: str | None
    save: bool
    hooks: bool
    with_volumes: bool = False


def run_scale(context: CommandContext, requested: ScaleRequest) -> int:
    """Have as many machines as asked for; gives the exit status of what happened to the fleet.

    Raises:
        FlyoError: it did not begin; no machine was changed.
    """
    project = context.project()
    context.output.say(*(f"warning: {note}" for note in project.notes))
    regions = load_regions(context.environment.variables)
    keys: Keys = {}

    def act(work: Deployment) -> Outcome:
        with breaking_off():
            plan, fleet = prepare_scale(
                work, requested.wanted, requested.like, regions, with_volumes=requested.with_volumes
            )
            counts = {(each.region, each.group): each.count for each in plan.counts}
            home = (n for (region, _), n in counts.items() if region == project.flytoml.primary_region)
            refuse_second_writer(project.root, project.flytoml, max(home, default=0), where="flyo scale")
            keys.update(keys_to_set(project, counts, {**fleet.counts(), **counts}))
            if requested.save:
                # What cannot be written is said before anything is changed.
                _edited(project, keys)
            work.announce(plan)
            _ask(context, fleet, plan)
        return work.run(plan, fleet)

    target = context.target(needs_flyctl=False)
    policy = project.flyo.rollout
    outcome = run_under_lock(context, target, project, "flyo scale", act, policy=policy, hooks=requested.hooks)
    if not outcome.exit:
        _keep(context, project, keys, save=requested.save)
    return int(outcome.exit)


def _ask(context: CommandContext, fleet: Fleet, plan: Plan) -> None:
    """Ask before machines are destroyed; the last ones that can serve go only when that was said beforehand.

    Raises:
        Declined: they may not be.
        UsageError: nobody can be asked, and --yes was not given (codes scale.last, scale.volumes).
    """
    doomed = [lane for lane in plan.lanes if lane.action == "destroy"]
    if not doomed or context.options.yes:
        return
    what = f"{count(len(doomed), 'machine')} in {', '.join(dict.fromkeys(lane.region for lane in doomed))}"
    volumes = sum(isinstance(step, DestroyVolume) for lane in doomed for step in lane.steps)
    last = ends_service(fleet, plan)
    what += f", and {count(volumes, 'volume')} with what is on it" if volumes else ""
    what += ", the last that can serve" if last else ""
    if context.may_ask:
        context.insist(f"Destroy {what}?")
    elif last or volumes:
        raise UsageError(
            f"this destroys {what}",
            where=f"app {plan.app}",
            next="Add --yes",
            code="scale.last" if last else "scale.volumes",
        )


def _edited(project: Project, keys: Keys) -> str:
    path = project.flyo.path
    return saved(project, path.read_text(encoding="utf-8") if path else "", keys)


def _keep(context: CommandContext, project: Project, keys: Keys, *, save: bool) -> None:
    """Write the counts into flyo.toml, or say what to write."""
    if not keys:
        return
    name = project.flyo.path.name if project.flyo.path else FLYO_TOML
    if save:
        write_files(project.root, {name: _edited(project, keys).encode()})
        context.output.say(f"{name}: {keys_text(keys)}")
    elif project.flyo.path is not None:
        advice = f"set {keys_text(keys)}, or add --save, or the next 'flyo scale' undoes this"
        context.output.say(context.advice(f"! {name} says otherwise: {advice}"))
