"""How a wave passes the time between two looks: as long as machines boot, by asking the platform to say when one is up.

A look at the whole wave costs a list, of which there is one a second for everybody. A long poll on one machine returns
the moment it runs, and by then those run, too, that were changed before it: the next look finds them ready, or nearly
so. As long as none has passed, the one that was changed last is looked at for all of them; the few that have not passed
after that are looked at one by one, which the platform allows more often.
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
SOON, GROWTH = 0.2, 1.5


class PollSchedule:
    """Decides when a wave looks again."""

    def __init__(self, context: RolloutContext) -> None:
        self._context = context
        self._up: set[tuple[str, str]] = set()
        self._near: set[str] = set()
        self._alike: set[str] = set()
        self._alike_since = self._up_to = float("-inf")
        self._told = False
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
        if self._alike > {run.lane.name for run in near} and near and not self._told:
            # One has passed: it is time for a look at all that are like it.
            self._told, self._soon = True, SOON
        elif near:
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
        self._up_to = max([self._up_to, *(_changed(run) for run in proving if not self._boots(run))])
        return [run for run in proving if not self._boots(run) or _changed(run) <= self._up_to]

    def worth_a_look(self, runs: Sequence[LaneRun]) -> list[LaneRun]:
        """The lanes of `near` that are worth a look between two lists: one for all, until one of them has passed."""
        near = self.near(runs)
        names = {run.lane.name for run in near}
        if not names <= self._alike:
            self._alike, self._alike_since, self._told = names, self._context.clock.monotonic(), False
        return near if names < self._alike or not near else [max(near, key=_changed)]

    @property
    def since_near(self) -> float:
        """Seconds since machines have come near; infinity when none has."""
        return self._context.clock.monotonic() - self._alike_since

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
