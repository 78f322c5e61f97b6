"""What the very first deploy of an app sets up: IP addresses and volumes."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.stand_in.deploy.deployment import Deployment
from flyctl_orchestrator.local.stand_in.failures import ApiFailure, Failure
from flyctl_orchestrator.local.stand_in.go_values import parse_size
from flyctl_orchestrator.local.stand_in.toml.groups import for_group, services_of
from flyctl_orchestrator.local.stand_in.toml.guest import guest_of

_GIGABYTE = 1_000_000_000
_SMALLEST_VOLUME_GB = 1
_GOING = ("scheduling_destroy", "fork_cleanup", "waiting_for_detach", "pending_destroy", "destroying")


def find_volumes(deployment: Deployment) -> None:
    """Note the app's unattached volumes."""
    if not deployment.settings.get("mounts"):
        return
    for volume in deployment.session.api.machines("GET", f"/apps/{deployment.app}/volumes"):
        attached = volume.get("attached_machine_id") or volume.get("attached_alloc_id")
        there = volume.get("state") not in _GOING
        if there and not attached and volume.get("host_status", "ok") == "ok":
            deployment.volumes.setdefault(volume["name"], []).append(volume)


def set_up(deployment: Deployment) -> None:
    """Addresses and volumes for the first deploy; nothing later."""
    if not deployment.first:
        return
    try:
        _addresses(deployment)
    except ApiFailure as failure:
        deployment.session.tell(
            f"Failed to provision IP addresses. Use `fly ips` commands to remediate it. ERROR: {failure.message}"
        )
    _volumes(deployment)


def _addresses(deployment: Deployment) -> None:
    services = services_of(deployment.settings)
    if not services or not deployment.options.public_ips:
        return
    session, path = deployment.session, f"/apps/{deployment.app}/ip_assignments"
    if session.api.machines("GET", path)["ips"]:
        return
    if not all(_shareable(service) for service in services):
        session.tell("WARN no dedicated addresses were allocated: the services need them, and nothing can be asked")
        return
    session.say(f"Provisioning ips for {deployment.app}")
    org = deployment.app_record["organization"]["slug"]
    for kind, shown in (("v6", "Dedicated ipv6"), ("shared_v4", "Shared ipv4")):
        body = {"type": kind, "region": "", "org_slug": org, "network": "", "service_name": ""}
        session.say(f"  {shown}: {session.api.machines('POST', path, body)['ip']}")
    session.say()


def _shareable(service: dict[str, Any]) -> bool:
    """Whether a shared address can serve it: HTTP on 80 and 443 only."""
    if service.get("protocol") == "udp":
        return False
    allowed = {80: [["http"]], 443: [["http", "tls"], ["tls", "http"]]}
    return all(port.get("handlers", []) in allowed.get(port.get("port", 0), []) for port in service.get("ports", []))


def _volumes(deployment: Deployment) -> None:
    spare = {name: len(volumes) for name, volumes in deployment.volumes.items()}
    for group in deployment.groups:
        mine = for_group(deployment.settings, group)
        for mount in mine["mounts"]:
            name = mount.get("source", "")
            if spare.get(name, 0) > 0:
                spare[name] -= 1
                continue
            guest = guest_of(mine["vm"]) if mine["vm"] is not None else deployment.options.guest
            deployment.volumes.setdefault(name, []).append(_create(deployment, group, mount, guest))


def _create(deployment: Deployment, group: str, mount: dict[str, Any], guest: dict[str, Any]) -> dict[str, Any]:
    text = mount.get("initial_size", "")
    size = parse_size(text, unit=_GIGABYTE, binary=False) if text else _SMALLEST_VOLUME_GB
    deployment.session.say(
        f"Creating a {size} GB volume named '{mount.get('source', '')}' for process group '{group}'. "
        "Use 'fly vol extend' to increase its size"
    )
    body = {
        "name": mount.get("source", ""),
        "region": deployment.settings.get("primary_region", ""),
        "size_gb": size,
        "encrypted": True,
        "snapshot_retention": mount.get("snapshot_retention"),
        "auto_backup_enabled": mount.get("scheduled_snapshots"),
        "compute": guest,
        "compute_image": deployment.image,
    }
    created: dict[str, Any] = deployment.session.api.machines("POST", f"/apps/{deployment.app}/volumes", body)
    return created


def take_volume(deployment: Deployment, name: str, region: str) -> str | None:
    """The id of an unattached volume of that name in the region, which is then spoken for; None when there is none."""
    volumes = deployment.volumes.get(name, [])
    for volume in volumes:
        if not region or volume["region"] == region:
            volumes.remove(volume)
            return str(volume["id"])
    return None


def check_volumes(deployment: Deployment) -> None:
    """See that every group with a mount has, or can get, its volumes.

    Raises:
        Failure: one is missing, or a machine has one of another name.
    """
    present = {group for machine in deployment.machines if (group := _group(machine))}
    for group in deployment.groups:
        mounts = for_group(deployment.settings, group)["mounts"]
        if group in present:
            _check_existing(deployment, group, mounts[0].get("source", "") if mounts else "")
            continue
        for mount in mounts:
            name = mount.get("source", "")
            if not deployment.volumes.get(name):
                raise Failure(
                    f"creating a new machine in group '{group}' requires an unattached '{name}' volume. Create it "
                    f"with `fly volume create {name}`"
                )


def _group(machine: dict[str, Any]) -> str:
    return str(machine["config"].get("metadata", {}).get("fly_process_group", ""))


def _check_existing(deployment: Deployment, group: str, name: str) -> None:
    missing: dict[str, int] = {}
    for machine in deployment.machines:
        if _group(machine) != group:
            continue
        mounts = machine["config"].get("mounts") or []
        if mounts and not name:
            raise Failure(
                f"deployment cancelled: machine {machine['id']} [{group}] has a volume mounted but app config does "
                "not specify a volume; remove the volume from the machine or add a [mounts] section to fly.toml"
            )
        has = mounts[0].get("name") if mounts else ""
        if has and has != name:
            raise Failure(
                f"machine {machine['id']} [{group}] can't update the attached volume {name} with name "
                f"'{mounts[0].get('volume', '')}' by '{has}'"
            )
        if name and not mounts:
            missing[machine["region"]] = missing.get(machine["region"], 0) + 1
    have: dict[str, int] = {}
    for volume in deployment.volumes.get(name, []):
        have[volume["region"]] = have.get(volume["region"], 0) + 1
    short = {region: count - have.get(region, 0) for region, count in missing.items() if count > have.get(region, 0)}
    if short:
        wanted = " ".join(f"{region}={count}" for region, count in sorted(short.items()))
        raise Failure(
            f"Process group '{group}' needs volumes with name '{name}' to fulfill mounts defined in fly.toml; Run "
            f"`fly volume create {name} -r REGION -n COUNT` for the following regions and counts: {wanted}"
        )
