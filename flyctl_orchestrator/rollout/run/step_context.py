"""What a step can see and use while it is done."""

from __future__ import annotations

from dataclasses import dataclass

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.run.flyctl_driver import FlyctlDriver
from flyctl_orchestrator.rollout.run.lane import Busy, LaneRun
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.run.snapshot import Snapshot

# Seconds. Long enough for one update call with its retries; given back at once after it.
LEASE = 60


@dataclass
class StepContext:
    """One moment of one wave.

    Attributes:
        reading: the newest reading; every step of one moment sees the same.
        flyctl: the run of flyctl in this wave, None when there is none.
    """

    rollout: RolloutContext
    record: Record
    snapshot: Snapshot
    flyctl: FlyctlDriver | None = None

    def seen(self, run: LaneRun) -> Machine | None:
        """A lane's machine in the newest reading."""
        return self.snapshot.machines.get(run.machine_id or "")

    def fresh(self, run: LaneRun) -> bool:
        """Whether the newest reading was made after the lane's last action, and says something about its machine."""
        if self.snapshot.error or self.snapshot.number < run.fresh_from:
            return False
        return self.snapshot.whole or self.seen(run) is not None

    def acted(self, run: LaneRun) -> None:
        """Note that a lane has just acted: readings made until now show the past."""
        run.fresh_from = self.snapshot.number + 1

    def phase(self, run: LaneRun, phase: str, detail: str = "") -> None:
        """Tell how far a machine is, if that is news."""
        if run.phase == (phase, detail):
            return
        run.phase = (phase, detail)
        lane = run.lane
        self.rollout.emit(
            "machine.phase",
            lane=lane.name,
            region=lane.region,
            group=lane.group,
            machine=run.machine_id,
            phase=phase,
            reason=detail,
            release=run.last_seen.release if run.last_seen else None,
        )

    @property
    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return self.rollout.clock.monotonic()


def patient(error: ApiError) -> Busy | None:
    """For errors that pass by themselves: a held lease, a machine in between two states, no room, an odd answer."""
    if error.kind in ("conflict", "rate_limited", "server", "network", "timeout", "unreadable"):
        return Busy(error.what, 2.0)
    if error.kind == "precondition":
        return Busy(error.what, 1.0)
    if error.kind == "capacity":
        return Busy(error.what, 5.0)
    return None
