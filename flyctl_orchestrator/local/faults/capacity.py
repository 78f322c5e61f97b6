"""no-capacity: a region has no room, so that no machine is created or started in it."""

from __future__ import annotations

from fnmatch import fnmatchcase

from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.core.fault import Fault, Place
from flyctl_orchestrator.local.core.fault_board import FaultBoard
from flyctl_orchestrator.local.core.model import Machine

CREATE, START, UPDATE = "machines.create", "machines.start", "machines.update"
NO_ROOM = (
    "aborted: could not reserve resource for machine: insufficient {what} available to fulfill request on the current"
    " host"
)
# A suspended machine keeps its host's memory reserved, and one that is up has it.
_NEEDS_ROOM = frozenset({"stopped", "failed", "created"})


def lacking(faults: FaultBoard, op: str, place: Place, machine: Machine | None) -> Fault | None:
    """The fault by which there is no room for this operation, None when there is.

    Args:
        machine: which is to be started or updated; None for one that is to be created.
    """
    if op not in (CREATE, START, UPDATE) or (op == START and machine is not None and machine.state not in _NEEDS_ROOM):
        return None

    def about(fault: Fault) -> bool:
        wanted = fault.text("op")
        return fnmatchcase(op, wanted) if wanted else op != UPDATE

    return faults.strikes("no-capacity", place, about)


def no_room(fault: Fault, op: str, place: Place, with_volume: bool) -> PlatformError:
    """The refusal, as Fly.io was seen to word it: 422 or (with a volume) 412 for a new machine, 409 for another."""
    if op != CREATE:
        return PlatformError(409, f"{NO_ROOM.format(what=fault.text('what'))} (fault {fault.id})")
    if with_volume:
        error = "insufficient resources to create new machine with existing volume"
        return PlatformError(412, f"{error} (fault {fault.id})", code="volume_placement_capacity")
    error = f"insufficient resources available to fulfill request: no {fault.text('what')} left in {place.region}"
    return PlatformError(422, f"{error} (fault {fault.id})", code="insufficient_capacity")
