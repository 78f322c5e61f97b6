"""What the live table knows: one row per region, put together from events. No terminal in here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flyctl_orchestrator.report.base import Fact
from flyctl_orchestrator.report.words import evidence

OVER = frozenset({"healthy", "asleep", "restored", "destroyed"})
FAILED = frozenset({"failed", "inconclusive"})


@dataclass
class RegionRow:
    """One region.

    Attributes:
        expected: machines to be changed there, 0 when not known.
        phases: by machine (or lane), the last phase.
        release, health, latency_s: of the last answer there.
    """

    region: str
    expected: int = 0
    phases: dict[str, str] = field(default_factory=dict)
    release: str = ""
    health: str = ""
    healthy: bool | None = None
    latency_s: float | None = None

    @property
    def total(self) -> int:
        """Machines to be changed there, as far as known."""
        return max(self.expected, len(self.phases))

    @property
    def done(self) -> int:
        """Machines that have come to their end: healthy, asleep, restored or destroyed."""
        return sum(1 for phase in self.phases.values() if phase in OVER)

    @property
    def state(self) -> str:
        """One word for the region: the phase of the machine that is furthest behind, or that failed."""
        phases = list(self.phases.values())
        if failed := [phase for phase in phases if phase in FAILED]:
            return failed[0]
        moving = [phase for phase in phases if phase not in OVER]
        if moving:
            return moving[-1]
        return "waiting" if self.done < self.total or not phases else phases[-1]

    @property
    def busy(self) -> bool:
        """Whether something is going on there right now."""
        return any(phase not in OVER and phase not in FAILED for phase in self.phases.values())


class ProgressTable:
    """All regions of a rollout."""

    def __init__(self) -> None:
        self.rows: dict[str, RegionRow] = {}
        self.heading = ""
        self.activity = ""
        self.since: float | None = None

    def see(self, event: Fact) -> None:
        """Take an event in; one it does not know changes nothing."""
        if self.since is None:
            self.since = event.ts
        fields = event.fields
        if event.name == "plan.ready":
            self._expect(fields.get("waves"))
        elif event.name in ("build.log", "flyctl.line"):
            self.activity = str(fields.get("line") or "")
        elif event.name in ("build.finished", "flyctl.finished", "watch.finished", "bake.finished"):
            self.activity = ""
        elif event.name in ("wave.started", "rollback.started", "build.started", "watch.started", "bake.started"):
            self._head(event.name, fields)
        elif event.name == "evidence.gathered":
            self.activity = evidence(fields)
        region = self._region_of(fields)
        if not region:
            return
        row = self.rows.setdefault(region, RegionRow(region))
        if event.name in ("machine.phase", "step.started", "step.finished", "step.failed"):
            self._phase(row, event.name, fields)
        elif event.name == "probe.answered":
            self._answer(row, fields)

    def _expect(self, waves: Any) -> None:
        if not isinstance(waves, list | tuple):
            return
        for wave in waves:
            lanes = wave.get("lanes") if isinstance(wave, dict) else None
            for lane in lanes if isinstance(lanes, list | tuple) else ():
                region = str(lane.get("region") or "") if isinstance(lane, dict) else ""
                if region:
                    self.rows.setdefault(region, RegionRow(region)).expected += 1

    def _head(self, name: str, fields: Any) -> None:
        headings = {"rollback.started": "rolling back", "build.started": "building"}
        headings |= {"watch.started": "watching", "bake.started": "bake: watching"}
        self.heading = headings.get(name) or str(fields.get("wave") or "")
        for region in fields.get("regions") or ():
            self.rows.setdefault(str(region), RegionRow(str(region)))

    def _region_of(self, fields: Any) -> str:
        lane = str(fields.get("lane") or "")
        return str(fields.get("region") or (lane.split("/")[0] if lane.count("/") == 2 else ""))

    def _phase(self, row: RegionRow, name: str, fields: Any) -> None:
        # A machine that is created has only its lane for a name at first.
        lane, machine = str(fields.get("lane") or ""), str(fields.get("machine") or "")
        who = machine or lane
        if machine and lane in row.phases:
            row.phases[machine] = row.phases.pop(lane)
        if name == "machine.phase":
            row.phases[who] = str(fields.get("phase") or "")
        elif name == "step.failed":
            row.phases[who] = "failed"
        elif who not in row.phases and name == "step.started":
            row.phases[who] = str(fields.get("step") or "").replace("_", " ")
        if fields.get("release"):
            row.release = f"v{fields['release']}"

    def _answer(self, row: RegionRow, fields: Any) -> None:
        row.healthy = bool(fields.get("ok"))
        row.health = str(fields.get("status") or ("ok" if row.healthy else "no answer"))
        row.latency_s = fields.get("latency_s")
        if fields.get("release") and not row.release:
            row.release = str(fields["release"])
