"""Runs a way back to its end, whoever asked for it: a wave that failed, Ctrl-C, `rollback` or `deploy --abort`.

The short way: no canary, no bake, all regions at once within the limit, every machine proved by the same gate. It is
never taken back by itself: what cannot be put right is named. It has a time of its own: a machine that served before
may take longer than `--timeout 1s` gives the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.context.outcome import Row
from flyctl_orchestrator.rollout.plan.plan import Wave
from flyctl_orchestrator.rollout.plan.steps import DestroyMachine
from flyctl_orchestrator.rollout.run.lane import LaneRun
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.run.result_rows import rows_at_the_end
from flyctl_orchestrator.rollout.run.snapshot import read_fleet
from flyctl_orchestrator.rollout.run.wave import WaveEnd, WaveRun
from flyctl_orchestrator.rollout.state.not_taken_back import NotTakenBack
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint
from flyctl_orchestrator.rollout.undo.not_taken_back import may_be_secrets, not_taken_back


@dataclass(frozen=True)
class WayBack:
    """How a way back went.

    Attributes:
        rows: what became of every machine.
        not_back: what is not taken back, however well it went.
        amiss: what is not as it was, machine by machine, and why; "" when it went well.
        codes: of what is amiss.
    """

    end: WaveEnd
    rows: tuple[Row, ...]
    not_back: NotTakenBack
    amiss: str = ""
    codes: frozenset[str] = frozenset()

    @property
    def good(self) -> bool:
        """Whether every machine is as it was, as far as it was to be put back."""
        return self.end.kind == "passed"

    def advice(self, then: str) -> str:
        """What to do about secrets that may be why it did not go well; "" when they may not."""
        suspect = any(may_be_secrets(code, self.not_back) for code in self.codes)
        return self.not_back.advice(then) if suspect else ""


def go_back(
    wave: Wave,
    point: RestorePoint,
    record: Record,
    context: RolloutContext,
    *,
    reason: str,
    code: str,
    stopped: Callable[[], bool],
) -> WayBack:
    """Run a way back that was planned to a restore point. Its journal has its beginning already.

    Args:
        record: of the rollout that is undone, or of a way back that is one by itself.
        reason, code: why it goes back.
        stopped: whether to stop where it is, on top of a lost lock.
    """
    context = replace(context, timeout=max(context.timeout, context.timeout_back))
    record.journal.write("rollback.begin", reason=reason, lanes=[lane.name for lane in wave.lanes])
    context.emit("rollback.started", reason=reason, code=code, machines=len(wave.lanes))
    run = WaveRun(
        wave,
        context,
        _towards(point, record),
        stopped=lambda: stopped() or bool(context.guard.lost()),
        keep_going=True,
    )
    end = run.run() if wave.lanes else WaveEnd("passed")
    context.emit("rollback.finished", ok=end.kind == "passed", verdict=end.kind)
    machines: Mapping[str, Machine] | None = read_fleet(context)
    if machines is None and run.last_snapshot is not None:
        machines = run.last_snapshot.machines
    rows = rows_at_the_end(machines, record, _by_machine(run.runs))
    bad = [each for each in run.runs if each.status != "passed"]
    amiss = "; ".join(
        f"{each.lane.region} {each.machine_id or each.lane.machine or each.lane.name}: {_why(each)}" for each in bad
    )
    not_back = not_taken_back(context, record, point, wave)
    return WayBack(end, tuple(rows), not_back, amiss, frozenset(each.code for each in bad))


def _towards(point: RestorePoint, record: Record) -> Record:
    """The same memory for the way back, with lanes of its own."""
    known = {id: answer for id, answer in record.baseline.items() if id in point.machines}
    return replace(record, runs={}, before=point.machines, baseline=known)


def _by_machine(runs: list[LaneRun]) -> Mapping[str, LaneRun]:
    """Machine id -> the lane that put it back, or that destroyed it."""
    backs = {id: each for each in runs if (id := each.machine_id or each.lane.machine)}
    for each in runs:
        for step in each.lane.steps:
            if isinstance(step, DestroyMachine):
                backs.setdefault(step.machine, each)
    return backs


def _why(run: LaneRun) -> str:
    if run.status == "running":
        return run.busy or "under way"
    return run.reason or run.busy or "not begun"
