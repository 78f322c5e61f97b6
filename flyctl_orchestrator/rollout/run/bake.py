"""Watches machines for a while longer after a wave has passed; some faults take their time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.run.lane import LaneRun
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.run.snapshot import Poller
from flyctl_orchestrator.rollout.run.step_context import StepContext
from flyctl_orchestrator.rollout.run.watch import WaveWatch
from flyctl_orchestrator.rollout.run.wave import WaveEnd


def bake(
    seconds: float, runs: Sequence[LaneRun], context: RolloutContext, record: Record, *, stopped: Callable[[], bool]
) -> WaveEnd:
    """Watch the machines of a wave for `seconds` more, as before: answers are gathered and judged anew.

    Those that were put to sleep, and those that fall asleep meanwhile, are left asleep.
    """
    if seconds <= 0:
        return WaveEnd("passed")
    now, poller = context.clock.monotonic(), Poller(context)
    for run in runs:
        run.passed_at, run.fresh_from = now, 0
    watch = WaveWatch(context, record, runs, seconds, baking=True)
    while True:
        if stopped():
            return WaveEnd("interrupted")
        read = poller.none() if watch.calm else poller.read(None)
        watch.look(StepContext(context, record, read), blind=poller.blind)
        for kind in ("failed", "inconclusive"):
            if lost := [run for run in runs if run.status == kind]:
                return WaveEnd(kind, lost[0])
        if watch.over:
            return WaveEnd("passed")
        context.clock.sleep(watch.pause)
