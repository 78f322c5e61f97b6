"""Counts what users were answered while machines are watched, where there is somebody who counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from flyctl_orchestrator.fleet.metrics import Metrics, MetricsError
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.gate.traffic import UsersAnswers
from flyctl_orchestrator.rollout.gate.verdict import Verdict
from flyctl_orchestrator.rollout.run.record import Record

# Seconds between two readings, and how far back users' answers before the change are counted.
PERIOD, BEFORE = 5.0, 600.0


class UserCount:
    """The answers to users during one watch. Where they cannot be had it is said once, and nothing depends on it."""

    def __init__(self, context: RolloutContext, record: Record, seconds: float) -> None:
        self._context = context
        self._record = record
        # Figures that come after the watch are of no use in it.
        self._metrics = context.metrics if seconds > context.edge.counted_after else None
        self._answers: UsersAnswers | None = None
        self._read_at = float("-inf")

    def ours(self, machine: str, status: int | None) -> None:
        """One of our own requests was answered."""
        if self._answers is not None:
            self._answers.ours(machine, status)

    def look(self, since: Mapping[str, float]) -> None:
        """Read the counters if it is time to.

        Args:
            since: id of a machine under watch -> when its watch began, in seconds of the monotonic clock.
        """
        now, metrics = self._context.clock.monotonic(), self._metrics
        settled = [machine for machine, began in since.items() if now >= began + self._context.edge.counted_after]
        if metrics is None or self._record.uncounted or not settled or now < self._read_at + PERIOD:
            return
        self._read_at = now
        try:
            if self._answers is None:
                self._answers = UsersAnswers(self._before(metrics))
            counted = metrics.answers(self._context.app)
        except MetricsError as error:
            self._record.uncounted = True
            self._context.emit("warning", code="metrics", what=f"users' requests are not counted: {error}")
            return
        for machine in settled:
            self._answers.see(machine, counted.get(machine, Counter()))
        if asked := self._answers.asked:
            before = self._answers.before
            facts = {"asked_before": before.total(), "errors_before": before[5]}
            self._context.emit("traffic.counted", asked=asked, errors=self._answers.errors, **facts)

    def _before(self, metrics: Metrics) -> Counter[int]:
        if self._record.users_before is None:
            counted = metrics.answers(self._context.app, BEFORE)
            self._record.users_before = sum(counted.values(), Counter())
        return self._record.users_before

    def judge(self) -> tuple[Verdict, str]:
        """The verdict on what was counted, and the machine it is about."""
        return (Verdict("pass"), "") if self._answers is None else self._answers.judge()
