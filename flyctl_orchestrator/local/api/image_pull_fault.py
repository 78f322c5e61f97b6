"""image-pull-fails: an update whose image cannot be pulled leaves the old version running, and the machine started.

As seen with Fly.io (superfly/flyctl pull request 4921): nothing but `instance_id` and the image's digest tells that the
update never happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyctl_orchestrator.local.core.fault import Fault, Place
from flyctl_orchestrator.local.core.model import Machine

if TYPE_CHECKING:
    from flyctl_orchestrator.local.platform import Platform


def pull_failed(platform: Platform, new: bool, machine_id: str) -> None:
    """Let a fault strike a machine that was just created (`new`) or updated."""
    machine = platform.kernel.machines[machine_id]
    fault = platform.faults.strikes("image-pull-fails", Place.of(machine))
    if fault is None:
        return
    if new:
        platform.runtime.unpullable[machine.id] = fault
    else:
        _revert(platform, machine, fault)


def _revert(platform: Platform, machine: Machine, fault: Fault) -> None:
    kernel = platform.kernel
    failed = machine.image
    launch = platform.lifecycle.boots_next(machine) or machine.state == "starting"
    platform.machines.revert(machine)
    kernel.event(machine, "update", "failed", "flyd", {"error": f"failed to pull image {failed}"})
    kernel.say(machine, f"failed to pull image {failed} (fault {fault.id}): going back to the old version", "error")
    platform.lifecycle.replace(machine, launch=launch)
