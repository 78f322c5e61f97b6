"""`flyo deploy`: build, release and roll out wave by wave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from flyctl_orchestrator.cli.interrupts import breaking_off
from flyctl_orchestrator.cli.locked import lock_option
from flyctl_orchestrator.cli.options import json_option, target_options, yes_option
from flyctl_orchestrator.cli.policy import POLICY_FLAGS, policy_options
from flyctl_orchestrator.cli.resume import take_over
from flyctl_orchestrator.cli.run_under_lock import run_under_lock
from flyctl_orchestrator.cli.target import resolve_target
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.kept_plan import plan_of_file
from flyctl_orchestrator.rollout.plan.desired import with_flags
from flyctl_orchestrator.rollout.plan.plan import Plan
from flyctl_orchestrator.rollout.recovery.unfinished import make_way, refuse_unfinished
from flyctl_orchestrator.rollout.state.observe import Fleet


@click.command(short_help="Build, release and roll out wave by wave.")
@target_options
@json_option
@yes_option
@click.option("-i", "--image", help="Roll out this image instead of building one.")
@policy_options
@lock_option
@click.option("--no-hooks", is_flag=True, help="Leave out the commands of [hooks] and [probe].")
@click.option("--resume", is_flag=True, help="Finish the rollout that was killed half-way.")
@click.option("--abort", is_flag=True, help="Put everything back to where the killed rollout had begun.")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path, dir_okay=False), help="Run this plan ('flyo plan --out')."
)
@click.option("-v", "--verbose", is_flag=True, help="Every step, probe and line of flyctl.")
@click.pass_obj
def deploy(
    obj: dict[str, Environment],
    /,
    local: bool,
    app_name: str | None,
    config_path: Path | None,
    as_json: bool,
    yes: bool,
    image: str | None,
    resume: bool,
    abort: bool,
    plan_file: Path | None,
    verbose: bool,
    lock_wait: float,
    no_hooks: bool,
    **flags: object,
) -> int:
    """Build the image, release it, and roll it out region by region; every machine is proved healthy from outside.

    The canary region goes first. A region that does not pass the gate takes everything back that was changed: image,
    configuration, count and sleep. Ctrl-C does the same; a second Ctrl-C stops where it is.

    After a kill or a crash, --resume or --abort ends what was left half-way, on this computer or on another.
    """
    environment = obj["environment"]
    _refuse_together(resume=resume, abort=abort, plan=plan_file is not None, image=image is not None)
    project = load_project(environment.cwd, config_path, app_name, environment.variables)
    policy = with_flags(project.flyo.rollout, **{name: flags.get(name) for name in POLICY_FLAGS})
    project.regions()
    target = resolve_target(environment, local)

    def act(work: Deployment) -> Outcome:
        if resume or abort:
            return take_over(work, abort=abort)
        return carry_out(work, image, environment, ask=not yes and not as_json, plan_file=plan_file)

    outcome = run_under_lock(
        environment,
        target,
        project,
        "flyo deploy",
        act,
        policy=policy,
        hooks=not no_hooks,
        lock_wait=lock_wait,
        as_json=as_json,
        verbose=verbose,
    )
    return int(outcome.exit)


def _refuse_together(**given: bool) -> None:
    """--resume, --abort, --plan and --image each say what to roll out."""
    named = [f"--{name}" for name, on in given.items() if on]
    if len(named) > 1:
        raise UsageError(f"{' and '.join(named)} do not go together", where="flyo deploy", next="Give one of them")


def carry_out(
    work: Deployment, image: str | None, environment: Environment, *, ask: bool, plan_file: Path | None = None
) -> Outcome:
    """Build, plan and roll out.

    Args:
        image: to roll out instead of building one.
        ask: whether somebody may be asked before what was edited by hand is overwritten.
        plan_file: the plan to run instead of a new one.

    Raises:
        FlyoError: an earlier rollout is unfinished, or the plan in the file is no longer true; nothing was changed.
    """
    with breaking_off():
        make_way(work)
        fleet = work.observe()
        refuse_unfinished(work, fleet)
        if plan_file is None:
            plan, fleet = _planned(work, image, fleet)
        else:
            plan, fleet = _kept(work, environment.cwd / plan_file, fleet)
        work.announce(plan)
        # The author of a kept plan has seen what it overwrites.
        if ask and plan_file is None and environment.interactive and not _agrees(plan):
            raise click.Abort
    return work.run(plan, fleet)


def _planned(work: Deployment, image: str | None, fleet: Fleet) -> tuple[Plan, Fleet]:
    """A plan, and the reading it is made for."""
    exists = fleet.exists
    if not exists:
        work.make_app()
    wanted = work.given_image(image)
    # What is impossible is said before time is spent on building.
    work.plan(fleet, wanted)
    built = wanted.ref is None
    if built:
        wanted = work.build()
    fleet = work.observe() if built or not exists else fleet
    return work.plan(fleet, wanted), fleet


def _kept(work: Deployment, path: Path, fleet: Fleet) -> tuple[Plan, Fleet]:
    """The plan of a file, its image built if it has none yet, and a reading."""
    plan = plan_of_file(path, work, fleet)
    if not fleet.exists:
        work.make_app()
        # That there is an app now is no reason to call the plan stale; all else is.
        plan = replace(plan, fingerprint=replace(fleet, exists=True).fingerprint())
        fleet = work.observe()
    if plan.image.ref is None and not plan.empty:
        plan = replace(plan, image=work.build())
        fleet = work.observe()
    return plan, fleet


def _agrees(plan: Plan) -> bool:
    """Ask before somebody's own change is overwritten; nothing else is worth a question."""
    edited = [drift for drift in plan.drift if drift.kind == "edited" and drift.fixed]
    if not edited:
        return True
    import questionary

    names = ", ".join(f"{drift.region} {drift.machine}" for drift in edited)
    return bool(questionary.confirm(f"Overwrite what was edited by hand on {names}?", default=False).ask())
