"""Scaling down against the simulated platform: what goes, in which order, and what stays."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from tests.unit.rollout.rollout_world import APP, World, snapshot
from tests.unit.rollout.scale_bench import ScaleBench, press_at


@pytest.fixture
def bench(world: World) -> ScaleBench:
    return ScaleBench(world)


def test_removal_cordons_stops_and_destroys_in_that_order(bench: ScaleBench) -> None:
    (doomed,) = bench.world.in_region("fra")
    outcome = bench.scale(fra=0)
    assert [row.machine for row in outcome.rows if row.fate == "destroyed"] == [doomed.id]
    assert outcome.what == "1 machine is destroyed, 1 unchanged"
    assert bench.counts() == {"iad": 1}
    path = f"/apps/{APP}/machines/{doomed.id}"
    mine = [(method, called.removeprefix(path)) for method, called in bench.world.calls if called.startswith(path)]
    changes = [(method, rest) for method, rest in mine if method != "GET" and "/lease" not in rest]
    assert changes == [("POST", "/cordon"), ("POST", "/stop"), ("DELETE", "")]


def test_nothing_is_removed_before_what_is_new_is_proved(bench: ScaleBench) -> None:
    order: list[str] = []

    def watch(method: str, url: str, json: Any) -> None:
        destroys = method == "DELETE" and "/lease" not in url
        order.append("destroy" if destroys else "probe" if ".test/" in url and "/v1" not in url else "")

    bench.world.on_call = watch
    bench.scale(nrt=1, fra=0)
    told = [each for each in order if each]
    assert told.index("destroy") > max(n for n, each in enumerate(told) if each == "probe")
    assert bench.counts() == {"iad": 1, "nrt": 1}


def test_sleeping_machines_go_first_and_are_not_woken_for_it(bench: ScaleBench) -> None:
    bench.scale(iad=3)
    asleep = bench.world.in_region("iad")[1]
    bench.world.call("POST", f"/v1/apps/{APP}/machines/{asleep.id}/suspend")
    bench.world.pass_time(5)
    plan = bench.plan({"iad": 2})
    assert [lane.machine for lane in plan.lanes] == [asleep.id]
    bench.world.calls.clear()
    bench.run(plan)
    touched = [(method, path) for method, path in bench.world.calls if asleep.id in path and "/lease" not in path]
    assert [method for method, _ in touched if method != "GET"] == ["DELETE"]


def test_a_machine_that_falls_asleep_while_it_drains_goes_all_the_same(bench: ScaleBench) -> None:
    (doomed,) = bench.world.in_region("fra")

    def doze(event: Any) -> None:
        if event.name == "step.finished" and event.fields["step"] == "cordon":
            bench.world.call("POST", f"/v1/apps/{APP}/machines/{doomed.id}/suspend")
            bench.world.pass_time(5)

    bench.world.on_event = doze
    assert bench.scale(fra=0).kind == "done"
    assert bench.counts() == {"iad": 1}


def test_places_that_are_not_named_stay_as_they_are(bench: ScaleBench) -> None:
    (iad,) = bench.world.in_region("iad")
    assert [lane.machine for lane in bench.plan({"iad": 0}).lanes] == [iad.id]


def test_ctrl_c_while_removing_says_what_is_gone_and_puts_the_rest_back_to_work(bench: ScaleBench) -> None:
    bench.scale(fra=3)
    asleep = bench.world.in_region("fra")[1].id
    bench.world.call("POST", f"/v1/apps/{APP}/machines/{asleep}/suspend")
    bench.world.pass_time(5)
    plan = bench.plan({"fra": 1})
    (serving,) = {lane.machine for lane in plan.lanes} - {asleep}
    press_at(bench, "step.finished", step="destroy_machine")
    before = snapshot(bench.world)
    outcome = bench.run(plan)
    assert (outcome.kind, outcome.exit) == ("interrupted", Exit.INTERRUPTED)
    assert outcome.what == f"interrupted; removed: fra {asleep}; still there: fra {serving}"
    assert outcome.next == "The same 'flyo scale' goes on"
    assert [row.fate for row in outcome.rows if row.machine in (asleep, serving)].count("restored") == 1
    del before[asleep]
    assert snapshot(bench.world) == before


def test_what_cannot_be_removed_is_named_and_nothing_is_put_back_for_it(bench: ScaleBench) -> None:
    (doomed,) = bench.world.in_region("fra")

    def refuse_deletes(method: str, url: str, **more: Any) -> HttpAnswer:
        if method == "DELETE" and "/lease" not in url:
            raise HttpError("refused", "connection refused")
        return bench.world.http.send(method, url, **more)

    bench.break_wire(refuse_deletes)
    outcome = bench.scale(timeout=10, nrt=1, fra=0)
    assert (outcome.exit, outcome.code) == (Exit.LEFT_MIXED, "scale.left")
    assert outcome.what == (
        "1 machine is new and verified, 1 unchanged, but what was too much could not be removed: " + f"fra {doomed.id}"
    )
    assert len(bench.world.in_region("nrt")) == 1


@pytest.mark.parametrize(
    ("counts", "ends"),
    [({"iad": 0}, False), ({"iad": 0, "fra": 0}, True), ({"iad": 0, "fra": 0, "nrt": 1}, False), ({"nrt": 1}, False)],
)
def test_taking_the_last_machine_is_told_apart(bench: ScaleBench, counts: dict[str, int], ends: bool) -> None:
    assert bench.ends_service(counts) is ends


def test_a_broken_machine_is_no_reason_to_believe_that_somebody_is_left(bench: ScaleBench) -> None:
    bench.sick.add("fra")
    bench.world.pass_time(30)
    assert not bench.world.in_region("fra")[0].checks_passing
    assert bench.ends_service({"iad": 0})
