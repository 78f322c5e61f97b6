"""The platform as the page's picture shows it: regions, apps, machines, faults. Plain JSON, and no secret in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flyctl_orchestrator.local.base.regions import REGIONS
from flyctl_orchestrator.local.core.fault_kinds import KINDS
from flyctl_orchestrator.local.core.model import Machine
from flyctl_orchestrator.local.platform import Platform

Parts = dict[str, Any]


def regions() -> list[Parts]:
    """Every region, where it is."""
    return [
        {"code": one.code, "name": one.name, "latitude": one.latitude, "longitude": one.longitude}
        for one in REGIONS.values()
    ]


def kinds() -> list[Parts]:
    """Every kind of fault, and what can be set about it."""
    return [
        {
            "name": kind.name,
            "does": kind.does,
            "counted": kind.counted,
            "place": kind.place,
            "shared": kind.shared,
            "set": [
                {"name": name, "default": one.default, "what": one.what, "choices": list(one.choices)}
                for name, one in kind.settings.items()
            ],
        }
        for kind in KINDS.values()
    ]


def parts(platform: Platform) -> Parts:
    """What can change: apps, machines by id, faults, settings."""
    return {
        "apps": [{"name": app.name, "status": platform.apps.status(app)} for app in platform.apps.list()],
        "machines": {
            machine.id: _machine(platform, machine)
            for machine in list(platform.kernel.machines.values())
            if machine.alive
        },
        "faults": [_fault(one) for one in platform.faults.shown()],
        "delays": platform.settings.delays,
    }


def _machine(platform: Platform, machine: Machine) -> Parts:
    statuses = [check.status for check in machine.checks]
    return {
        "id": machine.id,
        "app": machine.app,
        "region": machine.region,
        "state": machine.state,
        "group": machine.process_group,
        "managed": machine.managed,
        "release": _release(machine.metadata),
        "image": machine.image_digest.removeprefix("sha256:")[:12],
        "instance": machine.instance_id,
        "cordoned": machine.cordoned,
        "reachable": platform.faults.out_of_reach(machine) is None,
        "checks": len(statuses),
        "passing": statuses.count("passing"),
        "critical": statuses.count("critical"),
    }


def _release(metadata: Mapping[str, str]) -> int | None:
    said = metadata.get("fly_release_version", "")
    return int(said) if said.isdecimal() and len(said) < 10 else None


def _fault(shown: Parts) -> Parts:
    # Its remaining seconds change all the time; the page counts them down by itself.
    return {**shown, "ends_in": shown["ends_in"] and round(shown["ends_in"])}


def changes(before: Parts, now: Parts) -> Parts:
    """What of `now` is new or other than `before`; `gone` names machines that are no more. Empty: nothing."""
    told = {name: now[name] for name in ("apps", "faults", "delays") if now[name] != before[name]}
    machines = {key: one for key, one in now["machines"].items() if before["machines"].get(key) != one}
    gone = [key for key in before["machines"] if key not in now["machines"]]
    if machines:
        told["machines"] = machines
    if gone:
        told["gone"] = gone
    return told
