"""Watches machines for a while after they have passed the gate; some faults take their time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.gate.checkup import looks_at
from flyctl_orchestrator.rollout.run.lane import LaneRun
from flyctl_orchestrator.rollout.run.snapshot import Poller
from flyctl_orchestrator.rollout.run.wave import WaveEnd

# Seconds between two looks, and bad looks in a row at one machine that end it.
PACE = 2.0
BAD_LOOKS = 3


def bake(seconds: float, runs: Sequence[LaneRun], context: RolloutContext, *, stopped: Callable[[], bool]) -> WaveEnd:
    """Watch the machines of a wave for `seconds`; those that sleep are left asleep."""
    if seconds <= 0:
        return WaveEnd("passed")
    context.emit("bake.started", seconds=seconds)
    until = context.clock.monotonic() + seconds
    reader, bad = Poller(context), {run.lane.name: 0 for run in runs}
    watched = [run for run in runs if run.lane.action != "destroy"]
    while context.clock.monotonic() < until:
        if stopped():
            return WaveEnd("interrupted")
        snapshot = reader.read(None)
        if reader.blind:
            return WaveEnd("inconclusive", _lost(watched[0], "inconclusive", "blind", snapshot.error))
        if snapshot.whole:
            pairs = [(run, snapshot.machines.get(run.machine_id or "")) for run in watched]
            context.concurrency.each(lambda pair: _look(pair[0], pair[1], context, bad), pairs)
        worn = [run for run in watched if run.status == "failed"]
        if worn:
            return WaveEnd("failed", worn[0])
        context.clock.sleep(min(PACE, max(0.0, until - context.clock.monotonic())))
    context.emit("bake.finished", seconds=seconds)
    return WaveEnd("passed")


def _look(run: LaneRun, machine: Machine | None, context: RolloutContext, bad: dict[str, int]) -> None:
    if machine is None:
        _lost(run, "failed", "disappeared", "the machine is gone")
        return
    exits = [e for e in machine.events if e.timestamp_s > run.after_event and e.type == "exit" and not e.requested_stop]
    if exits and looks_at(machine).anything:
        _lost(run, "failed", "exited", f"the app ended with exit code {exits[0].exit_code}")
        return
    why = _complaint(machine, context)
    bad[run.lane.name] = bad[run.lane.name] + 1 if why else 0
    if bad[run.lane.name] >= BAD_LOOKS:
        _lost(run, "failed", "bake", why)


def _complaint(machine: Machine, context: RolloutContext) -> str:
    if machine.state == "failed":
        return "the platform could not run it"
    if machine.state != "started":
        return ""
    critical = [check for check in machine.checks if check.status == "critical"]
    if critical:
        return f"check {critical[0].name} is critical"
    if not looks_at(machine).http:
        return ""
    answer = context.look(machine)
    return "" if answer.ok else answer.error or "the probe failed"


def _lost(run: LaneRun, status: str, code: str, reason: str) -> LaneRun:
    run.status, run.code, run.reason = status, code, reason  # type: ignore[assignment]
    return run
