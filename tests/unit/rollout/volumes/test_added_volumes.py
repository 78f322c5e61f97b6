"""A volume for machines that have none: each gets a replacement that has it, and none is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.machine import Machine
from tests.unit.rollout.volumes.killed_sweep import ended
from tests.unit.rollout.volumes.mounted_world import MountedWorld

# Each line of a journal is a rollout and the end of it.
pytestmark = pytest.mark.timeout(400)

TWO = {"iad": 1, "fra": 2}


def bare(directory: Path) -> MountedWorld:
    """Three machines without a volume in two regions; fly.toml mounts one by now."""
    world = MountedWorld(directory)
    world.mount("")
    world.want(**TWO)
    assert world.deploy(world.push("one")).kind == "done"
    world.mount()
    return world


def ids(world: MountedWorld) -> list[str]:
    return sorted(machine.id for machine in world.world.machines())


def what_is_theirs(machine: Machine) -> tuple[object, ...]:
    return machine.id, machine.instance_id, machine.cordoned, machine.config.get("mounts")


def test_each_machine_gets_one_that_was_free(tmp_path: Path) -> None:
    world = bare(tmp_path)
    old, volumes = ids(world), world.make("iad", "fra", "fra")
    runs = len(world.world.flyctl.runs)
    outcome = world.deploy(world.push("two"))
    assert outcome.kind == "done", outcome.what
    world.check()
    assert sorted(world.owners()) == sorted(volumes) and world.free() == []
    assert not set(ids(world)) & set(old) and len(ids(world)) == 3
    # flyctl is let loose on a copy that has its volume already, and replaces nothing itself.
    assert len(world.world.flyctl.runs) == runs + 1
    assert not set(world.world.flyctl.runs[-1].only_machines) & set(old)
    assert world.deploy(world.push("two")).kind == "nothing"


def test_nothing_is_changed_while_one_is_missing(tmp_path: Path) -> None:
    world = bare(tmp_path)
    world.make("iad", "fra")
    before = [what_is_theirs(machine) for machine in world.world.machines()]
    with pytest.raises(UsageError, match="volumes missing: fra 1"):
        world.deploy(world.push("two"))
    assert [what_is_theirs(machine) for machine in world.world.machines()] == before


def test_a_release_that_fails_leaves_the_machines_and_frees_the_volumes(tmp_path: Path) -> None:
    world = bare(tmp_path)
    before = sorted(what_is_theirs(machine) for machine in world.world.machines())
    volumes = world.make("iad", "fra", "fra")
    world.sick = {"fra"}
    outcome = world.deploy(world.push("two"))
    assert outcome.kind == "rolled_back", outcome.what
    assert sorted(what_is_theirs(machine) for machine in world.world.machines()) == before
    assert sorted(world.free()) == sorted(volumes)
    world.sick.clear()
    assert world.deploy(world.push("two")).kind == "done"
    world.check()


# --- kill -9 at every line of the journal


@pytest.mark.parametrize("way", ["resume", "abort"])
def test_a_killed_rollout_is_ended_with_the_volumes_there_are(way: str, tmp_path: Path) -> None:
    def begin(directory: Path) -> tuple[MountedWorld, tuple[list[str], list[str]]]:
        world = bare(directory)
        return world, (ids(world), world.make("iad", "fra", "fra"))

    for at, world, (old, volumes) in ended(tmp_path, way, begin):
        assert sorted(world.owners()) == sorted(volumes), at
        if way == "resume":
            world.check()
            assert not set(ids(world)) & set(old) and len(ids(world)) == 3
        else:
            assert len(ids(world)) == 3 and not any(machine.cordoned for machine in world.world.machines())
