"""fly.toml mounts a volume of another name: each machine gets a replacement that has it, and keeps what it had."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.rollout.plan.changed_volumes import detached_volumes
from tests.unit.rollout.volumes.killed_sweep import ended
from tests.unit.rollout.volumes.mounted_world import MountedWorld, changed

# Each line of a journal is a rollout and the end of it.
pytestmark = pytest.mark.timeout(400)


def renamed(directory: Path) -> MountedWorld:
    """Three machines with a volume each; fly.toml mounts one of another name by now."""
    return changed(directory, "files")


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
    def begin(directory: Path) -> tuple[MountedWorld, tuple[set[str], list[str], list[str]]]:
        world = renamed(directory)
        return world, (ids(world), sorted(world.owners()), sorted(world.make("iad", "fra", "fra")))

    for at, world, (old, first, made) in ended(tmp_path, way, begin):
        world.volume = "files" if way == "resume" else "data"
        world.check()
        assert sorted(world.free()) == (first if way == "resume" else made), at
        assert not any(machine.cordoned for machine in world.world.machines()) and len(ids(world)) == 3, at
        assert way == "abort" or not ids(world) & old, at
