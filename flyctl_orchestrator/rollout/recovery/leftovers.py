"""What a killed rollout leaves lying about: leases on machines, and a flyctl that nobody watches any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.context.context import RolloutContext

OURS = "flyo rollout "
"""How the description of every lease of a rollout begins; the rollout's id follows."""

EndOrphans = Callable[[str], int]
"""Ends every `flyctl deploy` of an app that still runs on this computer; tells how many there were."""


def clear_leftovers(
    context: RolloutContext, rollout: str, machines: Iterable[Machine], end_orphans: EndOrphans
) -> None:
    """Make way: end an orphaned flyctl, give back the leases that the killed rollout holds.

    Leases of others are left alone; they are waited for like any other.

    Args:
        rollout: id of the killed one; it must not be running any more.
    """
    orphans = end_orphans(context.app)
    if orphans:
        context.emit("note", line=f"ended {orphans} flyctl that the killed rollout had left running")

    def clear(machine: Machine) -> None:
        try:
            lease = context.api.find_lease(context.app, machine.id)
            mine = lease is not None and (lease.description == OURS + rollout or orphans > 0)
            if lease is not None and mine and lease.nonce:
                context.api.release_lease(context.app, machine.id, lease.nonce)
        except ApiError as error:
            # It expires by itself, in a minute at the latest.
            what = f"{error.what}; it ends by itself within a minute"
            context.emit("warning", code="lease_kept", machine=machine.id, what=what)

    context.concurrency.each(clear, list(machines))
