"""Which volume each lane's new machine gets: never two for one machine, never one for two."""

from __future__ import annotations

import threading
from typing import Any

from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.fleet.volumes import Volume
from flyctl_orchestrator.rollout.journal.journal import Journal
from flyctl_orchestrator.rollout.plan.steps import TakeVolume


class VolumeClaims:
    """The volumes of one rollout's new machines.

    A volume carries no mark of who made it. So before one is made, those that no machine has are looked at, one lane
    at a time: what an attempt whose answer got lost has made, or a run that was killed, is found there and taken.

    Attributes:
        made: the volumes that this rollout has made, as far as it was told.
    """

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._by_lane: dict[str, str] = {}
        self.made: list[Volume] = []

    def take(self, step: TakeVolume, lane: str, api: MachinesApi, app: str, journal: Journal) -> str:
        """The volume for a lane's machine; the same again as long as no machine has it.

        Returns: its id.

        Raises:
            ApiError: the volumes cannot be listed, or a new one cannot be made.
        """
        with self._one_at_a_time:
            free = {each.id: each for each in api.volumes.list(app) if each.free and each.region == step.region}
            mine = self._by_lane.get(lane, "")
            if mine in free:
                return mine
            spoken_for = set(self._by_lane.values())
            fit = [each for each in free.values() if each.name == step.name and each.id not in spoken_for]
            fit.sort(key=lambda each: (each.id != step.volume, each.id))
            volume = fit[0] if fit else self._make(step, lane, api, app, journal)
            self._by_lane[lane] = volume.id
            return volume.id

    def settle(self, lane: str, volume: str) -> None:
        """Note which volume a lane's machine has: flyctl takes any that fits."""
        with self._one_at_a_time:
            self._by_lane[lane] = volume

    def _make(self, step: TakeVolume, lane: str, api: MachinesApi, app: str, journal: Journal) -> Volume:
        volume = api.volumes.create(app, step.region, wanted_of(step))
        self.made.append(volume)
        facts = {"volume": volume.id, "name": volume.name, "region": volume.region, "size_gb": volume.size_gb}
        journal.write("volume.made", lane=lane, **facts)
        return volume


def wanted_of(step: TakeVolume) -> dict[str, Any]:
    """What the Machines API is asked for; what is not known is left to the platform."""
    wanted: dict[str, Any] = {"name": step.name, "size_gb": step.size_gb, "encrypted": True}
    if step.snapshot_retention is not None:
        wanted["snapshot_retention"] = step.snapshot_retention
    if step.scheduled_snapshots is not None:
        wanted["auto_backup_enabled"] = step.scheduled_snapshots
    if step.cpus:
        wanted["compute"] = {"cpu_kind": step.cpu_kind, "cpus": step.cpus, "memory_mb": step.memory_mb}
    return wanted
