"""How often a wave looks at its machines, and that looking less often hides nothing."""

from __future__ import annotations

from collections import Counter

import pytest

from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.project.model import Probe, RolloutPolicy
from tests.unit.rollout.rollout_world import APP, World, snapshot

MACHINES = f"/apps/{APP}/machines"
WATCHED = RolloutPolicy(timeout=60.0, max_unavailable=9)
COUNTS = {"iad": 1, "fra": 3, "nrt": 3}


class Looks:
    """Readings of the fleet, from now on: when, and of what ("" for a list)."""

    def __init__(self, world: World) -> None:
        self.made: list[tuple[float, str]] = []
        self._world = world
        world.on_call = self._look

    def _look(self, method: str, url: str, body: object) -> None:
        path = url.split("/v1", 1)[-1].split("?")[0]
        if method == "GET" and path.startswith(MACHINES) and path.count("/") <= 4:
            self.made.append((self._world.clock.now(), path.removeprefix(MACHINES).lstrip("/")))

    def between(self, first: float, last: float) -> list[str]:
        """What was read in that time."""
        return [what for at, what in self.made if first <= at < last]


def when(world: World, name: str, **fields: object) -> list[float]:
    return [event.ts for event in world.events if event.name == name and fields.items() <= event.fields.items()]


@pytest.fixture
def looked(world: World) -> Looks:
    """A fleet that is deployed, and what is read of it from here on."""
    assert world.deploy(world.desired(world.push("one"), COUNTS)).kind == "done"
    world.events.clear()
    return Looks(world)


def test_one_machine_tells_for_all_that_boot_with_it(world: World, looked: Looks) -> None:
    assert world.deploy(world.desired(world.push("two"), COUNTS, policy=WATCHED)).kind == "done"
    began, passed = when(world, "wave.started")[1], when(world, "machine.phase", phase="watching")
    singles = Counter(what for what in looked.between(began, max(passed)) if what)
    assert len(singles) == 1 and max(singles.values()) > 2
    # All that are like it are read at once, in a list, and pass together.
    assert looked.between(began, max(passed)).count("") <= 2
    assert max(passed) - sorted(passed)[1] < 0.5


def test_one_that_does_not_come_up_keeps_the_others_from_nothing(world: World, looked: Looks) -> None:
    last = world.in_region("nrt")[-1].id
    ill = world.push("two", Behaviour(healthy=lambda machine, region: machine != last))
    assert world.deploy(world.desired(ill, COUNTS, policy=WATCHED)).kind == "rolled_back"
    failed = when(world, "machine.phase", phase="failed")[0]
    passed = [at for at in when(world, "machine.phase", phase="watching") if at < failed]
    assert len(passed) == 6
    assert max(passed) - sorted(passed)[1] < 2.0


def test_machines_that_answer_well_are_read_a_few_times_and_once_at_the_end(world: World, looked: Looks) -> None:
    assert world.deploy(world.desired(world.push("two"), COUNTS, policy=WATCHED)).kind == "done"
    for began, over in zip(when(world, "watch.started"), when(world, "wave.passed"), strict=True):
        reads = [at for at, _ in looked.made if began < at <= over]
        assert 1 <= len(reads) <= 3 and reads[-1] >= began + 10.0


def test_without_answers_from_outside_they_are_read_all_the_time(world: World, looked: Looks) -> None:
    desired = world.desired(world.push("two"), COUNTS, policy=WATCHED)
    assert world.deploy(desired, Probe(evidence="off")).kind == "done"
    began, over = when(world, "watch.started")[0], when(world, "wave.passed")[0]
    assert len([at for at, _ in looked.made if began < at <= over]) >= 5


@pytest.mark.parametrize("after", [1.0, 2.5, 4.0, 6.5, 8.0])
def test_a_machine_that_falls_silent_is_read_at_the_next_look(world: World, looked: Looks, after: float) -> None:
    before = snapshot(world)
    ends = world.push("ends", Behaviour(exit_after_seconds=0.5 + after))
    outcome = world.deploy(world.desired(ends, COUNTS, policy=WATCHED))
    assert (outcome.kind, outcome.code) == ("rolled_back", "exited"), outcome.what
    (began,), (lost,) = when(world, "watch.started")[:1], when(world, "machine.phase", phase="failed")[:1]
    # One look to hear nothing, and one to read why.
    assert lost - began <= after + 4.5
    assert snapshot(world) == before
