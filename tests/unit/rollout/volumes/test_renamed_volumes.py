"""fly.toml mounts a volume of another name: each machine gets a replacement that has it, and keeps what it had."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.rollout.plan.changed_volumes import detached_volumes
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from tests.unit.rollout.recovery.test_killed_anywhere import MOST
from tests.unit.rollout.volumes.mounted_world import MountedWorld

# Each line of a journal is a rollout and the end of it.
pytestmark = pytest.mark.timeout(400)

TWO = {"iad": 1, "fra": 2}


def renamed(directory: Path) -> MountedWorld:
    """Three machines with a volume each; fly.toml mounts one of another name by now."""
    world = MountedWorld(directory)
    world.want(**TWO)
    assert world.deploy(world.push("one")).kind == "done"
    world.check()
    world.mount("files")
    return world


def ids(world: MountedWorld) -> set[str]:
    return {machine.id for machine in world.world.machines()}


def test_each_machine_gets_the_other_volume_and_the_first_is_kept(tmp_path: Path) -> None:
    world = renamed(tmp_path)
    old, kept, made = ids(world), sorted(world.owners()), world.make("iad", "fra", "fra")
    image, runs = world.push("two"), len(world.world.flyctl.runs)
    work = world.work()
    fleet = work.observe()
    plan = work.plan(fleet, image)
    assert {each.machine for each in detached_volumes(plan, fleet)} == old
    assert any("other_volume" in lane.reasons for lane in plan.lanes)
    outcome = world.deploy(image)
    assert outcome.kind == "done", outcome.what
    world.check()
    assert not ids(world) & old and sorted(world.free()) == kept
    assert {volume for volume, machine in world.owners().items() if machine} == set(made)
    assert all(any(volume in note for note in world.notes()) for volume in kept)
    assert len(world.world.flyctl.runs) == runs + 1
    assert not set(world.world.flyctl.runs[-1].only_machines) & old
    assert world.deploy(image).kind == "nothing"


def test_nothing_is_changed_while_one_is_missing(tmp_path: Path) -> None:
    world = renamed(tmp_path)
    world.make("iad", "fra")
    before = ids(world), world.owners()
    with pytest.raises(UsageError, match=r"that do not have it.*volumes missing: fra 1") as refused:
        world.deploy(world.push("two"))
    assert refused.value.code == "plan.volume_missing"
    assert (ids(world), world.owners()) == before


@pytest.mark.parametrize("way", ["resume", "abort"])
def test_a_killed_rollout_is_ended_and_every_volume_is_there(way: str, tmp_path: Path) -> None:
    for at in range(1, MOST):
        world = renamed(tmp_path / str(at))
        old, first = ids(world), sorted(world.owners())
        made = sorted(world.make("iad", "fra", "fra"))
        image: PlannedImage = world.push("two")
        if not world.killed(at, partial(world.deploy, image)):
            assert at > 15, "hardly anything was journalled"
            return
        past = world.past()
        if past is None:
            continue
        outcome = world.recovery().resume(past) if way == "resume" else world.recovery().abort(past)
        assert outcome.kind in ("done", "nothing", "aborted"), (at, outcome.what)
        world.volume = "files" if way == "resume" else "data"
        world.check()
        assert sorted(world.free()) == (first if way == "resume" else made), at
        assert not any(machine.cordoned for machine in world.world.machines()) and len(ids(world)) == 3, at
        assert way == "abort" or not ids(world) & old, at
    raise AssertionError("it never came to an end")
