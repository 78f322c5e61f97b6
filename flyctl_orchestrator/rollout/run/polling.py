"""How a wave passes the time between two looks: as long as machines boot, by asking the platform to say when one is up.

A look at the whole wave costs a list, of which there is one a second for everybody. A long poll on one machine returns
the moment it runs, and by then those run, too, that were changed before it: the next look finds them ready, or nearly
so. The few that have not passed yet are then looked at one by one, which the platform allows more often.
"""

from __future__ import annotations

from collections.abc import Sequence

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.plan.steps import Gate
from flyctl_orchestrator.rollout.run.lane import LaneRun

# Seconds. The longest time without a look: a machine that ends by itself is noticed within it.
LONGEST = 2
# Seconds between two changes that count as made together.
TOGETHER = 1.0
# Seconds from the moment a machine runs until its first check may have passed.
FIRST_CHECK = 0.15
# Seconds between looks at machines that run and have not passed yet: at first, and how they grow.
SOON, GROWTH = 0.1, 1.5


class PollSchedule:
    """Decides when a wave looks again."""

    def __init__(self, context: RolloutContext) -> None:
        self._context = context
        self._up: set[tuple[str, str]] = set()
        self._near: set[str] = set()
        self._soon = SOON

    def rest(self, runs: Sequence[LaneRun], usual: float) -> None:
        """Let time pass until another look is worth its call.

        Args:
            runs: the lanes of the wave.
            usual: seconds to wait when there is nothing better to wait for.
        """
        near = self.near(runs)
        if names := {run.lane.name for run in near} - self._near:
            self._soon = SOON
        self._near |= names
        if near:
            self._context.clock.sleep(min(self._soon, usual))
            self._soon *= GROWTH
        elif proving := _proving(runs):
            # Those that were changed together come up together: the last of the first ones tells for all of them.
            first = min(_changed(run) for run in proving)
            self._await(max((run for run in proving if _changed(run) <= first + TOGETHER), key=_changed), usual)
        else:
            self._context.clock.sleep(usual)

    def near(self, runs: Sequence[LaneRun]) -> list[LaneRun]:
        """The lanes whose machines may pass at any moment: they run, or one that was changed after them does."""
        proving = _proving(runs)
        up = [_changed(run) for run in proving if not self._boots(run)]
        return [run for run in proving if not self._boots(run) or _changed(run) <= max(up, default=float("-inf"))]

    def _boots(self, run: LaneRun) -> bool:
        version, seen = _version(run), run.last_seen
        if version is None or (run.machine_id or "", version) in self._up:
            return False
        if seen is None or seen.instance_id != version:
            return True
        return seen.state in ("created", "starting", "updating", "replacing", "restarting")

    def _await(self, run: LaneRun, usual: float) -> None:
        context, version = self._context, _version(run)
        assert run.machine_id is not None and version is not None
        try:
            if not context.api.wait(context.app, run.machine_id, "started", LONGEST, version, hurry=True):
                return
        except ApiError:
            # It was only about when to look; the look itself will tell what is wrong.
            context.clock.sleep(usual)
            return
        self._up.add((run.machine_id, version))
        self._soon = SOON
        context.clock.sleep(FIRST_CHECK)


def _proving(runs: Sequence[LaneRun]) -> list[LaneRun]:
    return [run for run in runs if run.status == "running" and isinstance(run.step, Gate) and run.machine_id]


def _changed(run: LaneRun) -> float:
    """When the lane's machine was changed; only differences mean something."""
    return run.deadline or 0.0


def _version(run: LaneRun) -> str | None:
    """The version the lane's change gave its machine; flyctl's is known from looking."""
    return run.instance or (run.last_seen.instance_id if run.last_seen else None)
