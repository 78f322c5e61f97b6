"""Volumes: what is mounted into machines and outlives them. Each has one region and at most one machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flyctl_orchestrator.fleet import wire
from flyctl_orchestrator.fleet.api_answer import acknowledged, expect
from flyctl_orchestrator.fleet.api_call import Call, Caller

# As flyctl leaves them out of its lists: on their way to being nothing.
GOING = frozenset({"scheduling_destroy", "fork_cleanup", "waiting_for_detach", "pending_destroy", "destroying"})


@dataclass(frozen=True)
class Volume:
    """One volume at the moment it was read.

    Attributes:
        name: as fly.toml calls it; several volumes share one.
        machine: id of the machine that has it, "" when none has.
        host_status: "ok" unless its host is in trouble.
        snapshots: whether it has daily ones; None when it is not said.
        snapshot_days: for how many days they are kept; None when it is not said.
    """

    id: str
    name: str
    region: str
    size_gb: int
    machine: str = ""
    host_status: str = "ok"
    snapshots: bool | None = None
    snapshot_days: int | None = None

    @property
    def free(self) -> bool:
        """Whether a new machine can have it."""
        return not self.machine and self.host_status == "ok"


class VolumesApi:
    """The volume operations of a Machines API; every method raises `ApiError` as those of `MachinesApi` do."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(self, app: str) -> list[Volume]:
        """Every volume of an app that is there to stay."""
        call = self._call("GET", app, "", "volumes.list", "list the volumes")
        # Go writes an empty list as null.
        shape: Any = list[wire.Volume] | None
        rows: list[wire.Volume] | None = self._caller.send(call, expect(shape))
        return [_volume(row) for row in rows or () if row.state not in GOING]

    def create(self, app: str, region: str, wanted: Mapping[str, Any]) -> Volume:
        """Create an empty volume. When the error says `ambiguous`, it may exist all the same: list before trying again.

        Args:
            wanted: what the API takes besides the region: name, size_gb, snapshot_retention, compute, …
        """
        body = {**wanted, "region": region}
        where = f"app {app}, region {region}"
        doing = f"create volume {wanted.get('name', '')}"
        path = f"/apps/{quote(app)}/volumes"
        call = Call("POST", path, "volumes.create", app, where, doing, json=body, repeat="if_refused", timeout=60.0)
        return _volume(self._caller.send(call, expect(wire.Volume)))

    def destroy(self, app: str, volume: str) -> None:
        """Destroy a volume that no machine has; one that is gone is no error. Fly.io keeps snapshots for a while."""
        call = self._call("DELETE", app, f"/{quote(volume)}", "volumes.destroy", f"destroy volume {volume}")
        self._caller.send(call, acknowledged, accept={404: None})

    def _call(self, method: str, app: str, path: str, action: str, doing: str) -> Call:
        return Call(method, f"/apps/{quote(app)}/volumes{path}", action, app, f"app {app}", doing)


def _volume(data: wire.Volume) -> Volume:
    return Volume(
        id=data.id,
        name=data.name,
        region=data.region,
        size_gb=data.size_gb,
        machine=data.attached_machine_id or data.attached_alloc_id or "",
        host_status=data.host_status or "ok",
        snapshots=data.auto_backup_enabled,
        snapshot_days=data.snapshot_retention,
    )
