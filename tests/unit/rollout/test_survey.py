"""What `flyo status` finds out about a fleet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flyctl_orchestrator.fleet.probe import Prober
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.survey import ProbePlan, Survey, look, survey
from tests.unit.rollout.rollout_world import APP, Looks, World

PLAN = ProbePlan("http://{app}.test", "/up", 5.0)


def deployed(world: World, **counts: int) -> Desired:
    desired = world.desired(world.push("one"), counts or {"iad": 1, "fra": 1})
    assert world.deploy(desired).kind == "done"
    world.probes.clear()
    return desired


def surveyed(world: World, desired: Desired | None, plan: ProbePlan | None = PLAN) -> Survey:
    fleet = world.observe()
    return survey(fleet, look(fleet, Prober(world.http), plan), desired)


def test_a_rollout_that_was_stopped_half_way_is_said(world: World, tmp_path: Path) -> None:
    desired = deployed(world)
    past = PastRollout("20261123-064812-9f3a1c", tmp_path / "none.jsonl", "deploy", APP, 0.0)
    fleet = world.observe()
    seen = look(fleet, Prober(world.http), PLAN)
    assert survey(fleet, seen, desired, past).findings == ()
    (finding,) = survey(fleet, seen, desired, replace(past, changing=True)).findings
    assert finding.kind == "unfinished"
    assert finding.what.startswith("rollout 20261123-064812-9f3a1c was stopped half-way: 'flyo deploy --resume'")


def test_a_fleet_as_it_should_be(world: World) -> None:
    found = surveyed(world, deployed(world))
    assert [(place.region, place.wanted, len(place.seen)) for place in found.places] == [("iad", 1, 1), ("fra", 1, 1)]
    assert all(each.healthy for each in found.seen)
    assert (found.findings, found.unhealthy, len(found.images)) == ((), (), 1)


def test_sleeping_machines_are_neither_asked_nor_woken(world: World) -> None:
    desired = deployed(world)
    (asleep,) = world.in_region("fra")
    world.call("POST", f"/v1/apps/{APP}/machines/{asleep.id}/suspend")
    world.pass_time(5)
    found = surveyed(world, desired)
    assert asleep.id not in world.probes
    assert world.in_region("fra")[0].state == "suspended"
    (seen,) = (each for each in found.seen if each.machine.id == asleep.id)
    assert (seen.answer, seen.silent, seen.healthy) == (None, "suspended", None)
    assert found.unhealthy == ()


def test_without_probes_only_the_platform_is_asked(world: World) -> None:
    found = surveyed(world, deployed(world), plan=None)
    assert world.probes == []
    assert {each.silent for each in found.seen} == {"not probed"}
    assert all(each.healthy for each in found.seen)


def test_a_bad_answer_is_unhealthy(world: World) -> None:
    desired = deployed(world)
    world.looks[desired.image.ref or ""] = Looks(status=500)
    assert len(surveyed(world, desired).unhealthy) == 2


def kinds(found: Survey) -> list[str]:
    return sorted(each.kind for each in found.findings)


def test_counts_that_are_off_and_stray_regions(world: World) -> None:
    deployed(world, iad=1, fra=1, nrt=1)
    wanted = world.desired(world.push("one"), {"iad": 2, "fra": 1})
    found = surveyed(world, wanted)
    assert kinds(found) == ["missing", "surplus"]
    assert [(place.region, place.wanted, len(place.seen)) for place in found.places] == [
        ("iad", 2, 1),
        ("fra", 1, 1),
        ("nrt", 0, 1),
    ]


def test_an_app_without_machines_lacks_all_of_them(world: World) -> None:
    found = surveyed(world, world.desired(world.push("one"), {"iad": 1, "fra": 2}))
    assert kinds(found) == ["missing", "missing"]
    assert [(place.region, place.wanted, len(place.seen)) for place in found.places] == [("iad", 1, 0), ("fra", 2, 0)]


def test_a_mixed_fleet_a_cordoned_machine_and_staged_secrets(world: World) -> None:
    desired = deployed(world)
    first, second = world.bodies()
    world.flyctl_update(first, world.push("two").ref or "")
    world.call("POST", f"/v1/apps/{APP}/machines/{second['id']}/cordon")
    world.call("POST", f"/v1/apps/{APP}/secrets", {"values": {"KEY": "value"}})
    world.pass_time(10)
    found = surveyed(world, desired)
    assert len(found.images) == 2
    assert {"mixed_image", "cordoned", "staged_secrets"} <= set(kinds(found))
    (cordoned,) = (each for each in found.seen if each.machine.cordoned)
    assert (cordoned.answer, cordoned.silent) == (None, "cordoned")


def test_without_files_there_is_nothing_to_compare_counts_with(world: World) -> None:
    deployed(world, iad=1, fra=2)
    found = surveyed(world, None)
    assert kinds(found) == []
    assert [(place.region, place.wanted, len(place.seen)) for place in found.places] == [
        ("fra", None, 2),
        ("iad", None, 1),
    ]
