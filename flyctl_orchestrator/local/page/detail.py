"""One machine, for the page's panel: its configuration, checks, events and last log lines, secrets left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flyctl_orchestrator.local.api import render
from flyctl_orchestrator.local.base import machine_config
from flyctl_orchestrator.local.core.model import Machine
from flyctl_orchestrator.local.page.masking import Mask
from flyctl_orchestrator.local.platform import Platform

EVENTS, LINES = 12, 40
# What is shown of a configuration as it is. Anything else may hold values that are nobody's business: variables and
# files are named only.
_SHOWN = ("restart", "auto_destroy", "schedule", "stop_config")
_OF_A_SERVICE = ("protocol", "internal_port", "ports", "concurrency", "autostart", "autostop", "min_machines_running")


def detail(platform: Platform, app: str, machine_id: str) -> dict[str, Any]:
    """A machine as its panel shows it. Raises PlatformError 404."""
    machine = platform.machines.get(app, machine_id)
    lines = platform.logs.read(app=app, machine=machine_id, limit=LINES)
    shown = {
        "id": machine.id,
        "name": machine.name,
        "image": machine.image,
        "lease": _lease(platform, machine),
        "config": configuration(machine.config),
        "checks": [render.check(one) for one in machine.checks],
        "events": [_event(render.event(one)) for one in machine.events[:EVENTS]],
        "log": [{"ts": line.ts, "source": line.source, "level": line.level, "text": line.message} for line in lines],
    }
    masked: dict[str, Any] = Mask.of(platform).over(shown)
    return masked


def configuration(config: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a machine's configuration that can be shown to anybody who may see the machine."""
    shown = {name: config[name] for name in _SHOWN if config.get(name)}
    shown["guest"] = machine_config.guest(config)
    shown["services"] = [
        {name: service[name] for name in _OF_A_SERVICE if name in service}
        for service in machine_config.services(config)
    ]
    # Without their headers, which may carry a password.
    shown["checks"] = [
        {"name": one.name, "type": one.type, "port": one.port, "path": one.path, "interval_s": one.interval}
        for one in machine_config.checks(config)
    ]
    shown["env"] = sorted(config.get("env") or {})
    shown["files"] = [str(one.get("guest_path", "")) for one in config.get("files") or []]
    shown["mounts"] = [{"path": one.get("path"), "volume": one.get("volume")} for one in config.get("mounts") or []]
    return {name: one for name, one in shown.items() if one not in ([], {})}


def _lease(platform: Platform, machine: Machine) -> dict[str, Any] | None:
    lease = platform.leases.held(machine)
    return None if lease is None else {"owner": lease.owner, "description": lease.description}


def _event(event: dict[str, Any]) -> dict[str, Any]:
    request = event.get("request") or {}
    ended = request.get("exit_event") or {}
    return {
        **{name: event[name] for name in ("type", "status", "source", "timestamp")},
        "exit_code": ended.get("exit_code"),
    }
