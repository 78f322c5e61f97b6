"""Machines of an app, and which of them a deploy looks after."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.stand_in.failures import ApiFailure
from flyctl_orchestrator.local.stand_in.transport import Transport

RELEASE_COMMAND = "fly_app_release_command"
CONSOLE = "fly_app_console"
Machine = dict[str, Any]


def all_machines(api: Transport, app: str) -> list[Machine]:
    """Every machine that is not destroyed.

    Raises:
        ApiFailure: no such app, or no answer.
    """
    try:
        found = api.machines("GET", f"/apps/{app}/machines")
    except ApiFailure as failure:
        raise failure.during("failed to list VMs") from failure
    machines: list[Machine] = found
    return machines


def metadata(machine: Machine) -> dict[str, str]:
    """The machine's metadata."""
    config = machine.get("config") or machine.get("incomplete_config") or {}
    found: dict[str, str] = config.get("metadata") or {}
    return found


def group_of(machine: Machine) -> str:
    """Its process group, or ""."""
    found = metadata(machine)
    return found.get("fly_process_group") or found.get("process_group", "")


def managed(machine: Machine) -> bool:
    """Whether deploys look after it."""
    return metadata(machine).get("fly_platform_version") == "v2"


def active(machines: list[Machine]) -> list[Machine]:
    """Those that are neither going nor gone nor ephemeral."""
    gone = ("destroyed", "destroying")
    return [m for m in machines if m["state"] not in gone and group_of(m) not in (RELEASE_COMMAND, CONSOLE)]


def deployable(machines: list[Machine]) -> list[Machine]:
    """Those that a deploy updates."""
    return [machine for machine in active(machines) if managed(machine)]


def shown(machine: Machine) -> str:
    """The machine's id, with its group in brackets when it has one."""
    group = group_of(machine)
    return f"{machine['id']} [{group}]" if group and group not in (RELEASE_COMMAND, CONSOLE) else str(machine["id"])
