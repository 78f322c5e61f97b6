"""What is running: machine list, status, scale show, checks list, image show."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flyctl_orchestrator.local.stand_in.app_record import organization_basics
from flyctl_orchestrator.local.stand_in.failures import ApiFailure
from flyctl_orchestrator.local.stand_in.fleet import active, all_machines, group_of, managed
from flyctl_orchestrator.local.stand_in.go_values import dump_json
from flyctl_orchestrator.local.stand_in.machine_shape import MACHINE
from flyctl_orchestrator.local.stand_in.session import Session

_APP = """
query ($name: String!) {
  app(name: $name) {
    id name hostname deployed network status appUrl platformVersion
    organization { id internalNumericId slug paidPlan }
    currentReleaseUnprocessed { version }
  }
}
"""
_Machine = dict[str, Any]


def list_machines(session: Session) -> None:
    """`machine list --json`: every machine, ephemeral and unmanaged ones too."""
    machines = all_machines(session.api, session.app)
    if session.arguments.on("json"):
        session.show([MACHINE.read(machine, "") for machine in machines])
        return
    for machine in machines:
        session.say(f"{machine['id']}\t{machine['name']}\t{machine['state']}\t{machine['region']}")


def status(session: Session) -> None:
    """`status --json`: the app and its managed machines."""
    app = session.api.graphql(_APP, name=session.app)["app"]
    machines = active(all_machines(session.api, session.app))
    machines.sort(key=lambda machine: str(machine["id"]), reverse=True)
    shown = [MACHINE.read(machine, "") for machine in machines if managed(machine)]
    if not session.arguments.on("json"):
        session.say(f"{app['name']}\t{app['status']}\t{app['hostname']}")
        for machine in shown:
            session.say(f"{group_of(machine)}\t{machine['id']}\t{machine['region']}\t{machine['state']}")
        return
    release = app.get("currentReleaseUnprocessed") or {}
    told = {
        "AppURL": app.get("appUrl") or "",
        "Deployed": bool(app.get("deployed")),
        "Hostname": app.get("hostname") or "",
        "ID": app["id"],
        "Machines": shown,
        "Name": app["name"],
        "Organization": organization_basics(app["organization"]),
        "PlatformVersion": app.get("platformVersion") or "",
        "Status": app.get("status") or "",
        "Version": release.get("version") or 0,
    }
    if app.get("network"):
        told["Network"] = app["network"]
    session.show({key: told[key] for key in sorted(told)})


def scale_show(session: Session) -> None:
    """`scale show --json`: machines per process group and region."""
    groups: dict[str, list[_Machine]] = {}
    for machine in all_machines(session.api, session.app):
        config = machine.get("config")
        if config and managed(machine) and machine in active([machine]):
            groups.setdefault(group_of(machine), []).append(machine)
    shown = []
    for name in sorted(groups):
        guest = groups[name][0]["config"].get("guest")
        if guest is None:
            continue
        regions = Counter(str(machine["region"]) for machine in groups[name])
        shown.append(
            {
                "Process": name,
                "Count": len(groups[name]),
                "CPUKind": guest.get("cpu_kind", ""),
                "CPUs": guest.get("cpus", 0),
                "Memory": guest.get("memory_mb", 0),
                "Regions": dict(sorted(regions.items())),
            }
        )
    if session.arguments.on("json"):
        session.show(shown)
        return
    for row in shown:
        session.say(f"{row['Process']}\t{row['Count']}\t{','.join(row['Regions'])}")


def checks_list(session: Session) -> None:
    """`checks list --json`: each machine's checks."""
    found = {
        machine["id"]: MACHINE.read(machine, "").get("checks", [])
        for machine in all_machines(session.api, session.app)
        if machine in active([machine])
    }
    if session.arguments.on("json"):
        session.show(dict(sorted(found.items())))
        return
    for machine, checks in sorted(found.items()):
        for check in checks:
            session.say(f"{check['name']}\t{check['status']}\t{machine}")


def image_show(session: Session) -> None:
    """`image show --json`: the image of each machine."""
    session.api.graphql("query ($name: String!) { app(name: $name) { id } }", name=session.app)
    try:
        machines = all_machines(session.api, session.app)
    except ApiFailure as failure:
        raise failure.during("failed to get machines") from failure
    rows = [_image(machine) for machine in machines]
    if session.arguments.on("json"):
        session.show(rows or None)
        return
    for row in rows:
        session.say("\t".join(row.values()))


def _image(machine: _Machine) -> dict[str, str]:
    ref = machine.get("image_ref") or {}
    labels = ref.get("labels")
    return {
        "Digest": ref.get("digest") or "",
        "Labels": "" if labels is None else dump_json(dict(sorted(labels.items())), indent=None),
        "MachineID": machine["id"],
        "Registry": ref.get("registry") or "",
        "Repository": ref.get("repository") or "",
        "Tag": ref.get("tag") or "",
        "Version": (labels or {}).get("fly.version") or "N/A",
    }
