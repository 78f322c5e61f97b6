"""A worker with a standby machine whose [mounts] come, go or get another name: the standby names the new worker."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from flyctl_orchestrator.rollout.recovery.unfinished import make_way
from flyctl_orchestrator.rollout.state.metadata import verified
from tests.unit.rollout.recovery.test_killed_anywhere import MOST
from tests.unit.rollout.rollout_world import APP, snapshot
from tests.unit.rollout.standby_world import REGIONS, StandbyWorld
from tests.unit.rollout.volumes.killed_sweep import ended

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
    told = [event.fields for event in world.events if event.name == "machine.phase"]
    last = [fields for fields in told if fields["machine"] == world.standby().id][-1]
    assert (last["phase"], last["reason"]) == ("asleep", "stopped")
    assert world.deploy(world.push("two")).kind == "nothing"


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_a_release_that_fails_leaves_all_as_it_was(before: str, after: str, tmp_path: Path) -> None:
    world = changed(tmp_path, before, after)
    was, owners = snapshot(world.world), world.owners()
    world.sick = {"iad"}
    outcome = world.deploy(world.push("two"))
    assert outcome.kind == "rolled_back", outcome.what
    assert snapshot(world.world) == was and world.owners() == owners


@pytest.mark.parametrize(
    ("strategy", "before", "after"), [("surge", "", ""), ("in-place", "", "data"), ("in-place", "data", "files")]
)
@pytest.mark.parametrize("way", ["resume", "abort"])
def test_a_killed_rollout_is_ended(way: str, strategy: str, before: str, after: str, tmp_path: Path) -> None:
    def begin(directory: Path) -> tuple[StandbyWorld, tuple[list[str], set[str]]]:
        world = changed(directory, before, after, strategy=strategy)
        return world, (sorted(world.owners()), set(snapshot(world.world)))

    for at, world, (volumes, old) in ended(tmp_path, way, begin, least=25):
        world.volume = after if way == "resume" else before
        world.check()
        assert sorted(world.owners()) == volumes and verified(world.standby()), at
        new = set(snapshot(world.world)) - old
        assert way == "abort" or len(new) == (2 if strategy == "surge" else 3), at


def test_over_what_a_killed_rollout_has_left_another_one_comes_to_its_end(tmp_path: Path) -> None:
    for at in range(1, MOST):
        world = changed(tmp_path / str(at), "", "data")
        if not world.killed(at, partial(world.deploy, world.push("two"))):
            return
        make_way(world.work())
        world.mount("files")
        world.make(*REGIONS, "iad")
        outcome = world.deploy(world.push("three"))
        assert outcome.kind == "done", (at, outcome.what)
        world.check()
        assert len(world.owners()) == 6 and verified(world.standby()), at
    raise AssertionError("it never came to an end")


# --- later, and otherwise


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_a_later_rollback_makes_them_anew_and_the_standby_names_what_is_there(
    before: str, after: str, tmp_path: Path
) -> None:
    world = changed(tmp_path, before, after)
    assert world.deploy(world.push("two")).kind == "done"
    outcome = world.roll_back()
    assert outcome.kind == "done", outcome.what
    world.volume = before
    world.check()
    # Nothing was edited by hand.
    assert verified(world.standby())


def test_a_standby_that_was_left_out_is_put_right_by_the_next_deploy(tmp_path: Path) -> None:
    world = changed(tmp_path, "", "data")
    image, standby, main = world.push("two"), world.standby(), world.main("iad")
    assert world.deploy_without(image, standby.id).kind == "done"
    assert world.standby().standbys == (main.id,) and world.main("iad").id != main.id
    (lane, _) = world.plan(image).lanes
    assert lane.replaces == standby.id and "standby" in lane.reasons
    assert world.deploy(image).kind == "done"
    world.check()


@pytest.mark.parametrize("strategy", ["in-place", "surge"])
def test_a_standby_is_changed_where_it_is_when_there_is_no_volume(
    strategy: Literal["in-place", "surge"], tmp_path: Path
) -> None:
    world = StandbyWorld(tmp_path, strategy=strategy)
    standby, main = world.standby(), world.main("iad")
    assert world.deploy(world.push("two")).kind == "done"
    world.check()
    assert world.standby().id == standby.id and verified(world.standby())
    assert (world.main("iad").id == main.id) == (strategy == "in-place")


def test_a_surge_that_fails_gives_the_standby_its_name_back(tmp_path: Path) -> None:
    world = StandbyWorld(tmp_path, strategy="surge")
    was = snapshot(world.world)
    world.sick = {"iad"}
    assert world.deploy(world.push("two")).kind == "rolled_back"
    assert snapshot(world.world) == was
    world.sick = set()
    assert world.deploy(world.push("three")).kind == "done"
    assert world.roll_back().kind == "done"
    world.check()


def test_a_standby_that_stands_in_is_replaced_by_one_that_runs(tmp_path: Path) -> None:
    world = changed(tmp_path, "", "data")
    standby = world.standby()
    world.world.call("POST", f"/v1/apps/{APP}/machines/{standby.id}/start")
    world.world.pass_time(5)
    outcome = world.deploy(world.push("two"))
    assert outcome.kind == "done", outcome.what
    after = world.standby()
    assert after.id != standby.id and after.state == "started"
    assert after.standbys == (world.main("iad").id,)


def test_flyctl_makes_the_configuration_of_a_standby_without_company(tmp_path: Path) -> None:
    world = changed(tmp_path, "", "data")
    world.world.call("DELETE", f"/v1/apps/{APP}/machines/{world.main('fra').id}?force=true")
    main = world.main("iad").id
    world.world.call("DELETE", f"/v1/apps/{APP}/machines/{main}?force=true")
    world.world.pass_time(5)
    outcome = world.deploy(world.push("two"))
    assert outcome.kind == "done", outcome.what
    after = world.standby()
    assert (after.standbys, after.state, after.mount["name"]) == ((main,), "stopped", "data")
    assert [machine.region for machine in world.world.machines()] == ["fra", "iad", "iad"]
