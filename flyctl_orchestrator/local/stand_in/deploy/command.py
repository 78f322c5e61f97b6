"""`deploy --image REF`: the whole of it, step by step."""

from __future__ import annotations

import copy
from typing import Any

from flyctl_orchestrator.local.stand_in.deploy import first
from flyctl_orchestrator.local.stand_in.deploy.create import match_groups
from flyctl_orchestrator.local.stand_in.deploy.deployment import Deployment
from flyctl_orchestrator.local.stand_in.deploy.image import resolve_image
from flyctl_orchestrator.local.stand_in.deploy.launch import updated
from flyctl_orchestrator.local.stand_in.deploy.options import OFFERED_STRATEGIES, Options, read_options
from flyctl_orchestrator.local.stand_in.deploy.release import create_release, released
from flyctl_orchestrator.local.stand_in.deploy.release_command import run_release_command
from flyctl_orchestrator.local.stand_in.deploy.update import update_all
from flyctl_orchestrator.local.stand_in.failures import ApiFailure, Failure, NotOffered
from flyctl_orchestrator.local.stand_in.fleet import all_machines, deployable, group_of
from flyctl_orchestrator.local.stand_in.session import Session
from flyctl_orchestrator.local.stand_in.toml.groups import default_group
from flyctl_orchestrator.local.stand_in.toml.validate import validate


def deploy(session: Session) -> None:
    """Deploy an image with the working directory's (or `-c`'s) fly.toml."""
    deployment = prepared(session)
    released(deployment, lambda: _roll_out(deployment))
    template = session.env.get("FLYO_APP_URL", "http://{app}.localhost")
    session.say(f"\nVisit your newly deployed app at {template.replace('{app}', session.app)}/")


def prepared(session: Session) -> Deployment:
    """Everything that comes before the first change of a machine; the release exists then.

    Raises:
        Failure: it cannot be deployed.
    """
    options = read_options(session.arguments)
    settings = _settings(session, options)
    image = options.image or settings.get("build", {}).get("image", "")
    if not image:
        raise NotOffered("deploy without --image (building)")
    try:
        app = session.api.machines("GET", f"/apps/{session.app}")
    except ApiFailure as failure:
        raise failure.during("failed to get app") from failure
    deployment = Deployment(session, options, settings, app, resolve_image(session, image))
    _choose_machines(deployment)
    first.find_volumes(deployment)
    first.set_up(deployment)
    first.check_volumes(deployment)
    create_release(deployment)
    return deployment


def _settings(session: Session, options: Options) -> dict[str, Any]:
    """fly.toml with what the flags change in it; refused when it is not valid."""
    if session.toml is None:
        raise NotOffered("deploy without a fly.toml")
    session.tell("==> Verifying app config")
    verdict = validate(session.toml)
    for line in verdict.lines:
        session.tell(line)
    if not verdict.valid:
        raise Failure("App configuration is not valid")
    settings = copy.deepcopy(session.toml.settings) | {"app": session.app}
    if options.env:
        settings["env"] = settings.get("env", {}) | options.env
    if options.primary_region:
        settings["primary_region"] = options.primary_region
    changed = {"strategy": options.strategy, "max_unavailable": options.max_unavailable}
    if changed := {key: value for key, value in changed.items() if value}:
        settings["deploy"] = settings.get("deploy", {}) | changed
    strategy = settings.get("deploy", {}).get("strategy", "rolling")
    if strategy not in OFFERED_STRATEGIES:
        raise NotOffered(f"deploy with strategy {strategy}")
    return settings


def _choose_machines(deployment: Deployment) -> None:
    """The machines this deploy is about, after filters."""
    options = deployment.options
    every = deployable(all_machines(deployment.session.api, deployment.app))
    for machine in every:
        found = machine["config"].setdefault("metadata", {})
        if not found.get("fly_process_group"):
            found["fly_process_group"] = default_group(deployment.settings)
    deployment.machines = [machine for machine in every if _wanted(options, machine)]
    if options.filters:
        several = "s" if len(options.filters) > 1 else ""
        deployment.session.tell(
            f"{'/'.join(options.filters)} filter{several} applied, deploying to {len(deployment.machines)}/"
            f"{len(every)} machines"
        )
    deployed = deployment.app_record.get("status") in ("deployed", "suspended")
    deployment.first = not deployed and not deployment.machines


def _wanted(options: Options, machine: dict[str, Any]) -> bool:
    region, machine_id, group = machine["region"], machine["id"], group_of(machine)
    return (
        (not options.regions or region in options.regions)
        and region not in options.exclude_regions
        and (not options.only_machines or machine_id in options.only_machines)
        and machine_id not in options.exclude_machines
        and (not options.groups or group in options.groups)
    )


def _roll_out(deployment: Deployment) -> None:
    run_release_command(deployment)
    match_groups(deployment)
    update_all(deployment, [updated(deployment, machine) for machine in deployment.machines])
