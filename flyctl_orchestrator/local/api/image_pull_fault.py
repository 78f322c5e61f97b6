"""image-pull-fails and pull-reverted: an update whose image cannot be pulled ends with the old version running.

As seen with Fly.io (superfly/flyctl pull request 4921): nothing but `instance_id` and the image's digest tells that the
update never happened. The machine goes back to the version before as that was sent: what was written into its metadata
since is gone, too.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flyctl_orchestrator.local.core.fault import Fault, Place
from flyctl_orchestrator.local.core.model import Machine

if TYPE_CHECKING:
    from flyctl_orchestrator.local.platform import Platform


def pull_failed(platform: Platform, new: bool, machine_id: str) -> None:
    """Let a fault strike a machine that was just created (`new`) or updated."""
    machine = platform.kernel.machines[machine_id]
    at_once = platform.faults.strikes("image-pull-fails", Place.of(machine))
    if at_once is not None and new:
        platform.runtime.unpullable[machine.id] = at_once
    elif at_once is not None:
        _revert(platform, machine, at_once)
    elif not new and (later := platform.faults.strikes("pull-reverted", Place.of(machine))) is not None:
        platform.runtime.pulling.add(machine.instance_id)
        platform.clock.call_later(
            later.number("seconds"), partial(_revert_later, platform, machine, machine.instance_id, later)
        )


def _revert_later(platform: Platform, machine: Machine, version: str, fault: Fault) -> None:
    platform.runtime.pulling.discard(version)
    # It may have been updated again, or destroyed, in the meantime; or it had begun to boot before the fault struck, as
    # one does that nothing has to be stopped for. What runs was pulled, and is not taken back.
    if machine.alive and machine.instance_id == version and machine.state != "started":
        _revert(platform, machine, fault)


def _revert(platform: Platform, machine: Machine, fault: Fault) -> None:
    kernel = platform.kernel
    failed = machine.image
    launch = platform.lifecycle.boots_next(machine) or machine.state == "starting"
    platform.machines.revert(machine)
    kernel.event(machine, "update", "failed", "flyd", {"error": f"failed to pull image {failed}"})
    kernel.say(machine, f"failed to pull image {failed} (fault {fault.id}): going back to the old version", "error")
    platform.lifecycle.replace(machine, launch=launch)
