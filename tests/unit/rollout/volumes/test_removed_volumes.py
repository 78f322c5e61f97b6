"""fly.toml mounts no volume any more: machines are replaced by ones without, and no volume is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.fleet.machine import Machine
from tests.unit.rollout.volumes.killed_sweep import ended
from tests.unit.rollout.volumes.mounted_world import MountedWorld, changed

# Each line of a journal is a rollout and the end of it.
pytestmark = pytest.mark.timeout(400)


def mounted(directory: Path) -> MountedWorld:
    """Three machines with a volume each; fly.toml mounts none by now."""
    return changed(directory, "")


def ids(world: MountedWorld) -> list[str]:
    return sorted(machine.id for machine in world.world.machines())


def what_is_theirs(machine: Machine) -> tuple[object, ...]:
    return machine.id, machine.instance_id, machine.cordoned, machine.config.get("mounts")


def without(world: MountedWorld) -> bool:
    return not any(machine.mounts for machine in world.world.machines())


def test_each_machine_is_replaced_by_one_without_and_its_volume_is_kept(tmp_path: Path) -> None:
    world = mounted(tmp_path)
    old, volumes, runs = ids(world), sorted(world.owners()), len(world.world.flyctl.runs)
    outcome = world.deploy(world.push("two"))
    assert outcome.kind == "done", outcome.what
    assert without(world) and not set(ids(world)) & set(old) and len(ids(world)) == 3
    assert sorted(world.free()) == volumes
    assert all(any(volume in note for note in world.notes()) for volume in volumes)
    # flyctl is let loose on a copy that has no volume already, and replaces nothing itself.
    assert len(world.world.flyctl.runs) == runs + 1
    assert not set(world.world.flyctl.runs[-1].only_machines) & set(old)
    assert world.deploy(world.push("two")).kind == "nothing"


def test_a_release_that_fails_leaves_the_machines_with_their_volumes(tmp_path: Path) -> None:
    world = mounted(tmp_path)
    before = sorted(what_is_theirs(machine) for machine in world.world.machines())
    owners = world.owners()
    world.sick = {"fra"}
    outcome = world.deploy(world.push("two"))
    assert outcome.kind == "rolled_back", outcome.what
    assert sorted(what_is_theirs(machine) for machine in world.world.machines()) == before
    assert world.owners() == owners


def test_what_comes_back_to_fly_toml_takes_the_volumes_that_were_kept(tmp_path: Path) -> None:
    world = mounted(tmp_path)
    volumes = sorted(world.owners())
    assert world.deploy(world.push("two")).kind == "done"
    world.mount()
    assert world.deploy(world.push("three")).kind == "done"
    world.check()
    assert sorted(world.owners()) == volumes and world.free() == []


# --- kill -9 at every line of the journal


@pytest.mark.parametrize("way", ["resume", "abort"])
def test_a_killed_rollout_is_ended_and_every_volume_is_there(way: str, tmp_path: Path) -> None:
    def begin(directory: Path) -> tuple[MountedWorld, tuple[list[str], dict[str, str]]]:
        world = mounted(directory)
        return world, (ids(world), {each["id"]: each["region"] for each in world.world.volumes()})

    for at, world, (old, homes) in ended(tmp_path, way, begin):
        assert sorted(world.owners()) == sorted(homes) and len(ids(world)) == 3, at
        assert not any(machine.cordoned for machine in world.world.machines()), at
        if way == "resume":
            assert without(world) and not set(ids(world)) & set(old), at
        else:
            world.volume = "data"
            world.check()
            back = {machine.mount["volume"]: machine.region for machine in world.world.machines()}
            assert back == homes, at
