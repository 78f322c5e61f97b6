"""What `flyo doctor` asks the platform about the regions of a project: are they offered, and is there room in them?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.catalog.sizes import size_name
from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.doctor.room import Need, check_offered, check_room, room_unknown
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.rollout.plan.cost import Guest, guest_of_size

# Not offered, or not to this token: one that may deploy an app need not be good for asking where there is room.
NOT_SAID = (401, 403, 404, 405, 501)


def room_findings(api: MachinesApi, project: Project, machines: Sequence[Machine], book: RegionBook) -> list[Finding]:
    """Regions that are not offered, and those without room for the machines that the files want and that are not there.

    Raises:
        ApiError: the platform cannot be asked, or its answer is not understood.
        UsageError: the files name no region.
    """
    where = project.flytoml.shown
    wanted = {
        (region, group): count
        for group in project.flytoml.process_groups
        for region in project.flyo.groups.get(group, project.regions())
        if (count := project.wanted(region, group))
    }
    regions = list(dict.fromkeys(region for region, _ in wanted))
    offered = api.regions.offered()
    found = list(check_offered(where, regions, offered, book))
    asked = [region for region in regions if region in offered and not offered[region].closing]
    there = Counter((each.region, each.group) for each in machines if each.managed)
    try:
        room = _room(api, project, asked)
    except ApiError as error:
        if error.status not in NOT_SAID:
            raise
        return [*found, room_unknown(where, f"the platform does not say (status {error.status})")]
    needs = []
    for (region, group), count in ((key, count) for key, count in wanted.items() if key[0] in asked):
        guest = guest_of_size(project.flytoml.size_of(group))
        if guest is None:
            found.append(room_unknown(where, f"the size of process group {group} in {region} is not known"))
            continue
        size = f"{size_name(guest.kind, guest.cpus)} with {guest.memory_mb} MB"
        needs.append(Need(region, group, size, max(0, count - there[region, group]), room[guest][region]))
    return [*found, *check_room(where, needs, book)]


def _room(api: MachinesApi, project: Project, regions: list[str]) -> dict[Guest, dict[str, int]]:
    """Machines that would find room, by size and region."""
    if not regions:
        return {}
    organization = api.get_app(project.app)
    guests = dict.fromkeys(guest_of_size(project.flytoml.size_of(group)) for group in project.flytoml.process_groups)
    return {
        guest: api.regions.room(
            organization,
            regions,
            {"cpu_kind": guest.kind, "cpus": guest.cpus, "memory_mb": guest.memory_mb},
        )
        for guest in guests
        if guest is not None
    }
