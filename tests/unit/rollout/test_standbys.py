"""A worker with a standby machine whose [mounts] come, go or get another name: the standby names the new worker."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from tests.unit.rollout.recovery.test_killed_anywhere import MOST
from tests.unit.rollout.rollout_world import snapshot
from tests.unit.rollout.standby_world import REGIONS, StandbyWorld

pytestmark = pytest.mark.timeout(400)

CHANGES = [("", "data"), ("data", ""), ("data", "files")]
"""Volume before, volume after."""


def changed(directory: Path, before: str, after: str, *, strategy: str = "in-place") -> StandbyWorld:
    """A world whose fly.toml says something else by now, with a free volume for each machine."""
    world = StandbyWorld(directory, mounts=before, strategy=strategy)
    world.check()
    world.mount(after)
    if after:
        world.make(*REGIONS, "iad")
    return world


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_all_are_replaced_and_the_standby_names_the_new_one(before: str, after: str, tmp_path: Path) -> None:
    world = changed(tmp_path, before, after)
    old = set(snapshot(world.world))
    outcome = world.deploy(world.push("two"))
    assert outcome.kind == "done", outcome.what
    world.check()
    assert not old & set(snapshot(world.world))
    assert sorted(world.free()) == sorted(set(world.owners()) - {m.mount.get("volume") for m in world.world.machines()})
    # flyctl is let loose on a copy of a worker, never on a standby.
    (run,) = world.world.flyctl.runs
    assert run.only_machines == (world.main("iad").id,)
    assert world.deploy(world.push("two")).kind == "nothing"


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_a_release_that_fails_leaves_all_as_it_was(before: str, after: str, tmp_path: Path) -> None:
    world = changed(tmp_path, before, after)
    was, owners = snapshot(world.world), world.owners()
    world.sick = {"iad"}
    outcome = world.deploy(world.push("two"))
    assert outcome.kind == "rolled_back", outcome.what
    assert snapshot(world.world) == was and world.owners() == owners


@pytest.mark.parametrize(("before", "after"), CHANGES)
@pytest.mark.parametrize("way", ["resume", "abort"])
def test_a_killed_rollout_is_ended(way: str, before: str, after: str, tmp_path: Path) -> None:
    for at in range(1, MOST):
        world = changed(tmp_path / str(at), before, after)
        volumes, old = sorted(world.owners()), set(snapshot(world.world))
        image: PlannedImage = world.push("two")
        if not world.killed(at, partial(world.deploy, image)):
            assert at > 25, "hardly anything was journalled"
            return
        past = world.past()
        if past is None:
            continue
        outcome = world.recovery().resume(past) if way == "resume" else world.recovery().abort(past)
        assert outcome.kind in ("done", "nothing", "aborted"), (at, outcome.what)
        world.volume = after if way == "resume" else before
        world.check()
        assert sorted(world.owners()) == volumes, at
        assert way == "abort" or not old & set(snapshot(world.world)), at
    raise AssertionError("it never came to an end")
