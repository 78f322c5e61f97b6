"""What a deploy posts for a machine: new, updated, or only restarted with this release's marks."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.local.stand_in.deploy.deployment import Deployment
from flyctl_orchestrator.local.stand_in.deploy.first import take_volume
from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.fleet import group_of
from flyctl_orchestrator.local.stand_in.toml.groups import default_group
from flyctl_orchestrator.local.stand_in.toml.machine_config import machine_config

_AWAKE = ("started", "starting", "failed")
Machine = dict[str, Any]


@dataclass
class Change:
    """One existing machine and what becomes of it.

    Attributes:
        machine: as it is now.
        body: what is posted.
        replace: it must be destroyed and created anew.
    """

    machine: Machine
    body: dict[str, Any]
    replace: bool = False

    @property
    def asleep(self) -> bool:
        """Whether the machine is left stopped, and therefore cannot be tested."""
        return bool(self.body.get("skip_launch"))


def new_machine(deployment: Deployment, group: str, standby_for: str = "") -> dict[str, Any]:
    """What is posted to create a machine of a group, in the primary region.

    Raises:
        Failure: no volume is left for its mount.
    """
    region = str(deployment.settings.get("primary_region", ""))
    config = machine_config(deployment.settings, group, deployment.session.version)
    config.setdefault("guest", copy.deepcopy(deployment.options.guest))
    config = deployment.marked(config | {"image": deployment.image})
    if config.get("mounts"):
        config["mounts"][0]["volume"] = _volume(deployment, "New machine", group, config["mounts"][0]["name"], region)
    if standby_for:
        config["standbys"] = [standby_for]
        config["env"]["FLY_STANDBY_FOR"] = standby_for
    return deployment.launch_body(config, region, skip_launch=bool(standby_for))


def updated(deployment: Deployment, machine: Machine) -> Change:
    """What becomes of an existing machine.

    Raises:
        Failure: its mounts changed in a way that needs a volume that is not there.
    """
    before = machine.get("config") or machine.get("incomplete_config") or {}
    group = group_of(machine) or default_group(deployment.settings)
    config = machine_config(deployment.settings, group, deployment.session.version, before)
    config = deployment.marked(config | {"image": deployment.image})
    replace = machine.get("host_status", "ok") != "ok"
    replace |= _mounts(deployment, machine, group, before.get("mounts") or [], config)
    if config.get("services") and config.get("standbys"):
        del config["standbys"]
        config["env"].pop("FLY_STANDBY_FOR", None)
    asleep = _stays_asleep(machine, config)
    return Change(machine, deployment.launch_body(config, machine["region"], skip_launch=asleep), replace)


def restarted(deployment: Deployment, machine: Machine) -> Change:
    """The same config, marked with this release."""
    config = deployment.marked(copy.deepcopy(machine["config"]))
    asleep = _stays_asleep(machine, config)
    return Change(machine, deployment.launch_body(config, machine["region"], skip_launch=asleep))


def _stays_asleep(machine: Machine, config: dict[str, Any]) -> bool:
    return machine["state"] not in _AWAKE


def _mounts(
    deployment: Deployment, machine: Machine, group: str, before: list[dict[str, Any]], config: dict[str, Any]
) -> bool:
    """Settle the mounts of an existing machine; whether it must be replaced."""
    after = config.get("mounts") or []
    if not before and not after:
        return False
    if not after:
        return True
    wanted = after[0]
    if before and (not before[0].get("name") or before[0]["name"] == wanted.get("name")):
        kept = copy.deepcopy(before[0])
        for key in ("extend_threshold_percent", "add_size_gb", "size_gb_limit"):
            kept.pop(key, None)
            if key in wanted:
                kept[key] = wanted[key]
        if before[0].get("name"):
            kept["path"] = wanted.get("path", "")
        config["mounts"] = [kept, *after[1:]]
        return False
    wanted["volume"] = _volume(deployment, "machine", group, wanted.get("name", ""), machine["region"])
    return True


def _volume(deployment: Deployment, who: str, group: str, name: str, region: str) -> str:
    volume = take_volume(deployment, name, region)
    if volume is None:
        needs = "needs an unattached volume named"
        raise Failure(f"{who} in group '{group}' {needs} '{name}' in region '{region}'")
    return volume
