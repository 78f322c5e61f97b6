"""What belongs to an app besides machines: its volumes and its addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.fleet.flyctl.printed import Address
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.volumes import Volume

# Days that Fly.io keeps daily snapshots unless it is told otherwise; fewer leave little time to notice a mistake.
USUAL_DAYS = 5
PUBLIC = frozenset({"v4", "v6", "shared_v4"})


def check_volumes(volumes: Iterable[Volume]) -> Iterator[Finding]:
    """What is wrong with an app's volumes."""
    for volume in volumes:
        where = f"{volume.region} {volume.id}"
        if not volume.machine:
            what = f"volume {volume.name} ({volume.size_gb} GB) belongs to no machine, and is paid for"
            fix = f"Destroy it with 'flyctl volumes destroy {volume.id}', unless its data is still wanted"
            yield Finding("warning", where, what, fix, code="doctor.volume_unused")
        if volume.host_status != "ok":
            what = f"volume {volume.name} is on a host that is {volume.host_status}"
            yield Finding("warning", where, what, "Wait, or restore a snapshot elsewhere", code="doctor.volume_host")
        if volume.snapshots is False:
            what = f"volume {volume.name} has no daily snapshots: what is lost on it is lost"
            switch = f"flyctl volumes update {volume.id} --scheduled-snapshots=true"
            fix = f"Switch them on with '{switch}', or keep copies elsewhere"
            yield Finding("warning", where, what, fix, code="doctor.no_snapshots")
        elif volume.snapshot_days is not None and volume.snapshot_days < USUAL_DAYS:
            what = f"snapshots of volume {volume.name} are kept for {volume.snapshot_days} days"
            longer = f"flyctl volumes update {volume.id} --snapshot-retention {USUAL_DAYS}"
            fix = f"Keep them longer with '{longer}'"
            yield Finding("warning", where, what, fix, code="doctor.few_snapshots")


def check_addresses(app: str, addresses: Sequence[Address], machines: Iterable[Machine]) -> Iterator[Finding]:
    """Whether an app has the addresses that it needs, and no others.

    Args:
        machines: those of the app; whether any of them serves tells what it needs.
    """
    where = f"app {app}"
    machines = list(machines)
    kinds = {address.kind for address in addresses}
    serves = any(machine.serves for machine in machines)
    if serves and not kinds:
        what = "has services and no address: nobody can reach it"
        both = f"'flyctl ips allocate-v6 --app {app}' and 'flyctl ips allocate-v4 --shared --app {app}'"
        fix = f"Give it some with {both}"
        yield Finding("error", where, what, fix, code="doctor.no_address")
    public = sorted(address.address for address in addresses if address.kind in PUBLIC)
    # An app gets its addresses before its first machines; as long as it has none, nothing tells that they are too many.
    if public and machines and not serves:
        what = f"has a public address and no service behind it: {', '.join(public)}"
        fix = f"Release it with 'flyctl ips release {public[0]} --app {app}'"
        yield Finding("warning", where, what, fix, code="doctor.public_address")
    if number := sum(address.kind == "v4" for address in addresses):
        what = f"has {number} IPv4 of its own, which cost money every month"
        fix = "A shared IPv4 is free; one of its own is for other protocols than HTTP and TLS"
        yield Finding("info", where, what, fix, code="doctor.own_ipv4")
