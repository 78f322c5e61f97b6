"""kill -9 of a scale at every line of its journal: resume and abort each end with a uniform, verified fleet."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.recovery.unfinished import refuse_unfinished
from flyctl_orchestrator.rollout.state.metadata import verified
from tests.unit.rollout.recovery.killed_world import KilledWorld
from tests.unit.rollout.recovery.test_killed_anywhere import MOST, bare, take_over
from tests.unit.rollout.rollout_world import APP, Snapshot, snapshot

COUNTS = {"syd": 2, "fra": 1, "nrt": 0}
AFTER = {"iad": 1, "fra": 1, "syd": 2}


def fleet(directory: Path, behaviour: Behaviour | None = None) -> tuple[KilledWorld, PlannedImage]:
    """Three regions and four machines, the one in nrt asleep."""
    killed = KilledWorld(directory)
    killed.want(iad=1, fra=2, nrt=1)
    image = killed.world.push("one", behaviour)
    assert killed.deploy(image).kind == "done"
    nrt = killed.world.in_region("nrt")[0].id
    killed.world.call("POST", f"/v1/apps/{APP}/machines/{nrt}/suspend")
    killed.world.pass_time(5)
    return killed, image


def sweep(tmp_path: Path, torn: bool) -> Iterator[tuple[KilledWorld, PlannedImage, dict[str, Snapshot]]]:
    """Worlds whose scale was killed at line 1, 2, 3, … of its journal, until one comes to its end."""
    for at in range(1, MOST):
        killed, image = fleet(tmp_path / str(at))
        before = snapshot(killed.world)
        if not killed.killed(at, partial(killed.scale, **COUNTS), torn=torn):
            assert at > 20, "hardly anything was journalled"
            sys.stdout.write(f"killed at each of {at - 1} lines (scale)\n")
            return
        yield killed, image, before
    raise AssertionError("it never came to an end")


def counts(killed: KilledWorld) -> dict[str, int]:
    return dict(Counter(machine.region for machine in killed.world.machines()))


@pytest.mark.parametrize("torn", [False, True], ids=["after the line", "before the line"])
def test_a_killed_scale_is_finished(tmp_path: Path, torn: bool) -> None:
    for killed, image, before in sweep(tmp_path, torn):
        past = killed.past()
        outcome = killed.recovery().resume(past) if past else killed.scale(**COUNTS)
        assert outcome.kind in ("done", "nothing"), (killed.directory, outcome.what)
        assert counts(killed) == AFTER, killed.directory
        assert killed.verified(image), killed.directory
        # The one in iad, and one of those in fra, were there before.
        assert len(snapshot(killed.world).keys() & before.keys()) == 2
        assert killed.leases() == 0
        assert killed.past() is None
        killed.want(**AFTER)
        assert killed.deploy(image).kind == "nothing"


@pytest.mark.parametrize("torn", [False, True], ids=["after the line", "before the line"])
def test_a_killed_scale_is_undone(tmp_path: Path, torn: bool) -> None:
    for killed, image, before in sweep(tmp_path, torn):
        past = killed.past()
        if past is not None:
            outcome = killed.recovery().abort(past)
            assert outcome.kind == "done", (killed.directory, outcome.what)
            # What it had destroyed has another id now.
            assert bare(snapshot(killed.world)) == bare(before), killed.directory
            assert killed.verified(image), killed.directory
        else:
            # Killed after its last word it was done, or before its first one nothing had been.
            assert counts(killed) == AFTER or snapshot(killed.world) == before, killed.directory
        assert killed.leases() == 0
        assert killed.past() is None


def test_a_plain_deploy_does_not_cover_it_up(tmp_path: Path) -> None:
    killed, _ = fleet(tmp_path)
    assert killed.killed(6, partial(killed.scale, **COUNTS))
    work = killed.work()
    said = r"scale 00\S+ \(syd 0 → 2, fra 2 → 1, nrt 1 → 0\) was stopped half-way"
    with pytest.raises(FlyoError, match=said) as caught:
        refuse_unfinished(work, work.observe())
    assert caught.value.exit == 5


@pytest.mark.parametrize("way", ["resume", "abort"])
def test_a_killed_scale_on_its_way_back_is_brought_to_that_end(tmp_path: Path, way: str) -> None:
    """New machines are ill; the scale goes back by itself, and is killed anywhere in that."""
    for at in range(1, MOST):
        killed, _ = fleet(tmp_path / str(at), Behaviour(healthy=lambda machine, region: region != "syd"))
        before = snapshot(killed.world)
        if not killed.killed(at, partial(killed.scale, **COUNTS)):
            break
        past = killed.past()
        if past is not None:
            outcome = take_over(killed, way, past)
            assert outcome.kind in ("done", "rolled_back"), (killed.directory, outcome.what)
        assert snapshot(killed.world) == before, killed.directory
    assert at > 10


def test_a_scale_that_was_carried_on_and_killed_again_is_undone_to_where_the_first_one_began(tmp_path: Path) -> None:
    for at in range(1, MOST):
        killed, _ = fleet(tmp_path / str(at))
        before = snapshot(killed.world)
        assert killed.killed(9, partial(killed.scale, **COUNTS))
        first = killed.past()
        assert first is not None and counts(killed)["syd"] == 2
        over = not killed.killed(at, partial(take_over, killed, "resume", first))
        second = killed.past()
        if second is not None:
            assert killed.recovery().abort(second).kind == "done", killed.directory
            assert bare(snapshot(killed.world)) == bare(before), killed.directory
        if over:
            break
    assert at > 10


def test_a_copy_that_was_killed_before_its_gate_is_proved_and_marked(tmp_path: Path) -> None:
    killed, _ = fleet(tmp_path)
    assert killed.killed(9, partial(killed.scale, **COUNTS))
    made = killed.world.in_region("syd")
    assert made and not any(verified(machine) for machine in made)
    past = killed.past()
    assert past is not None and past.kind == "scale"
    outcome = killed.recovery().resume(past)
    assert {machine.id for machine in killed.world.in_region("syd")} == {machine.id for machine in made}
    assert all(verified(machine) for machine in killed.world.in_region("syd"))
    assert {row.machine: row.fate for row in outcome.rows}[made[0].id] == "new"
