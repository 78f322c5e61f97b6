"""Long polls, leases and request limits."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.base.ratelimit import DELETE_APP, GET_MACHINE, Limit, RateLimiter
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from tests.unit.local.simulated_fly import IMAGE, Fly

NONCE = "fly_machine_lease_nonce"


def test_a_wait_answers_as_soon_as_the_state_is_there(fly: Fly) -> None:
    machine = fly.create({"image": fly.push("slow", Behaviour(boot_seconds=20))})["id"]
    before = fly.simulation.clock.now()
    answer = fly.on(machine, "/wait?state=started&timeout=60", method="GET")
    assert answer.status == 200 and answer.body["ok"] is True
    assert 19 < fly.simulation.clock.now() - before < 21


def test_a_wait_that_runs_out_is_408_and_says_where_the_machine_is(fly: Fly) -> None:
    machine = fly.create({"image": fly.push("slow", Behaviour(boot_seconds=200))})["id"]
    before = fly.simulation.clock.now()
    answer = fly.on(machine, "/wait?state=started&timeout=5", method="GET")
    assert answer.status == 408
    assert "failed to reach desired state, started, currently starting" in answer.body["error"]
    assert 5 <= fly.simulation.clock.now() - before < 5.1
    fly.on(machine, "/wait?timeout=500", method="GET")
    assert fly.simulation.clock.now() - before < 66, "no wait is longer than 60 s"


def test_a_wait_may_name_several_states_and_a_version(fly: Fly) -> None:
    machine = fly.started()
    assert fly.on(machine["id"], "/wait?state=stopped&state=started", method="GET").body["state"] == "started"
    assert fly.on(machine["id"], "/wait?state=stopped,started", method="GET").status == 200
    assert fly.on(machine["id"], "/wait?state=settled", method="GET").status == 200
    new = fly.update(machine["id"]).body["instance_id"]
    waited = fly.on(machine["id"], f"/wait?state=started&instance_id={new}", method="GET")
    assert (waited.status, waited.body["version"]) == (200, new)
    old = machine["instance_id"]
    assert fly.on(machine["id"], f"/wait?state=started&version={old}&timeout=1", method="GET").status == 412
    assert fly.on(machine["id"], f"/wait?state=stopped&instance_id={old}", method="GET").status == 200
    assert fly.on(machine["id"], "/wait?state=started&version=01ARZ3NDEKTSV4RRFFQ69G5FAV", method="GET").status == 404


def test_a_wait_may_look_back_to_an_event(fly: Fly) -> None:
    machine = fly.started()
    last = machine["events"][0]["id"]
    fly.on(machine["id"], "/suspend")
    fly.on(machine["id"], "/start")
    fly.after(1)
    passed = fly.on(machine["id"], f"/wait?state=suspended&from_event_id={last}", method="GET")
    assert passed.status == 200
    now = fly.machine(machine["id"])["events"][0]["id"]
    missed = fly.on(machine["id"], f"/wait?state=suspended&from_event_id={now}&timeout=1", method="GET")
    assert missed.status == 408


def test_a_wait_on_a_destroyed_machine_is_not_found_unless_that_was_wanted(fly: Fly) -> None:
    machine = fly.started()["id"]
    fly.on(machine, "?force=true", method="DELETE")
    assert fly.on(machine, "/wait?state=started", method="GET").status == 404
    assert fly.on(machine, "/wait?state=destroyed", method="GET").status == 200


@pytest.mark.parametrize("query", ["state=asleep", "timeout=soon"])
def test_a_wait_for_nonsense_is_refused(fly: Fly, query: str) -> None:
    assert fly.on(fly.create()["id"], f"/wait?{query}", method="GET").status == 400


def test_a_lease_keeps_others_out_until_it_is_released(fly: Fly) -> None:
    machine = fly.started()["id"]
    taken = fly.on(machine, "/lease", {"ttl": 30, "description": "mine"})
    nonce = taken.body["data"]["nonce"]
    assert taken.status == 201 and len(nonce) == 12
    assert taken.body["data"]["expires_at"] == int(fly.simulation.clock.now() + 30)
    for action, method in (
        ("", "POST"), ("?force=true", "DELETE"), ("/start", "POST"), ("/stop", "POST"), ("/suspend", "POST"),
        ("/restart", "POST"), ("/cordon", "POST"), ("/signal", "POST"), ("/lease", "POST"),
    ):  # fmt: skip
        body = {"config": {"image": IMAGE}, "signal": 9} if method == "POST" else None
        refused = fly.on(machine, action, body, method=method)
        assert refused.status == 409, action
        assert (refused.body["status"], refused.body["code"]) == ("error", "invalid")
        assert "lease currently held by" in refused.body["message"] and nonce not in str(refused)
    assert fly.on(machine, "/metadata/k", {"value": "v"}).status == 204, "metadata needs no lease"
    assert fly.on(machine, "/cordon", **{NONCE: nonce}).status == 200
    assert fly.on(machine, "/lease", method="DELETE").status == 400
    assert fly.on(machine, "/lease", method="DELETE", **{NONCE: nonce}).status == 200
    assert fly.on(machine, "/stop", {}).status == 200


def test_a_lease_expires_by_itself(fly: Fly) -> None:
    machine = fly.started()["id"]
    nonce = fly.on(machine, "/lease?ttl=5").body["data"]["nonce"]
    assert fly.on(machine, "/lease", method="GET").body["data"]["expires_at"] > 0
    fly.after(6)
    assert fly.on(machine, "/lease", method="GET").status == 404
    gone = fly.on(machine, "/lease", method="DELETE", **{NONCE: nonce})
    assert gone.status == 404 and "lease not found" in gone.body["error"]
    other = fly.on(machine, "/lease", {"ttl": 5})
    assert other.status == 201 and other.body["data"]["nonce"] != nonce
    assert fly.on(machine, "/lease", {"ttl": 5}, **{NONCE: nonce}).status == 409


def test_a_refresh_keeps_the_nonce_and_moves_the_end(fly: Fly) -> None:
    machine = fly.started()["id"]
    first = fly.on(machine, "/lease", {"ttl": 10}).body["data"]
    fly.after(8)
    second = fly.on(machine, "/lease", {"ttl": 10}, **{NONCE: first["nonce"]}).body["data"]
    assert second["nonce"] == first["nonce"] and second["expires_at"] > first["expires_at"]
    fly.after(8)
    assert fly.on(machine, "/stop", {}).status == 409


@pytest.mark.parametrize("ttl", [-1, 100_000, "long"])
def test_a_lease_of_a_silly_length_is_refused(fly: Fly, ttl: object) -> None:
    assert fly.on(fly.started()["id"], "/lease", {"ttl": ttl}).status == 400


def test_a_create_can_take_the_lease_at_once(fly: Fly) -> None:
    machine = fly.create(lease_ttl=60)
    assert len(machine["nonce"]) == 12
    assert fly.on(machine["id"], "/cordon").status == 409
    assert "nonce" not in fly.machine(machine["id"])
    listed = fly.call("GET", "/v1/apps/shop/machines?include_leases=true")
    assert machine["nonce"] not in str(listed) and listed.body[0]["lease"]["owner"]
    assert fly.on(machine["id"], "/lease", method="DELETE", **{NONCE: machine["nonce"]}).status == 200


def test_requests_above_the_documented_rate_are_refused_per_machine_and_action(fly: Fly) -> None:
    first, second = fly.started()["id"], fly.started()["id"]
    fly.platform.settings.rate_limits = True
    statuses = [fly.on(first, "/cordon").status for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert fly.on(first, "/cordon").body == {"error": "rate limit exceeded"}
    assert fly.on(first, "/uncordon").status == 200
    assert fly.on(second, "/cordon").status == 200
    fly.after(1)
    assert fly.on(first, "/cordon").status == 200
    reads = [fly.on(first, "", method="GET").status for _ in range(11)]
    assert reads == [200] * 10 + [429]


def test_the_long_run_rate_is_the_documented_one() -> None:
    limiter = RateLimiter()
    passed = [limiter.delay("get", "m", GET_MACHINE, 1000 + step / 100) for step in range(1000)].count(0.0)
    assert 58 <= passed <= 60
    passed = [limiter.delay("delete", "a", DELETE_APP, 1000 + step / 10) for step in range(600)].count(0.0)
    assert 198 <= passed <= 201


def test_requests_about_an_app_are_held_back_before_they_are_refused(fly: Fly) -> None:
    fly.platform.settings.rate_limits = True
    before = fly.simulation.clock.now()
    for _ in range(8):
        fly.create()
    assert 4.9 < fly.simulation.clock.now() - before < 5.5, "three at once, then one a second"
    assert len(fly.call("GET", "/v1/apps/shop/machines").body) == 8
    refused = fly.call("POST", "/v1/apps/shop/machines", {"config": {"image": "registry.fly.io/shop:none"}})
    assert refused.status == 400, "held back, and answered as ever"


def test_a_queue_that_is_too_long_is_refused_without_counting() -> None:
    limiter = RateLimiter()
    limit = Limit(1.0, 3.0, patience=2.0)
    delays = [limiter.delay("create", "a", limit, 1000.0) for _ in range(7)]
    assert delays == [0.0, 0.0, 0.0, 1.0, 2.0, None, None]
    assert limiter.delay("create", "a", limit, 1001.0) == 2.0


def test_buckets_nobody_uses_are_forgotten() -> None:
    limiter = RateLimiter()
    for number in range(100):
        limiter.delay("get", f"m{number}", GET_MACHINE, 1000.0)
    limiter.delay("get", "new", GET_MACHINE, 2000.0)
    assert len(limiter._buckets) == 1
