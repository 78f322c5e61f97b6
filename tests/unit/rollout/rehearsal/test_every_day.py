"""A rollout on every bad day: real planner, executor, gate and journal, a simulated Fly, and how each day is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.local.core.fault_kinds import KINDS
from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.rehearsal.bad_day import CONDEMNING, FAIR_DAY, NOWHERE, BadDay, Trigger, chosen
from flyctl_orchestrator.rollout.rehearsal.day_end import Goal, fleet_of, judge
from flyctl_orchestrator.rollout.rehearsal.every_day import EveryDay, FaultlessDayFails
from flyctl_orchestrator.rollout.rehearsal.rehearse import RehearsalResult
from tests.unit.rollout.rehearsal.simulated_project import FLY_TOML, SimulatedProject

REGIONS = ("iad", "fra", "nrt")


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> EveryDay:
    """One machine in each of three regions."""
    return SimulatedProject.deployed(tmp_path_factory.mktemp("project")).every_day()


@pytest.fixture(scope="module")
def days(every: EveryDay) -> list[BadDay]:
    """Every bad day of it."""
    return every.days()


def test_there_is_a_day_for_every_fault_region_and_moment(days: list[BadDay]) -> None:
    assert len(days) == 9 * (len(KINDS) - len(NOWHERE)) + len(NOWHERE)
    assert len({day.name for day in days}) == len(days)
    assert {day.region for day in days} == {"", *REGIONS}
    bodies = {day.name: day.fault for day in days}
    assert bodies["region-down@fra:at"] == {"name": "region-down", "region": "fra", "for": 30.0}
    assert bodies["error-share@nrt:after"] == {"name": "error-share", "region": "nrt", "set": {"image": "new"}}
    assert bodies["lost-create@iad:before"] == {"name": "lost-create", "region": "iad"}


@pytest.mark.parametrize("fault", KINDS)
def test_no_day_leaves_the_fleet_mixed_or_the_status_wrong(every: EveryDay, days: list[BadDay], fault: str) -> None:
    mine = [day for day in days if day.fault["name"] == fault]
    assert mine
    for day in mine:
        end = every.run(day)
        assert end.struck, f"{day.name}: the moment never came"
        assert end.fleet != "mixed", end
        # What the gate takes for good is the gate's own affair; that it is found out here is tested below.
        assert end.good or fault in CONDEMNING, end


def test_a_volume_that_comes_later_is_rehearsed_with_those_that_are_free(tmp_path: Path) -> None:
    project = SimulatedProject.deployed(tmp_path)
    (tmp_path / "fly.toml").write_text(FLY_TOML + '\n[mounts]\nsource = "data"\ndestination = "/data"\n')
    with pytest.raises(FaultlessDayFails, match="volumes missing: fra 1, iad 1, nrt 1"):
        project.every_day().days()
    for region in REGIONS:
        project.target.api.volumes.create("shop", region, {"name": "data", "size_gb": 1})
    every = project.every_day()
    (day,) = chosen(every.days(), ["lost-create@fra:at"])
    end = every.run(day)
    assert end.struck and end.good, end


def test_a_day_can_be_replayed_event_by_event(every: EveryDay, days: list[BadDay]) -> None:
    (day,) = chosen(days, ["rate-limited@fra:at"])
    runs: list[list[tuple[str, float]]] = []
    for _ in range(2):
        told: list[tuple[str, float]] = []
        every.run(day, lambda event, told=told: told.append((event.name, event.ts)))  # type: ignore[misc]
        runs.append(told)
    assert runs[0] == runs[1]
    assert "fault.set" in [name for name, _ in runs[0]]


def test_another_seed_is_another_day(days: list[BadDay]) -> None:
    assert days[0].seed(0) == days[0].seed(0)
    assert len({day.seed(seed) for day in days[:20] for seed in range(5)}) == 100


def test_a_day_leaves_no_file_behind(every: EveryDay, days: list[BadDay]) -> None:
    before = set(every.scratch.iterdir())
    every.run(days[0])
    assert set(every.scratch.iterdir()) == before


def test_a_check_that_fails_for_the_new_release_takes_it_back(every: EveryDay, days: list[BadDay]) -> None:
    for region in REGIONS:
        (day,) = chosen(days, [f"failing-check@{region}:before"])
        end = every.run(day)
        assert (end.fleet, end.result.exit, end.wrong) == ("old", Exit.ROLLED_BACK, "")


def test_sleepers_groups_and_a_surge_are_rehearsed_too(tmp_path: Path) -> None:
    groups = '\n[processes]\napp = "run"\nworker = "work"\n'
    toml = FLY_TOML.replace('"off"', '"suspend"\nprocesses = ["app"]') + groups
    project = SimulatedProject.deployed(tmp_path, fly_toml=toml, more='\n[rollout]\nstrategy = "surge"\n')
    asleep = next(machine for machine in project.copy().machines if machine.group == "app")
    project.target.api.suspend("shop", asleep.id)
    project.target.clock.sleep(5)
    every = project.every_day()
    assert {machine.group for machine in every.copy.machines} == {"app", "worker"}
    for day in every.chosen([f"{name}@fra:before" for name in ("failing-check", "no-capacity", "host-down")]):
        end = every.run(day)
        assert end.good, end


def test_a_rollout_that_fails_by_itself_is_told_first(tmp_path: Path) -> None:
    project = SimulatedProject.deployed(tmp_path)
    # flyctl refuses a service that does not say which of two groups it is for.
    (tmp_path / "fly.toml").write_text(FLY_TOML + '\n[processes]\napp = "run"\nworker = "work"\n')
    every = project.every_day()
    with pytest.raises(FaultlessDayFails) as failure:
        every.days()
    assert failure.value.code == "rehearse.fair"
    assert every.chosen([FAIR_DAY.name]) == [FAIR_DAY]
    assert not every.run(FAIR_DAY).good


def test_an_unknown_day_is_refused(days: list[BadDay]) -> None:
    with pytest.raises(UsageError) as refusal:
        chosen(days, ["region-down@fra"])
    assert refusal.value.code == "rehearse.day"
    assert [day.name for day in chosen(days, [days[3].name])] == [days[3].name]


# Moments


def event(name: str, **fields: object) -> Event:
    """Something that happens in a rollout."""
    return Event(name, 0.0, "shop", fields)


@pytest.mark.parametrize(
    ("moment", "silent", "comes"),
    [
        ("before", event("wave.started", regions=["iad"]), event("wave.started", regions=["fra", "nrt"])),
        ("at", event("step.finished", region="nrt"), event("step.finished", region="fra")),
        ("after", event("wave.started", regions=["fra"]), event("wave.passed", regions=["fra"])),
    ],
)
def test_a_fault_is_set_once_when_its_moment_comes(moment: str, silent: Event, comes: Event) -> None:
    body = {"name": "slow-boot", "region": "fra", "set": {"image": "new"}}
    made: list[object] = []
    trigger = Trigger(BadDay("x", body, "fra", moment), made.append)  # type: ignore[arg-type]
    trigger.hear(event("build.finished", ref="registry.fly.io/shop:next"))
    trigger.hear(silent)
    assert made == []
    trigger.hear(comes)
    trigger.hear(comes)
    assert made == [{**body, "set": {"image": "registry.fly.io/shop:next"}}]


# Judging


def machine(number: int, region: str, digest: str, state: str = "started", cordoned: bool = False) -> Machine:
    """One machine of group app."""
    body = {
        "id": f"{number:014x}",
        "name": "m",
        "state": state,
        "region": region,
        "image_ref": {"registry": "r", "repository": "shop", "tag": "t", "digest": digest},
        "instance_id": f"v{number}",
        "config": {"image": "r/shop:t", "metadata": {"fly_platform_version": "v2", "fly_process_group": "app"}},
        "cordoned": cordoned,
        "created_at": "2026-01-01T00:00:00Z",
        "events": [],
        "checks": [],
    }
    return Machine.of_api("shop", body)


def standing_in(digest: str) -> Machine:
    """A standby machine."""
    main = machine(5, "iad", digest, "stopped")
    return replace(main, config={**main.config, "standbys": ["1"]})


OLD = [machine(1, "iad", "old"), machine(2, "fra", "old")]
NEW = [machine(1, "iad", "new"), machine(3, "fra", "new")]
GOAL = Goal("new", {("iad", "app"): 1, ("fra", "app"): 1, ("nrt", "app"): 0})


@pytest.mark.parametrize(
    ("after", "fleet"),
    [
        (NEW, "new"),
        (OLD, "old"),
        ([machine(9, "iad", "old"), OLD[1]], "old"),
        ([NEW[0], OLD[1]], "mixed"),
        (NEW[:1], "mixed"),
        ([*NEW, machine(4, "fra", "new")], "mixed"),
        ([*NEW, standing_in("new")], "new"),
        ([*NEW, standing_in("old")], "mixed"),
        ([*OLD, standing_in("old")], "mixed"),
        ([NEW[0], machine(3, "fra", "new", "stopped")], "mixed"),
        ([NEW[0], machine(3, "fra", "new", cordoned=True)], "mixed"),
        ([OLD[0], machine(2, "fra", "old", "stopped")], "mixed"),
        ([], "mixed"),
    ],
)
def test_a_fleet_is_new_or_old_or_mixed(after: list[Machine], fleet: str) -> None:
    assert fleet_of(OLD, after, GOAL) == fleet


BAD = BadDay("x", {"name": "error-share"}, "fra", "before")


@pytest.mark.parametrize(
    ("day", "status", "after", "wrong"),
    [
        (BAD, Exit.ROLLED_BACK, OLD, ""),
        (BAD, Exit.OK, NEW, "a bad release was judged to be good"),
        (replace(BAD, moment="after"), Exit.OK, NEW, ""),
        (BAD, Exit.LEFT_MIXED, [NEW[0], OLD[1]], "the fleet is left mixed"),
        (BAD, Exit.OK, OLD, "it said that all is new, and nothing is"),
        (BAD, Exit.ROLLED_BACK, NEW, "it said that all is as before, and everything is new"),
        (BAD, Exit.INCONCLUSIVE, OLD, ""),
        (FAIR_DAY, Exit.OK, NEW, ""),
        (FAIR_DAY, Exit.INCONCLUSIVE, OLD, "it fails without any fault"),
    ],
)
def test_what_is_wrong_is_said(day: BadDay, status: Exit, after: list[Machine], wrong: str) -> None:
    end = judge(day, RehearsalResult(int(status), "what"), OLD, after, GOAL, seconds=1.0, struck=True)
    assert (end.wrong, end.good) == (wrong, not wrong)
    assert end.as_dict()["wrong"] == (wrong or None)
