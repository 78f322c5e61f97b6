"""kill -9 at every line of the journal: resume and abort each end with a uniform, verified fleet, every time."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from tests.unit.rollout.recovery.killed_world import KilledWorld
from tests.unit.rollout.rollout_world import APP, Snapshot, snapshot

# More lines than any of these rollouts writes; the sweep ends by itself.
MOST = 200
# Each of these tests runs some thirty rollouts to a line and takes each over.
pytestmark = pytest.mark.timeout(400)


def sleepy(directory: Path, strategy: str) -> tuple[KilledWorld, PlannedImage]:
    """Three regions, one machine asleep, and a new machine wanted with the next release."""
    killed = KilledWorld(directory, strategy)
    assert killed.deploy(killed.world.push("one")).kind == "done"
    nrt = killed.world.in_region("nrt")[0].id
    killed.world.call("POST", f"/v1/apps/{APP}/machines/{nrt}/suspend")
    killed.world.pass_time(5)
    killed.want(iad=1, fra=2, nrt=1)
    return killed, killed.world.push("two")


def bare(fleet: Mapping[str, Snapshot]) -> list[tuple[str, ...]]:
    """Every machine but for its id and what flyo has written on it."""
    return sorted((m.image, str(m.digest), m.state, str(m.cordoned), str(m.config["env"])) for m in fleet.values())


def take_over(killed: KilledWorld, way: str, past: PastRollout) -> Outcome:
    """Another run of flyo resumes or aborts."""
    outcome: Outcome = getattr(killed.recovery(), way)(past)
    return outcome


def sweep(
    tmp_path: Path, strategy: str, torn: bool, what: Callable[[KilledWorld, PlannedImage], Outcome]
) -> Iterator[tuple[KilledWorld, PlannedImage, dict[str, Snapshot]]]:
    """Worlds killed at line 1, 2, 3, … of the journal, until a run comes to its end."""
    for at in range(1, MOST):
        killed, image = sleepy(tmp_path / str(at), strategy)
        before = dict(snapshot(killed.world))
        if not killed.killed(at, partial(what, killed, image), torn=torn):
            assert at > 15, "hardly anything was journalled"
            sys.stdout.write(f"killed at each of {at - 1} lines ({strategy})\n")
            return
        yield killed, image, before
    raise AssertionError("it never came to an end")


@pytest.mark.parametrize("torn", [False, True], ids=["after the line", "before the line"])
@pytest.mark.parametrize("strategy", ["in-place", "surge"])
def test_a_killed_rollout_is_finished(tmp_path: Path, strategy: str, torn: bool) -> None:
    for killed, image, before in sweep(tmp_path, strategy, torn, KilledWorld.deploy):
        past = killed.past()
        outcome = killed.recovery().resume(past) if past else killed.deploy(image)
        assert outcome.kind in ("done", "nothing"), (killed.directory, outcome.what)
        assert killed.verified(image), killed.directory
        states = {machine.id: machine.state for machine in killed.world.machines()}
        assert sorted(states.values()) == ["started", "started", "started", "suspended"], killed.directory
        assert strategy == "surge" or set(before) <= set(states)
        assert killed.leases() == 0
        assert killed.past() is None
        assert killed.deploy(image).kind == "nothing"


@pytest.mark.parametrize("torn", [False, True], ids=["after the line", "before the line"])
@pytest.mark.parametrize("strategy", ["in-place", "surge"])
def test_a_killed_rollout_is_undone(tmp_path: Path, strategy: str, torn: bool) -> None:
    for killed, image, before in sweep(tmp_path, strategy, torn, KilledWorld.deploy):
        past = killed.past()
        if past is not None:
            outcome = killed.recovery().abort(past)
            assert outcome.kind == "done", (killed.directory, outcome.what)
        # Killed after its last word it was done, and there is nothing to undo.
        over = past is None and killed.verified(image)
        now = snapshot(killed.world)
        # A surge killed while it retires what it has replaced cannot bring an id back.
        assert over or now == before or (strategy == "surge" and bare(now) == bare(before)), killed.directory
        assert killed.leases() == 0
        assert killed.past() is None


@pytest.mark.parametrize("way", ["resume", "abort"])
def test_a_killed_way_back_is_finished(tmp_path: Path, way: str) -> None:
    """The release is bad, the rollout goes back by itself, and is killed anywhere in that."""
    bad = Behaviour(healthy=lambda machine, region: region != "fra")

    def fail(killed: KilledWorld, image: PlannedImage) -> Outcome:
        return killed.deploy(killed.world.push("bad", bad))

    for killed, _, before in sweep(tmp_path, "in-place", False, fail):
        past = killed.past()
        if past is not None:
            outcome = take_over(killed, way, past)
            # Whoever resumes before the gate has failed finds out for himself that the release is bad.
            assert outcome.kind in ("done", "rolled_back"), (killed.directory, outcome.what)
        assert snapshot(killed.world) == before, killed.directory


def test_a_run_that_takes_over_may_be_killed_as_well(tmp_path: Path) -> None:
    """Killed half-way, then the resuming or aborting run is killed at every line of its own, then somebody resumes.

    At its 9th line the first one has changed the canary, at its 20th it has created a machine as well.
    """
    for way, line in itertools.product(("resume", "abort"), (9, 20)):
        for at in range(1, MOST):
            killed, image = sleepy(tmp_path / way / str(line) / str(at), "in-place")
            before = snapshot(killed.world)
            assert killed.killed(line, partial(killed.deploy, image))
            assert (len(killed.world.machines()) > len(before)) is (line == 20)
            first = killed.past()
            assert first is not None
            over = not killed.killed(at, partial(take_over, killed, way, first))
            past = killed.past()
            if past is not None:
                assert killed.recovery().abort(past).kind == "done", killed.directory
                assert snapshot(killed.world) == before, killed.directory
            if over:
                break
