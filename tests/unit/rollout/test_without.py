"""Rollouts past a host that stays down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.local.faults.request import fault_of
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.part import Part
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.recovery.recovery import Recovery
from tests.unit.rollout.recovery.killed_world import KilledWorld
from tests.unit.rollout.rollout_world import APP, World

COUNTS = {"iad": 2, "fra": 1, "nrt": 1}


def but(world: World, image: PlannedImage, *names: str) -> Desired:
    """The fleet with an image, but for what these name."""
    return world.desired(image, COUNTS, policy=RolloutPolicy(timeout=60.0), without=names)


@pytest.fixture
def shop(world: World) -> World:
    """Four machines in three regions, deployed and well; then the host in fra dies."""
    assert world.deploy(world.desired(world.push("old"), COUNTS)).kind == "done"
    platform = world.simulation.platform
    platform.faults.add(fault_of(platform.kernel, {"name": "host-down", "app": APP, "region": "fra"}))
    world.pass_time(30.0)
    assert [machine.host_status for machine in world.in_region("fra")] != ["ok"]
    return world


def test_a_host_that_stays_down_is_in_the_way(shop: World) -> None:
    outcome = shop.deploy(but(shop, shop.push("new")))
    assert outcome.kind != "done"


@pytest.mark.parametrize("by", ["region", "machine"])
def test_what_is_left_out_is_in_nobodys_way(by: str, shop: World) -> None:
    (down,) = shop.in_region("fra")
    image = shop.push("new")
    before = len(shop.calls)
    outcome = shop.deploy(but(shop, image, "fra" if by == "region" else down.id))
    assert outcome.kind == "done", outcome.what
    assert f"3 machines are new and verified, 1 unchanged, but what was left out: fra ({down.id})" in outcome.what
    assert not [path for _, path in shop.calls[before:] if down.id in path]
    assert not {down.id} & set(shop.probes[-50:])
    assert {machine.digest for machine in shop.machines() if machine.region != "fra"} == {image.digest}
    (row,) = [row for row in outcome.rows if row.machine == down.id]
    assert (row.fate, row.why) == ("unchanged", "left out")
    assert all(row.health == "healthy" for row in outcome.rows if row.machine != down.id)


def test_it_is_brought_along_when_it_is_back(shop: World) -> None:
    image = shop.push("new")
    assert shop.deploy(but(shop, image, "fra")).kind == "done"
    shop.simulation.platform.faults.clear()
    shop.pass_time(30.0)
    outcome = shop.deploy(shop.desired(image, COUNTS))
    assert outcome.kind == "done", outcome.what
    assert {machine.digest for machine in shop.machines()} == {image.digest}
    assert "1 machine is new and verified, 3 unchanged" in outcome.what


def test_a_failure_elsewhere_leaves_it_alone_too(shop: World) -> None:
    def state(machine: Machine) -> tuple[str, str]:
        return machine.id, machine.instance_id

    before = [state(machine) for machine in shop.in_region("fra")]
    shop.flyctl.broken = "the image cannot be pulled"
    outcome = shop.deploy(but(shop, shop.push("new"), "fra"))
    assert outcome.kind in ("untouched", "rolled_back")
    assert [state(machine) for machine in shop.in_region("fra")] == before


def kill_after_the_canary(killed: KilledWorld, *names: str) -> PastRollout:
    """A rollout of three regions that died when its first region was new."""
    assert killed.deploy(killed.world.push("one")).kind == "done"
    image = killed.world.push("two")

    def deploy() -> None:
        work = replace(killed.work(), part=Part(without=names))
        fleet = work.observe()
        work.run(work.plan(fleet, image), fleet)

    for at in range(1, 100):
        assert killed.killed(at, deploy)
        if (past := killed.past()) is not None and len({m.digest for m in killed.world.machines()}) == 2:
            return past
        if past is not None:
            killed.recovery().abort(past)
    raise AssertionError("it never got that far")


def test_a_killed_rollout_is_finished_past_a_host_that_died_since(tmp_path: Path) -> None:
    killed = KilledWorld(tmp_path)
    past = kill_after_the_canary(killed)
    (down,) = killed.world.in_region("fra")
    faults = killed.world.simulation.platform.faults
    faults.add(fault_of(killed.world.simulation.platform.kernel, {"name": "host-down", "app": APP, "region": "fra"}))
    killed.world.pass_time(30.0)
    outcome = Recovery(replace(killed.work(), part=Part(without=("fra",))), lambda app: 0).resume(past)
    assert outcome.kind == "done", outcome.what
    assert f"left out: fra ({down.id})" in outcome.what


def test_a_killed_rollout_still_leaves_out_what_it_left_out(tmp_path: Path) -> None:
    killed = KilledWorld(tmp_path)
    past = kill_after_the_canary(killed, "nrt")
    before = killed.world.in_region("nrt")
    outcome = killed.recovery().resume(past)
    assert outcome.kind == "done", outcome.what
    assert killed.world.in_region("nrt") == before
    assert len({machine.digest for machine in killed.world.machines() if machine.region != "nrt"}) == 1


def test_a_rollout_of_chosen_machines_is_finished_without_making_others(tmp_path: Path) -> None:
    killed = KilledWorld(tmp_path)
    assert killed.deploy(killed.world.push("one")).kind == "done"
    world, image = killed.world, killed.world.push("two")
    (gone,), (chosen,) = world.in_region("nrt"), world.in_region("fra")
    world.api.destroy(APP, gone.id, force=True)

    def deploy() -> None:
        work = replace(killed.work(), part=Part(machines=(chosen.id,)))
        fleet = work.observe()
        work.run(work.plan(fleet, image), fleet)

    assert killed.killed(4, deploy)
    past = killed.past()
    assert past is not None
    outcome = killed.recovery().resume(past)
    assert outcome.kind == "done", outcome.what
    assert {machine.id for machine in world.machines() if machine.digest == image.digest} == {chosen.id}
    assert not world.in_region("nrt")
