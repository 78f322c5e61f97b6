"""Faults of a machine's life after it was accepted: crash-after, no-capacity, pull-reverted."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.local.runtime.simulated import Behaviour
from tests.unit.local.faults.test_faults_board import add
from tests.unit.local.simulated_fly import CHECKED, DEFAULTS, IMAGE, Fly

MACHINES = "/v1/apps/shop/machines"
NO_RESTART = {"restart": {"policy": "no"}}


def exits(fly: Fly, machine: str) -> list[tuple[float, int]]:
    """When a machine's process ended by itself (seconds since the epoch), and with which code; oldest first."""
    events = [one for one in reversed(fly.machine(machine)["events"]) if one["type"] == "exit"]
    said = [(one["timestamp"] / 1000, one["request"]["exit_event"]) for one in events]
    return [(moment, one["exit_code"]) for moment, one in said if not one["requested_stop"]]


@pytest.mark.parametrize("seconds", [1, 4, 9.5])
def test_a_process_ends_some_time_after_its_start_and_after_every_start(fly: Fly, seconds: float) -> None:
    add(fly, "crash-after", set={"seconds": seconds, "code": 9})
    machine = fly.started()["id"]
    since = fly.simulation.clock.now()
    fly.after(seconds - 0.5)
    assert exits(fly, machine) == []
    fly.after(seconds + 3)
    (first, code), *others = exits(fly, machine)
    assert first - since == pytest.approx(seconds, abs=0.1)
    assert (code, len(others)) == (9, 1), "started again by its restart policy, it ends again"


def test_it_can_be_counted_from_the_first_passing_checks(fly: Fly) -> None:
    image = fly.push("slow", Behaviour(healthy_seconds=7))
    add(fly, "crash-after", set={"seconds": 3, "from": "healthy"})
    machine = fly.started({"image": image, "services": [CHECKED], **NO_RESTART})["id"]
    since = fly.simulation.clock.now()
    fly.after(30)
    ((moment, _),) = exits(fly, machine)
    assert 10 <= moment - since < 11.5, "seven seconds until its check passes, and three more"


def test_it_is_of_the_new_release_only(fly: Fly) -> None:
    old = fly.started(NO_RESTART)["id"]
    add(fly, "crash-after", set={"seconds": 2, "release": "new"})
    again = fly.started(NO_RESTART)["id"]
    fly.update(old, {"image": fly.push("two"), **NO_RESTART})
    fly.after(10)
    assert (fly.state(old), fly.state(again)) == ("stopped", "started")


def test_a_machine_that_was_stopped_meanwhile_does_not_crash(fly: Fly) -> None:
    add(fly, "crash-after", times=1, set={"seconds": 5})
    machine = fly.started()["id"]
    fly.on(machine, "/stop")
    fly.after(2)
    fly.on(machine, "/start")
    fly.after(20)
    assert exits(fly, machine) == []


# no-capacity


def test_a_full_region_takes_no_new_machine_and_starts_none(fly: Fly, checked: dict[str, Any]) -> None:
    there = fly.started(checked, region="fra")["id"]
    add(fly, "no-capacity", region="fra")
    full = fly.call("POST", MACHINES, {"config": {"image": IMAGE}, "region": "fra"})
    assert (full.status, full.body["status"]) == (422, "insufficient_capacity")
    assert "insufficient resources available" in full.body["error"]
    assert len(fly.call("GET", MACHINES).body) == 1
    assert fly.call("POST", MACHINES, {"config": {"image": IMAGE}, "region": "iad"}).status == 200
    assert fly.update(there, checked).status == 200, "it has its room already"
    fly.after(5)
    fly.on(there, "/stop")
    fly.after(5)
    refused = fly.on(there, "/start")
    assert refused.status == 409
    assert refused.body["error"].startswith("aborted: could not reserve resource for machine: insufficient memory")
    fly.call("DELETE", "/_local/faults")
    assert fly.on(there, "/start").status == 200


def test_a_suspended_machine_has_kept_its_room(fly: Fly) -> None:
    machine = fly.started(region="fra")["id"]
    fly.on(machine, "/suspend")
    fly.after(5)
    add(fly, "no-capacity", region="fra")
    assert fly.on(machine, "/start").status == 200


def test_a_full_region_can_refuse_updates_too_and_tells_who_asks_where_there_is_room(fly: Fly) -> None:
    machine = fly.started(region="fra")["id"]
    add(fly, "no-capacity", region="fra", times=1, set={"op": "machines.update", "what": "CPUs"})
    refused = fly.update(machine)
    assert (refused.status, "insufficient CPUs available" in refused.body["error"]) == (409, True)
    assert fly.machine(machine)["config"] == {"image": IMAGE, **DEFAULTS}
    add(fly, "no-capacity", region="fra")
    placed = fly.call("POST", "/v1/platform/placements", {"org_slug": "personal", "region": "fra,iad", "count": 2})
    assert [one["region"] for one in placed.body["regions"]] == ["iad"]


def test_a_new_machine_with_a_volume_is_refused_in_other_words(fly: Fly) -> None:
    volume = fly.call("POST", "/v1/apps/shop/volumes", {"name": "data", "region": "fra"}).body["id"]
    add(fly, "no-capacity", region="fra")
    config = {"image": IMAGE, "mounts": [{"volume": volume, "path": "/data"}]}
    full = fly.call("POST", MACHINES, {"config": config, "region": "fra"})
    assert (full.status, full.body["status"]) == (412, "volume_placement_capacity")


# pull-reverted


def test_a_pull_in_vain_shows_the_new_version_for_a_while_and_then_the_old_one(fly: Fly) -> None:
    old = fly.started({"metadata": {"sent": "yes"}})
    machine = old["id"]
    assert fly.on(machine, "/metadata/later", {"value": "yes"}).status == 204
    add(fly, "pull-reverted", times=1, set={"seconds": 6})
    new = fly.push("two")
    assert fly.update(machine, {"image": new, "metadata": {"sent": "again"}}).status == 200
    fly.after(5)
    shown = fly.machine(machine)
    assert (shown["state"], shown["config"]["image"]) == ("starting", new)
    fly.after(5)
    now = fly.machine(machine)
    assert (now["state"], now["instance_id"], now["image_ref"]) == ("started", old["instance_id"], old["image_ref"])
    assert now["config"]["metadata"] == {"sent": "yes"}, "what was written since that version was sent is gone"
    assert ("update", "failed") in fly.event_types(machine)


def test_a_sleeping_machine_is_reverted_in_its_sleep(fly: Fly) -> None:
    old = fly.started()
    fly.on(old["id"], "/stop")
    fly.after(5)
    add(fly, "pull-reverted", times=1)
    fly.update(old["id"], {"image": fly.push("two")})
    fly.after(10)
    now = fly.machine(old["id"])
    assert (now["state"], now["instance_id"]) == ("stopped", old["instance_id"])


def test_another_update_in_the_meantime_stands(fly: Fly) -> None:
    machine = fly.started()["id"]
    add(fly, "pull-reverted", times=1)
    fly.update(machine, {"image": fly.push("two")})
    fly.after(1)
    three = fly.push("three")
    fly.update(machine, {"image": three})
    fly.after(20)
    now = fly.machine(machine)
    assert (now["state"], now["config"]["image"]) == ("started", three)


def test_a_machine_destroyed_during_the_pull_stays_destroyed(fly: Fly) -> None:
    machine = fly.started()["id"]
    add(fly, "pull-reverted")
    fly.update(machine, {"image": fly.push("two")})
    fly.after(1)
    assert fly.on(machine, "?force=true", method="DELETE").status == 200
    fly.after(20)
    assert fly.state(machine) == "destroyed"


def test_a_version_that_has_booted_is_not_taken_back(fly: Fly) -> None:
    """The second update stops nothing, so it boots before the fault is known."""
    machine = fly.started()["id"]
    add(fly, "pull-reverted", times=2)
    fly.update(machine, {"image": fly.push("two")})
    fly.after(1)
    three = fly.push("three")
    fly.update(machine, {"image": three})
    fly.after(4)
    assert fly.machine(machine)["state"] == "started"
    fly.after(20)
    now = fly.machine(machine)
    assert (now["state"], now["config"]["image"]) == ("started", three)
