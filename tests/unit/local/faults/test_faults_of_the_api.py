"""Faults of the Machines API, on a clock that the tests own."""

from __future__ import annotations

import calendar
import time
from typing import Any

import pytest

from tests.unit.local.faults.test_faults_board import add
from tests.unit.local.simulated_fly import IMAGE, Fly

MACHINES = "/v1/apps/shop/machines"


def test_rate_limited_is_429_and_does_nothing(fly: Fly) -> None:
    add(fly, "rate-limited", times=1, set={"op": "machines.create", "retry_after": 3})
    assert fly.call("GET", MACHINES).status == 200
    refused = fly.call("POST", MACHINES, {"config": {"image": IMAGE}, "region": "iad"})
    assert (refused.status, refused.body) == (429, {"error": "rate limit exceeded"})
    assert refused.headers["retry-after"] == "3"
    assert fly.call("GET", MACHINES).body == []


def test_a_fault_of_one_region_spares_the_others(fly: Fly) -> None:
    fra, iad = fly.started(region="fra")["id"], fly.started()["id"]
    add(fly, "server-error", region="fra")
    assert fly.on(fra, "/stop").status == 500
    assert fly.on(iad, "/stop").status == 200
    assert fly.call("POST", MACHINES, {"config": {"image": IMAGE}, "region": "fra"}).status == 500
    assert fly.call("POST", MACHINES, {"config": {"image": IMAGE}, "region": "lhr"}).status == 200
    assert fly.call("GET", MACHINES).status == 200, "a list is of no region"


def test_a_fault_of_one_machine_or_app(fly: Fly) -> None:
    one, other = fly.started()["id"], fly.started()["id"]
    add(fly, "server-error", machine=one)
    assert (fly.on(one, "", method="GET").status, fly.on(other, "", method="GET").status) == (500, 200)
    fly.call("DELETE", "/_local/faults")
    fly.call("POST", "/v1/apps", {"name": "other", "org_slug": "personal"})
    add(fly, "server-error", app="other")
    assert (fly.call("GET", "/v1/apps/other").status, fly.call("GET", "/v1/apps/shop").status) == (500, 200)


def test_faults_leave_what_is_not_the_machines_api_alone(fly: Fly) -> None:
    add(fly, "server-error")
    assert fly.call("GET", "/_local/settings").status == 200
    query = {"query": "{ viewer { id } }", "variables": {}}
    assert fly.call("POST", "/graphql", query).status != 500
    add(fly, "server-error", set={"op": "graphql*"})
    assert fly.call("POST", "/graphql", query).status == 500


def test_a_connection_is_cut_before_or_after(fly: Fly) -> None:
    create = {"config": {"image": IMAGE}, "region": "iad"}
    add(fly, "connection-reset", times=1)
    with pytest.raises(ConnectionResetError):
        fly.call("POST", MACHINES, create)
    assert fly.call("GET", MACHINES).body == []
    add(fly, "connection-reset", times=1, set={"when": "after", "op": "machines.create"})
    with pytest.raises(ConnectionResetError):
        fly.call("POST", MACHINES, create)
    assert len(fly.call("GET", MACHINES).body) == 1


def test_slow_answers_come_late_though_the_work_is_done_at_once(fly: Fly) -> None:
    add(fly, "slow-answers", set={"seconds": "7s", "op": "machines.create"})
    before = fly.simulation.clock.now()
    made = fly.create()
    assert 7 <= fly.simulation.clock.now() - before < 7.1
    assert made["state"] == "created"
    assert fly.state(made["id"]) == "started", "it booted while the answer was on its way"


def test_slow_answers_and_a_rate_limit_that_makes_wait_go_together(fly: Fly) -> None:
    fly.platform.settings.rate_limits = True
    add(fly, "slow-answers", set={"seconds": 2})
    for _ in range(8):
        assert fly.call("GET", MACHINES).status in (200, 429)


def test_a_lost_create_made_the_machine_and_happens_once(fly: Fly) -> None:
    add(fly, "lost-create")
    body = {"config": {"image": IMAGE}, "region": "iad"}
    lost = fly.call("POST", MACHINES, body)
    assert lost.status == 408
    assert len(fly.call("GET", MACHINES).body) == 1
    assert fly.call("POST", MACHINES, body).status == 200
    add(fly, "lost-create", set={"status": 502})
    assert fly.call("POST", MACHINES, {**body, "config": {"image": "registry.fly.io/shop:nope"}}).status == 400
    assert fly.call("POST", MACHINES, body).status == 502


def test_a_lease_is_held_by_somebody_else(fly: Fly) -> None:
    mine, free = fly.started()["id"], fly.started()["id"]
    nonce = fly.on(mine, "/lease", {"ttl": 600}).body["data"]["nonce"]
    add(fly, "lease-held", lasts=30, set={"owner": "mia@example.com"})
    refused = fly.on(free, "/lease", {"ttl": 10})
    assert refused.status == 409
    assert f"machine ID {free} lease currently held by mia@example.com, expires at " in refused.body["message"]
    assert fly.on(free, "/stop").status == 409
    shown = fly.on(free, "/lease", method="GET").body["data"]
    assert shown["owner"] == "mia@example.com"
    assert fly.on(free, "/stop", fly_machine_lease_nonce=shown["nonce"]).status == 409, "what is shown opens nothing"
    assert fly.on(mine, "/stop", fly_machine_lease_nonce=nonce).status == 200, "who held it before still does"
    fly.after(30)
    assert fly.on(free, "/lease", {"ttl": 10}).status == 201


def test_an_image_that_cannot_be_pulled_leaves_the_old_version_started(fly: Fly) -> None:
    old = fly.started()
    add(fly, "image-pull-fails", times=1)
    new = fly.push("two")
    answer = fly.update(old["id"], {"image": new})
    assert answer.status == 200
    assert answer.body["instance_id"] != old["instance_id"]
    fly.after(5)
    now = fly.machine(old["id"])
    assert now["state"] == "started"
    assert (now["instance_id"], now["config"], now["image_ref"]) == (
        old["instance_id"],
        old["config"],
        old["image_ref"],
    )
    assert fly.runtime.launched(old["id"]).image.ref == IMAGE
    assert ("update", "failed") in fly.event_types(old["id"])
    assert fly.update(old["id"], {"image": new}).status == 200
    fly.after(5)
    assert fly.machine(old["id"])["config"]["image"] == new


def test_a_sleeping_machine_whose_image_cannot_be_pulled_sleeps_on(fly: Fly) -> None:
    old = fly.started()
    fly.on(old["id"], "/stop")
    fly.after(5)
    add(fly, "image-pull-fails", set={"image": ":two"})
    fly.update(old["id"], {"image": fly.push("two")})
    fly.after(5)
    now = fly.machine(old["id"])
    assert (now["state"], now["instance_id"]) == ("stopped", old["instance_id"])
    fly.on(old["id"], "/start")
    fly.after(5)
    assert fly.state(old["id"]) == "started"


def test_a_new_machine_whose_image_cannot_be_pulled_fails(fly: Fly) -> None:
    add(fly, "image-pull-fails", times=1)
    made = fly.create()
    fly.after(5)
    assert fly.state(made["id"]) == "failed"
    fly.on(made["id"], "/start")
    fly.after(5)
    assert fly.state(made["id"]) == "started"


def test_secrets_lag_is_412_for_whoever_asks_for_a_version(fly: Fly) -> None:
    version = fly.call("POST", "/v1/apps/shop/secrets", {"values": {"A": "b"}}).body["version"]
    add(fly, "secrets-lag", region="iad", lasts=20)
    body: dict[str, Any] = {"config": {"image": IMAGE}, "region": "iad", "min_secrets_version": version}
    late = fly.call("POST", MACHINES, body)
    assert late.status == 412
    assert late.body["error"] == f"failed_precondition: secrets version {version} is not available on this host yet"
    assert fly.call("POST", MACHINES, {**body, "region": "fra"}).status == 200
    assert fly.call("POST", MACHINES, {**body, "min_secrets_version": None}).status == 200
    fly.after(20)
    assert fly.call("POST", MACHINES, body).status == 200


def seconds_of(stamp: str) -> int:
    """Seconds since the epoch of an API timestamp."""
    return calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))


def test_clock_skew_shifts_times_of_one_region_and_nothing_else(fly: Fly) -> None:
    config = {"env": {"created_at": "2026-01-01T00:00:00Z"}}
    fra, iad = fly.started(config, region="fra")["id"], fly.started()["id"]
    straight = {one["id"]: one for one in fly.call("GET", MACHINES).body}
    add(fly, "clock-skew", region="fra", set={"seconds": "-45s"})
    crooked = {one["id"]: one for one in fly.call("GET", MACHINES).body}
    assert crooked[iad] == straight[iad]
    assert seconds_of(crooked[fra]["created_at"]) == seconds_of(straight[fra]["created_at"]) - 45
    assert crooked[fra]["events"][0]["timestamp"] == straight[fra]["events"][0]["timestamp"] - 45_000
    assert crooked[fra]["config"] == straight[fra]["config"]
    now = fly.simulation.clock.now()
    assert abs(fly.on(fra, "/lease", {"ttl": 60}).body["data"]["expires_at"] - (now + 60 - 45)) < 2
    assert abs(fly.on(iad, "/lease", {"ttl": 60}).body["data"]["expires_at"] - (now + 60)) < 2
