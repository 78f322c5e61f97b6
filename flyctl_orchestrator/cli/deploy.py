"""What `flyo deploy` does: a new rollout, or the end of one that was killed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from flyctl_orchestrator.cli.catalog.budget import require_within_budget
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.interrupts import breaking_off
from flyctl_orchestrator.cli.judged import require_buildable, require_no_errors, require_valid, settle_regions
from flyctl_orchestrator.cli.pages.serving import require_servable
from flyctl_orchestrator.cli.run_under_lock import run_under_lock
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.kept_plan import read_kept_plan
from flyctl_orchestrator.rollout.plan.changed_volumes import Detached, detached_volumes
from flyctl_orchestrator.rollout.plan.part import Part
from flyctl_orchestrator.rollout.plan.plan import Plan
from flyctl_orchestrator.rollout.plan.smaller import Smaller, smaller_machines
from flyctl_orchestrator.rollout.prepare import overwritten, prepare, prepare_kept
from flyctl_orchestrator.rollout.recovery.unfinished import clear_unfinished, end_unfinished, find_unfinished, make_way


@dataclass(frozen=True)
class DeployRequest:
    """What one `flyo deploy` was asked for.

    Attributes:
        image: to roll out instead of building one.
        plan_file: the plan to run instead of a new one.
        resume, abort: end the rollout that was killed half-way, forwards or backwards.
        hooks: whether the user's own commands are run.
        web: whether a page is served that follows the rollout.
        unfinished: what to do first about a rollout that was killed half-way.
    """

    image: str | None
    plan_file: Path | None
    resume: bool
    abort: bool
    hooks: bool
    web: bool = False
    unfinished: Literal["resume", "abort", "refuse"] = "refuse"

    def check(self) -> None:
        """Each of --resume, --abort, --plan and --image says what to roll out.

        Raises:
            UsageError: several of them were given.
        """
        given = {"resume": self.resume, "abort": self.abort, "plan": self.plan_file, "image": self.image}
        named = [f"--{name}" for name, value in given.items() if value not in (None, False)]
        if len(named) > 1:
            raise UsageError(f"{' and '.join(named)} cannot be used together", where="flyo deploy", next="Choose one")

    def check_part(self, part: Part) -> None:
        """A kept plan and an unfinished rollout say themselves what they are about; to resume may leave out more.

        Raises:
            UsageError: a part was chosen with one of them.
        """
        given = {"--plan": self.plan_file is not None, "--abort": self.abort, "--resume": self.resume and part.chosen}
        for option in (option for option, there in given.items() if there and part.options):
            raise UsageError(
                f"{option} says itself what it is about, and cannot be used with {part.options}",
                where="flyo deploy",
                next=f"Leave {part.options} out, or roll out anew",
                code="plan.only",
            )


def run_deploy(context: CommandContext, requested: DeployRequest) -> int:
    """Roll out, or end what was left half-way; gives the exit status of what happened to the fleet.

    Raises:
        FlyoError: it did not begin; no machine was changed.
    """
    requested.check()
    if requested.web:
        require_servable()
    new = not (requested.resume or requested.abort)
    project = context.project_to_look() if requested.abort else context.project(understood=False)
    policy = context.policy(project)
    part = Part(**context.options.part)
    requested.check_part(part)
    if new:
        require_within_budget(context, project)
    path = context.environment.cwd / requested.plan_file if requested.plan_file else None
    kept = read_kept_plan(path, project) if path else None

    def act(begun: Deployment) -> Outcome:
        work = replace(begun, build_options=context.options.build, part=part)
        if requested.resume or requested.abort:
            with breaking_off():
                make_way(work)
                past = find_unfinished(work)
            return end_unfinished(work, past, abort=requested.abort)
        if requested.unfinished != "refuse":
            ended = clear_unfinished(work, abort=requested.unfinished == "abort")
            if ended is not None:
                return ended
        with breaking_off():
            plan, fleet = prepare_kept(work, kept, path) if kept and path else prepare(work, requested.image)
            work.announce(plan)
            # The author of a kept plan has seen what it overwrites.
            if kept is None:
                _ask_about_volumes(context, plan, detached_volumes(plan, fleet))
                _ask(context, plan, smaller_machines(plan, fleet.machines, project.flytoml))
        return work.run(plan, fleet)

    target = context.target()
    if not requested.abort:
        project = settle_regions(context, target, project)
    if new:
        require_valid(context, target, project)
        # Who keeps a plan has seen what `plan` found, and this fly.toml is the one it was made of.
        if kept is None:
            require_no_errors(context, project)
    if new and not requested.image and (kept is None or kept.image.ref is None):
        require_buildable(context, target, project)
    wanted = {"hooks": requested.hooks, "web": requested.web}
    outcome = run_under_lock(context, target, project, "flyo deploy", act, policy=policy, **wanted)
    return int(outcome.exit)


def _ask_about_volumes(context: CommandContext, plan: Plan, detached: tuple[Detached, ...]) -> None:
    """Ask before machines lose their volumes: an app that finds its data gone is worse than a deploy that waits.

    Raises:
        Declined: it may not be.
        FlyoError: nobody can be asked, and --yes was not given (code plan.volume_detached).
    """
    if not detached or context.options.yes:
        return
    what = ", ".join(each.what for each in detached)
    if not context.may_ask:
        raise FlyoError(
            f"fly.toml mounts other volumes than machines have, or none any more: {what}",
            where=f"app {plan.app}",
            next="Put [mounts] back as it was, or add --yes: the machines are replaced, and their volumes are kept",
            code="plan.volume_detached",
            exit=Exit.CHANGES,
        )
    context.insist(f"Replace machines by ones without their volumes, which are kept: {what}?")


def _ask(context: CommandContext, plan: Plan, smaller: tuple[Smaller, ...]) -> None:
    """Ask before machines are made smaller, and before what a person has changed by hand is overwritten.

    Raises:
        Declined: it may not be.
        FlyoError: machines would be made smaller, nobody can be asked, and --yes was not given (code plan.smaller).
    """
    if smaller and not context.options.yes:
        what = ", ".join(each.what for each in smaller)
        if not context.may_ask:
            raise FlyoError(
                f"fly.toml makes machines smaller than they are: {what}",
                where=f"app {plan.app}",
                next="Give [[vm]] the size they have, or add --yes",
                code="plan.smaller",
                exit=Exit.CHANGES,
            )
        context.insist(f"Make machines smaller than they are: {what}?")
    if context.may_ask and (edited := overwritten(plan)):
        names = ", ".join(f"{drift.region} {drift.machine}" for drift in edited)
        context.insist(f"Overwrite what was edited by hand on {names}?")
