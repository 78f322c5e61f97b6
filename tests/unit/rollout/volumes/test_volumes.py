"""Volumes in the life of a rollout: one for each machine, kept when it goes, and used before another one is made."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.plan.steps import TakeVolume
from tests.unit.rollout.recovery.test_killed_anywhere import MOST
from tests.unit.rollout.volumes.mounted_world import LostAnswers, MountedWorld

TWO = {"iad": 1, "fra": 1}
FIVE = {"iad": 2, "fra": 1, "nrt": 1, "syd": 2, "gru": 1}


@pytest.fixture
def mounted(tmp_path: Path) -> MountedWorld:
    """An app without a machine, in two regions."""
    world = MountedWorld(tmp_path)
    world.want(**TWO)
    return world


@pytest.mark.parametrize("counts", [TWO, FIVE], ids=["two regions", "five regions"])
def test_the_first_deploy_makes_a_volume_for_every_machine(mounted: MountedWorld, counts: dict[str, int]) -> None:
    mounted.want(**counts)
    assert mounted.deploy(mounted.push("one")).kind == "done"
    assert len(mounted.world.machines()) == sum(counts.values())
    mounted.check()
    assert mounted.free() == []


def test_flyctl_finds_no_volume_that_is_meant_for_another_machine(mounted: MountedWorld) -> None:
    """It lists them once, and takes any that fits, whenever it comes to that."""
    mounted.want(iad=3)
    found: list[int] = []

    def count(event: Event) -> None:
        if event.name == "flyctl.started":
            found.append(len(mounted.owners()))

    mounted.world.on_event = count
    assert mounted.deploy(mounted.push("one")).kind == "done"
    mounted.check()
    assert found == [1] and len(mounted.owners()) == 3


def test_the_next_deploy_keeps_them(mounted: MountedWorld) -> None:
    mounted.deploy(mounted.push("one"))
    before = mounted.owners()
    assert mounted.deploy(mounted.push("two")).kind == "done"
    assert mounted.owners() == before
    mounted.check()


def test_a_region_that_is_added_gets_its_volume(mounted: MountedWorld) -> None:
    image = mounted.push("one")
    mounted.deploy(image)
    mounted.want(iad=2, fra=1, nrt=1)
    assert mounted.deploy(image).kind == "done"
    mounted.check()
    assert len(mounted.owners()) == 4


def test_a_volume_that_no_machine_has_is_used_first(mounted: MountedWorld) -> None:
    made = mounted.world.api.volumes.create("shop", "fra", {"name": "data", "size_gb": 3})
    other = mounted.world.api.volumes.create("shop", "fra", {"name": "other", "size_gb": 1})
    work = mounted.work()
    plan = work.plan(work.observe(), mounted.push("one"))
    takes = {step.region: step.volume for lane in plan.lanes for step in lane.steps if isinstance(step, TakeVolume)}
    assert takes == {"iad": "", "fra": made.id}
    assert any(f"{made.id} (data in fra for app)" in note for note in plan.notes)
    assert mounted.deploy(mounted.push("one")).kind == "done"
    mounted.check()
    assert len(mounted.owners()) == 3 and mounted.free() == [other.id]


@pytest.mark.parametrize("lose", [1, 2, 3])
def test_a_lost_answer_makes_no_second_volume(mounted: MountedWorld, lose: int) -> None:
    mounted.want(**FIVE)
    image = mounted.push("one")
    wire = LostAnswers(mounted.world.http, lose)
    mounted.world.http = wire
    assert mounted.deploy(image).kind == "done"
    assert wire.lose == 0
    mounted.check()
    assert mounted.free() == []


def test_a_failed_rollout_keeps_its_volumes_and_names_them(mounted: MountedWorld) -> None:
    mounted.sick = {"fra"}
    image = mounted.push("one")
    assert mounted.deploy(image).kind == "rolled_back"
    kept = mounted.free()
    assert mounted.world.machines() == [] and len(kept) == 2
    assert any(all(volume in note for volume in kept) and "$0.90 a month" in note for note in mounted.notes())
    mounted.sick.clear()
    assert mounted.deploy(image).kind == "done"
    mounted.check()
    assert sorted(mounted.owners()) == sorted(kept)


def test_a_machine_that_goes_leaves_its_volume(mounted: MountedWorld) -> None:
    mounted.deploy(mounted.push("one"))
    assert mounted.resize({"fra": 3}).kind == "done"
    mounted.check()
    mounted.events.clear()
    assert mounted.resize({"fra": 1}).kind == "done"
    kept = mounted.free()
    assert len(kept) == 2 and any(all(volume in note for volume in kept) for note in mounted.notes())
    assert mounted.resize({"fra": 2}).kind == "done"
    mounted.check()
    assert len(mounted.free()) == 1 and set(mounted.free()) < set(kept)


def test_a_copy_with_a_volume_of_its_own_has_nothing_left_to_deploy(mounted: MountedWorld) -> None:
    image = mounted.push("one")
    mounted.deploy(image)
    mounted.resize({"fra": 3})
    mounted.want(iad=1, fra=3)
    assert mounted.deploy(image).kind == "nothing"


def test_a_machine_goes_with_its_volume_when_that_is_asked_for(mounted: MountedWorld) -> None:
    mounted.deploy(mounted.push("one"))
    mounted.resize({"fra": 2})
    mounted.events.clear()
    assert mounted.resize({"fra": 0}, with_volumes=True).kind == "done"
    mounted.check()
    assert len(mounted.owners()) == 1 and not any("are kept" in note for note in mounted.notes())


# --- kill -9 at every line of the journal


def killed(tmp_path: Path, torn: bool) -> Iterator[MountedWorld]:
    """Worlds whose first deploy was killed at line 1, 2, 3, … until one comes to its end."""
    for at in range(1, MOST):
        mounted = MountedWorld(tmp_path / str(at))
        mounted.want(iad=2, fra=1)
        image = mounted.push("one")
        if not mounted.killed(at, partial(mounted.deploy, image), torn=torn):
            assert at > 15, "hardly anything was journalled"
            return
        yield mounted
    raise AssertionError("it never came to an end")


@pytest.mark.parametrize("torn", [False, True], ids=["after the line", "before the line"])
def test_a_killed_deploy_is_finished_without_a_second_volume(tmp_path: Path, torn: bool) -> None:
    for mounted in killed(tmp_path, torn):
        past = mounted.past()
        outcome = mounted.recovery().resume(past) if past else mounted.deploy(mounted.push("one"))
        assert outcome.kind in ("done", "nothing"), (mounted.directory, outcome.what)
        mounted.check()
        assert len(mounted.owners()) == 3, mounted.directory


@pytest.mark.parametrize("torn", [False, True], ids=["after the line", "before the line"])
def test_a_killed_deploy_that_is_undone_names_what_is_left_and_the_next_one_uses_it(tmp_path: Path, torn: bool) -> None:
    for mounted in killed(tmp_path, torn):
        past = mounted.past()
        if past is not None:
            mounted.events.clear()
            assert mounted.recovery().abort(past).kind == "done", mounted.directory
            assert mounted.world.machines() == []
            told = " ".join(mounted.notes())
            assert all(volume in told for volume in mounted.free()), mounted.directory
        assert mounted.deploy(mounted.push("one")).kind in ("done", "nothing")
        mounted.check()
        assert len(mounted.owners()) == 3, mounted.directory


@pytest.mark.parametrize("with_volumes", [False, True], ids=["kept", "with volumes"])
def test_a_killed_scale_is_finished_with_its_volumes(tmp_path: Path, with_volumes: bool) -> None:
    for at in range(1, MOST):
        mounted = MountedWorld(tmp_path / str(at))
        mounted.want(iad=1, fra=2)
        mounted.deploy(mounted.push("one"))
        counts = {"fra": 1, "nrt": 2}
        if not mounted.killed(at, partial(mounted.resize, counts, with_volumes=with_volumes)):
            assert at > 20
            return
        past = mounted.past()
        outcome = mounted.recovery().resume(past) if past else mounted.resize(counts, with_volumes=with_volumes)
        assert outcome.kind in ("done", "nothing"), (mounted.directory, outcome.what)
        mounted.check()
        assert len(mounted.world.machines()) == 4 and len(mounted.free()) == (0 if with_volumes else 1)
    raise AssertionError("it never came to an end")


def test_a_killed_scale_that_is_undone_has_the_same_volumes_again(tmp_path: Path) -> None:
    for at in range(1, MOST):
        mounted = MountedWorld(tmp_path / str(at))
        mounted.want(iad=1, fra=2)
        mounted.deploy(mounted.push("one"))
        before = set(mounted.owners())
        if not mounted.killed(at, partial(mounted.resize, {"fra": 1})):
            assert at > 8
            return
        if (past := mounted.past()) is not None:
            assert mounted.recovery().abort(past).kind == "done", mounted.directory
            mounted.check()
            assert set(mounted.owners()) == before and mounted.free() == [], mounted.directory
    raise AssertionError("it never came to an end")
