"""Days that once ended mixed: where the fleet could have been made uniform it is, and else it is said exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.http import HttpError
from flyctl_orchestrator.local.faults.request import fault_of
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.recovery.going_back import decide_return, roll_back
from tests.unit.rollout.recovery.killed_world import KilledWorld
from tests.unit.rollout.rehearsal.simulated_project import SimulatedProject
from tests.unit.rollout.rollout_world import APP, World, snapshot

SURGE = RolloutPolicy(strategy="surge", timeout=30.0, watch=0.0)


def test_a_successor_that_falls_ill_before_anything_is_retired_sends_all_of_a_surge_back(tmp_path: Path) -> None:
    every = SimulatedProject.deployed(tmp_path, more='\n[rollout]\nstrategy = "surge"\n').every_day()
    for day in every.chosen([f"failing-check@{region}:after" for region in ("iad", "fra", "nrt")]):
        end = every.run(day)
        assert end.good and end.fleet != "mixed", end
    (day,) = every.chosen(["failing-check@iad:after"])
    end = every.run(day)
    assert (end.fleet, end.result.exit) == ("old", Exit.ROLLED_BACK)
    assert end.result.what.startswith("machine ") and " in iad, which replaces " in end.result.what
    assert "is not serving (check " in end.result.what and "back as it was, verified" in end.result.what


def test_nothing_is_called_verified_that_does_not_serve_when_the_rest_is_kept(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    ill: list[bool] = []
    two = world.push("two", Behaviour(healthy=lambda machine, region: not ill or region != "iad"))

    def fall_ill(event: Event) -> None:
        if event.name == "step.started" and event.fields["step"] == "stop_machine":
            ill.append(True)

    def refuse(method: str, url: str, body: Any) -> None:
        if ill and url.endswith("/stop"):
            world.pass_time(5.0)
            raise HttpError("refused")

    world.on_event, world.on_call = fall_ill, refuse
    outcome = world.deploy(world.desired(two, policy=SURGE))
    assert (outcome.kind, outcome.code) == ("mixed", "surge.left_over")
    (new,) = [machine for machine in world.in_region("iad") if not machine.cordoned]
    assert outcome.what.startswith(
        f"not serving any more after it was verified: iad {new.id}; so what was to go is kept"
    )
    assert "'flyo rollback' goes back" in outcome.next and "new and verified" not in outcome.what


def test_a_machine_that_was_still_watched_when_another_one_failed_is_not_called_verified(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    world.events.clear()
    ended: list[bool] = []
    two = world.push("two", Behaviour(healthy=lambda machine, region: not ended or region != "fra"))

    def fall_ill(event: Event) -> None:
        if event.name == "watch.started" and len([e for e in world.events if e.name == "watch.started"]) == 2:
            ended.append(True)

    world.on_event = fall_ill
    policy = RolloutPolicy(timeout=30.0, watch=20.0, rollback=False)
    outcome = world.deploy(world.desired(two, policy=policy))
    assert outcome.kind == "mixed", outcome.what
    fates = {row.region: (row.fate, row.why) for row in outcome.rows}
    assert fates["iad"] == ("new", "") and fates["fra"][0] == "failed"
    assert fates["nrt"] == ("unverified", "it was still being watched")


# --- a region that does not answer


def cut_off(tmp_path: Path) -> tuple[KilledWorld, Outcome]:
    """A rollout whose second region stops to answer once its machine was changed, for longer than it may take."""
    killed = KilledWorld(tmp_path)
    world = killed.world
    assert killed.deploy(world.push("one")).kind == "done"
    platform = world.simulation.platform

    def fail(event: Event) -> None:
        if event.name == "step.finished" and event.fields["region"] == "fra":
            world.on_event = None
            said = {"name": "region-down", "app": APP, "region": "fra", "for": 150.0, "set": {}}
            platform.faults.add(fault_of(platform.kernel, said))

    world.on_event = fail
    outcome = killed.deploy(world.push("two"))
    world.pass_time(200.0)
    return killed, outcome


def test_a_region_that_does_not_answer_is_left_as_it_is_and_that_is_said(tmp_path: Path) -> None:
    killed, outcome = cut_off(tmp_path)
    (fra,) = killed.world.in_region("fra")
    assert (outcome.exit, outcome.code) == (Exit.INCONCLUSIVE, "host")
    left = f"changed and not proved: fra {fra.id}; new and verified: 2"
    assert outcome.what.endswith(f"its host is unreachable; left as it is ({left})"), outcome.what
    assert outcome.next.startswith("What does not answer cannot be changed, either way. Wait until it does: ")


@pytest.mark.parametrize("way", ["deploy", "rollback"])
def test_once_it_answers_again_both_ways_lead_to_a_uniform_fleet(tmp_path: Path, way: str) -> None:
    killed, _ = cut_off(tmp_path)
    if way == "deploy":
        two = killed.world.push("two")
        assert killed.deploy(two).kind == "done"
        assert killed.verified(two)
        return
    work = killed.work()
    outcome = roll_back(work, decide_return(work, None))
    assert outcome.kind == "done", outcome.what
    assert {machine.image.rpartition(":")[2] for machine in snapshot(killed.world).values()} == {"one"}
