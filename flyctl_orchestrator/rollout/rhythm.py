"""How a wave passes the time between two looks: as long as machines boot, by asking the platform to say when one is up.

A look costs a list, of which there is one a second for everybody. A long poll on the machine that was changed last
returns the moment it runs, and by then the others run, too: the next look finds the wave ready, or nearly so.
"""

from __future__ import annotations

from collections.abc import Sequence

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.rollout.lane_run import LaneRun
from flyctl_orchestrator.rollout.means import Means
from flyctl_orchestrator.rollout.steps import Gate

# Seconds. The longest time without a look: a machine that ends by itself is noticed within it.
LONGEST = 2
# Seconds from the moment a machine runs until its first check may have passed.
FIRST_CHECK = 0.15
# Seconds between looks at machines that run and have not passed yet: at first, and how they grow.
SOON, GROWTH = 0.25, 1.5


class Rhythm:
    """Decides when a wave looks again."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._up: set[tuple[str, str]] = set()
        self._soon = SOON

    def rest(self, runs: Sequence[LaneRun], usual: float) -> None:
        """Let time pass until another look is worth its call.

        Args:
            runs: the lanes of the wave.
            usual: seconds to wait when there is nothing better to wait for.
        """
        proving = [run for run in runs if run.status == "running" and isinstance(run.step, Gate) and run.machine_id]
        booting = [run for run in proving if self._boots(run)]
        if booting:
            # The one that was changed last comes up last, or nearly so.
            self._await(max(booting, key=lambda run: run.deadline or 0.0), usual)
        elif proving:
            self._means.clock.sleep(min(self._soon, usual))
            self._soon *= GROWTH
        else:
            self._means.clock.sleep(usual)

    def _boots(self, run: LaneRun) -> bool:
        version, seen = _version(run), run.last_seen
        if version is None or (run.machine_id or "", version) in self._up:
            return False
        if seen is None or seen.instance_id != version:
            return True
        return seen.state in ("created", "starting", "updating", "replacing", "restarting")

    def _await(self, run: LaneRun, usual: float) -> None:
        means, version = self._means, _version(run)
        assert run.machine_id is not None and version is not None
        try:
            if not means.api.wait(means.app, run.machine_id, "started", LONGEST, version):
                return
        except ApiError:
            # It was only about when to look; the look itself will tell what is wrong.
            means.clock.sleep(usual)
            return
        self._up.add((run.machine_id, version))
        self._soon = SOON
        means.clock.sleep(FIRST_CHECK)


def _version(run: LaneRun) -> str | None:
    """The version the lane's change gave its machine; flyctl's is known from looking."""
    return run.instance or (run.last_seen.instance_id if run.last_seen else None)
