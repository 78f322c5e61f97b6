"""The release command: a machine of its own that runs once, before anything changes."""

from __future__ import annotations

import copy
from typing import Any

from flyctl_orchestrator.local.stand_in.deploy.create import destroy
from flyctl_orchestrator.local.stand_in.deploy.deployment import Deployment
from flyctl_orchestrator.local.stand_in.deploy.waiting import get, pause, wait_for_state
from flyctl_orchestrator.local.stand_in.failures import ApiFailure, Failure
from flyctl_orchestrator.local.stand_in.fleet import RELEASE_COMMAND, all_machines, group_of
from flyctl_orchestrator.local.stand_in.toml.groups import default_group
from flyctl_orchestrator.local.stand_in.toml.guest import guest_of, preset
from flyctl_orchestrator.local.stand_in.toml.machine_config import (
    command_words,
    environment,
    files,
    platform_metadata,
    stop_config,
    without_empty,
)

_SHOWN_LINES = 100


def run_release_command(deployment: Deployment) -> None:
    """Run it, if fly.toml has one.

    Raises:
        Failure: it could not run, ran too long, or ended with a status other than 0.
    """
    command = deployment.settings.get("deploy", {}).get("release_command", "")
    if not command or deployment.options.skip_release_command:
        return
    deployment.session.tell(f"Running {deployment.app} release_command: {command}")
    try:
        _run(deployment, command)
    except Failure as failure:
        raise Failure(f"release command failed - aborting deployment. {failure.message}", failure.detail) from failure


def _run(deployment: Deployment, command: str) -> None:
    api, app = deployment.session.api, deployment.app
    for old in all_machines(api, app):
        if group_of(old) == RELEASE_COMMAND:
            destroy(deployment, old)
    body = deployment.launch_body(
        _config(deployment, command), str(deployment.settings.get("primary_region", "")), skip_launch=True
    )
    try:
        machine_id = str(api.machines("POST", f"/apps/{app}/machines", body)["id"])
    except ApiFailure as failure:
        raise failure.during("error running release_command machine") from failure
    wait_for_state(deployment, machine_id, "stopped", deployment.wait_timeout)
    deployment.session.tell("Starting machine")
    api.machines("POST", f"/apps/{app}/machines/{machine_id}/start")
    wait_for_state(deployment, machine_id, "destroyed", deployment.release_command_timeout)
    status = _exit_status(deployment, machine_id)
    if status:
        _show_logs(deployment, machine_id)
        raise Failure(f"machine {machine_id} exited with non-zero status of {status}")
    deployment.session.say(f"✔ release_command {machine_id} completed successfully")


def _config(deployment: Deployment, command: str) -> dict[str, Any]:
    settings = deployment.settings
    env = environment(settings, RELEASE_COMMAND) | {"RELEASE_COMMAND": "1"}
    config = {
        "init": without_empty(
            {
                "cmd": command_words(command, "release command"),
                "swap_size_mb": settings.get("swap_size_mb"),
                "entrypoint": settings.get("experimental", {}).get("entrypoint"),
            }
        ),
        "restart": {"policy": "no"},
        "auto_destroy": True,
        "dns": {"skip_registration": True},
        "metadata": platform_metadata(RELEASE_COMMAND, deployment.session.version),
        "env": env,
        "stop_config": stop_config(settings),
        "files": files(settings),
        "image": deployment.image,
        "guest": _guest(deployment),
    }
    return deployment.marked(without_empty(config))


def _guest(deployment: Deployment) -> dict[str, Any]:
    vm = deployment.settings.get("deploy", {}).get("release_command_vm")
    if vm is not None:
        return guest_of(vm, deployment.settings.get("host_dedication_id", ""))
    group = default_group(deployment.settings)
    guests = [m["config"].get("guest") for m in deployment.machines if group_of(m) == group]
    largest = max((guest for guest in guests if guest), key=lambda guest: guest.get("memory_mb", 0), default=None)
    if largest is not None:
        found: dict[str, Any] = copy.deepcopy(largest)
        return found
    asked = deployment.options.guest
    return preset("shared-cpu-2x") if asked == preset("shared-cpu-1x") else dict(asked)


def _exit_status(deployment: Deployment, machine_id: str) -> int:
    until = deployment.session.now() + deployment.release_command_timeout
    while deployment.session.now() < until:
        for event in get(deployment, machine_id).get("events") or []:
            if event.get("type") == "start":
                break
            if event.get("type") == "exit":
                return _status_of(event.get("request") or {})
        pause(deployment)
    raise Failure(f"error finding the release_command machine {machine_id} exit event")


def _status_of(request: dict[str, Any]) -> int:
    monitored = (request.get("MonitorEvent") or {}).get("exit_event")
    ended = monitored or request.get("exit_event") or {}
    return int(ended.get("exit_code", 0))


def _show_logs(deployment: Deployment, machine_id: str) -> None:
    tell = deployment.session.tell
    tell(f"Error release_command failed running on machine {machine_id}.")
    tell(f"Checking logs: fetching the last {_SHOWN_LINES} lines below:")
    try:
        page = deployment.session.api.logs(deployment.app, "", "", machine_id)
    except ApiFailure as failure:
        tell(f"error getting release command logs: {failure.message}")
        return
    for entry in page["data"][-_SHOWN_LINES:]:
        tell(f"{entry['attributes']['timestamp']} {entry['attributes']['message']}")
