"""The one planner of ways back: what is put back, what goes, and what is none of its business."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.fleet.machine import Check, Machine
from flyctl_orchestrator.rollout.plan.plan import Lane
from flyctl_orchestrator.rollout.state.metadata import CREATED, REPLACES
from flyctl_orchestrator.rollout.state.restore_point import SKEW, RestorePoint, restore_point_of_dict
from flyctl_orchestrator.rollout.undo.plan import plan_way_back

NOW = 1_800_000_000.0
MINE, OTHER = "20270115-080000-aaaaaa", "20270114-080000-bbbbbb"
SERVICE = {"services": [{"internal_port": 8080}]}


def machine(id: str, *, region: str = "iad", age: float = 3600.0, by: str = "", **more: Any) -> Machine:
    """A machine of process group "app" that was created `age` seconds before NOW, by a rollout if that is said."""
    metadata = {"fly_platform_version": "v2", **({CREATED: f"{by}/lane"} if by else {}), **more.pop("metadata", {})}
    created = datetime.fromtimestamp(NOW - age, UTC).isoformat().replace("+00:00", "Z")
    rest = {"state": "started", "instance_id": f"{id}-1", "config": SERVICE, "image": "web:one"} | more
    return Machine(id=id, name=id, app="shop", region=region, metadata=metadata, created_at=created, **rest)


def by_id(*machines: Machine) -> dict[str, Machine]:
    return {each.id: each for each in machines}


def point(*machines: Machine, **more: Any) -> RestorePoint:
    return RestorePoint(by_id(*machines), NOW, **more)


def plan(point: RestorePoint, now: Mapping[str, Machine], **more: Any) -> dict[str, list[str]]:
    """What happens to which machine, as kinds of steps."""
    lanes: Iterable[Lane] = plan_way_back(point, now, 1, **more).lanes
    return {lane.machine or "": [step.kind for step in lane.steps] for lane in lanes}


def changed(before: Machine) -> Machine:
    return replace(before, instance_id=f"{before.id}-2", image="web:two")


def test_only_what_was_touched_is_put_back() -> None:
    one, two = machine("one"), machine("two")
    now = by_id(changed(one), changed(two))
    assert plan(point(one, two, touched=frozenset({"one"})), now) == {"one": ["restore_machine", "gate"]}
    assert set(plan(point(one, two), now)) == {"one", "two"}


def test_nothing_is_done_where_nothing_was_changed() -> None:
    one = machine("one")
    assert plan(point(one), by_id(one)) == {}


def test_a_machine_that_is_gone_is_made_anew_if_it_was_touched() -> None:
    one = machine("one")
    assert plan(point(one, touched=frozenset()), {}) == {}
    assert plan(point(one, touched=frozenset({"one"})), {})["one"][0] == "recreate_machine"


# --- what is new


def test_what_the_rollout_has_made_goes_however_old_a_wrong_clock_makes_it() -> None:
    made = machine("made", by=MINE, age=2 * 86400)
    assert plan(point(made_by=frozenset({MINE})), by_id(made))["made"][-1] == "destroy_machine"


def test_what_another_rollout_has_made_stays() -> None:
    assert plan(point(made_by=frozenset({MINE})), by_id(machine("made", by=OTHER, age=-10))) == {}


def test_what_flyctl_has_made_is_known_by_its_place_until_it_is_tagged() -> None:
    here = point(made_by=frozenset({MINE}), made_in=frozenset({("iad", "app")}))
    now = by_id(machine("ours", age=-5), machine("elsewhere", region="fra", age=-5), machine("other", by=OTHER, age=-5))
    assert list(plan(here, now)) == ["ours"]


@pytest.mark.parametrize("surplus", [False, True])
def test_a_machine_that_is_older_than_the_rollout_is_never_destroyed_whatever_the_reading_says(surplus: bool) -> None:
    """A list that left it out made it look new."""
    overlooked = machine("overlooked", age=SKEW + 1)
    here = point(machine("seen"), made_in=frozenset({("iad", "app")}), surplus=surplus)
    assert plan(here, by_id(machine("seen"), overlooked)) == {}


def test_a_machine_that_does_not_say_when_it_was_created_is_left_alone() -> None:
    silent = replace(machine("silent", age=-5), created_at="")
    assert plan(point(surplus=True), by_id(silent)) == {}


def test_going_back_to_a_state_destroys_what_came_since_whoever_made_it() -> None:
    now = by_id(machine("by-hand", age=-5), machine("scaled", by=OTHER, age=-5))
    assert set(plan(point(surplus=True), now)) == {"by-hand", "scaled"}


def test_strangers_are_left_alone() -> None:
    stranger = replace(machine("stranger", age=-5), metadata={})
    assert plan(point(surplus=True, made_by=frozenset({MINE})), by_id(stranger)) == {}


# --- how


def test_a_new_machine_that_serves_finishes_its_requests_first() -> None:
    here = point(made_by=frozenset({MINE}))
    serving = by_id(machine("new", by=MINE))
    assert plan(here, serving)["new"] == ["cordon", "await_propagation", "stop_machine", "destroy_machine"]
    assert plan(here, serving, failing={"new"})["new"] == ["destroy_machine"]
    ill = by_id(machine("new", by=MINE, checks=(Check("up", "critical"),)))
    assert plan(here, ill)["new"] == ["destroy_machine"]


def test_a_new_machine_that_serves_waits_its_turn_where_others_of_its_region_change() -> None:
    old, new = machine("old"), machine("new", by=MINE)
    here = point(old, touched=frozenset({"old"}), made_by=frozenset({MINE}))
    wave = plan_way_back(here, by_id(changed(old), new), 1)
    assert [(lane.machine, lane.weight) for lane in wave.lanes] == [("old", 1), ("new", 1)]
    away = plan_way_back(here, by_id(changed(old), replace(new, region="fra")), 1)
    assert [(lane.machine, lane.weight) for lane in away.lanes] == [("new", 0), ("old", 1)]


def test_a_replacement_loses_its_requests_only_once_the_old_machine_has_them() -> None:
    old = machine("old")
    new = machine("new", by=MINE, metadata={REPLACES: "old"})
    here = point(old, touched=frozenset({"old"}), made_by=frozenset({MINE}))
    steps = plan(here, by_id(replace(old, cordoned=True), new))["old"]
    assert steps.index("restore_machine") < steps.index("cordon") < steps.index("destroy_machine")


# --- kept in a journal

PLACES = st.tuples(st.sampled_from(("iad", "fra")), st.sampled_from(("app", "worker")))
NAMES = st.frozensets(st.text(min_size=1, max_size=5), max_size=3)


@settings(deadline=None)
@given(
    st.builds(
        RestorePoint,
        machines=st.just(by_id(machine("one"))),
        at=st.floats(0, 2e9),
        ill=NAMES,
        touched=st.none() | NAMES,
        made_by=NAMES,
        made_in=st.frozensets(PLACES, max_size=2),
        surplus=st.booleans(),
    )
)
def test_a_restore_point_is_written_and_read_back(kept: RestorePoint) -> None:
    assert restore_point_of_dict(kept.as_dict(), kept.machines) == kept


# --- standby machines


def standby(id: str, of: str, **more: Any) -> Machine:
    return machine(id, state="stopped", config={"standbys": [of]}, **more)


def test_a_standby_that_was_changed_gets_its_configuration_back_and_is_not_woken() -> None:
    one, spare = machine("one"), standby("spare", "one")
    assert plan(point(one, spare), by_id(one, changed(spare))) == {"spare": ["restore_machine", "gate"]}


def test_what_takes_a_standbys_place_goes_and_the_standby_is_opened_again() -> None:
    one, spare = machine("one"), standby("spare", "one")
    new = standby("new", "one", age=-5, by=MINE, metadata={REPLACES: "spare"})
    closed, hidden = replace(spare, cordoned=True), replace(new, cordoned=True)
    mine = point(one, spare, made_by=frozenset({MINE}))
    assert plan(mine, by_id(one, spare, hidden)) == {"new": ["destroy_machine"]}
    assert plan(mine, by_id(one, closed, hidden)) == {"spare": ["restore_machine", "destroy_machine"]}


def test_a_standby_names_the_machine_that_is_made_in_the_place_of_its_own() -> None:
    one, spare = machine("one"), standby("spare", "one")
    new = machine("new", age=-5, by=MINE, metadata={REPLACES: "one"})
    mine = point(one, spare, made_by=frozenset({MINE}))
    back = plan(mine, by_id(new, changed(spare)))
    assert back["one"][0] == "recreate_machine"
    assert back["spare"] == ["restore_machine", "set_standbys", "gate"]
    # Whoever changed it, and even when nobody did.
    untouched = replace(mine, touched=frozenset({"one"}))
    assert plan(untouched, by_id(new, spare))["spare"] == ["set_standbys", "gate"]


def test_a_standby_that_is_gone_is_made_anew_without_being_started() -> None:
    one, spare = machine("one"), standby("spare", "one")
    assert plan(point(one, spare), by_id(one)) == {"spare": ["recreate_machine", "gate", "uncordon"]}
    assert plan(point(one, spare), {})["spare"] == ["recreate_machine", "set_standbys", "gate", "uncordon"]


def test_a_name_that_nothing_has_is_nobodys_business() -> None:
    spare = standby("spare", "gone")
    assert plan(point(spare), by_id(spare)) == {}
