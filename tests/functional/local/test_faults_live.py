"""Faults on a real daemon: real processes, real sockets, the real proxy."""

from __future__ import annotations

import http.client
import json
import time
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.core.fault_kinds import DAMAGES
from tests.platform_client import Api
from tests.waiting import eventually

SERVICE = {
    "internal_port": 8080,
    "ports": [{"port": 80, "handlers": ["http"]}],
    "autostart": True,
    "checks": [{"type": "http", "path": "/health", "interval": "1s", "timeout": "2s", "grace_period": "1s"}],
}
CONFIG: dict[str, Any] = {"services": [SERVICE]}


def fault(api: Api, name: str, **said: Any) -> str:
    """Set a fault; its id."""
    answer = api.call("POST", "/_local/faults", {"name": name, **said})
    assert answer.status == 201, answer
    return str(answer.body["id"])


def clear(api: Api) -> None:
    """Clear them all."""
    assert api.call("DELETE", "/_local/faults").status == 200


def healthy(api: Api, image: str, region: str) -> str:
    """A machine that serves; its id."""
    machine = api.started("shop", image, CONFIG, region=region)
    api.wait_healthy("shop", machine)
    return machine


def test_a_region_that_is_down_is_served_by_another(api: Api, server_image: str) -> None:
    fra, iad = healthy(api, server_image, "fra"), healthy(api, server_image, "iad")
    assert api.visit("shop", region="fra").body["machine"] == fra
    fault(api, "region-down", region="fra")
    assert api.visit("shop", region="fra").body["machine"] == iad
    assert api.on("shop", fra, "/stop", {}).status == 503
    assert api.machine("shop", fra)["host_status"] == "unreachable"
    clear(api)
    assert api.visit("shop", region="fra").body["machine"] == fra
    assert api.on("shop", fra, "/stop", {}).status == 200


def test_a_dead_host_comes_back_with_a_new_process(api: Api, server_image: str) -> None:
    machine = healthy(api, server_image, "fra")
    pid = api.on("shop", machine, "/ps", method="GET").body[0]["pid"]
    fault(api, "host-down", machine=machine)
    eventually(lambda: api.on("shop", machine, "/ps", method="GET").status, lambda status: status == 503)
    clear(api)
    api.wait_healthy("shop", machine)
    assert api.on("shop", machine, "/ps", method="GET").body[0]["pid"] != pid


def test_a_crash_loop_ends_real_processes(api: Api, server_image: str) -> None:
    fault(api, "crash-loop", set={"after": "50ms", "code": 7})
    machine = api.create("shop", server_image, {"restart": {"policy": "no"}})
    shown = eventually(lambda: api.machine("shop", machine), lambda one: one["state"] == "stopped")
    exits = [one["request"]["exit_event"] for one in shown["events"] if one["type"] == "exit"]
    assert [(one["exit_code"], one["requested_stop"]) for one in exits] == [(7, False)]


def test_a_slow_boot_takes_its_time(api: Api, server_image: str) -> None:
    fault(api, "slow-boot", times=1, set={"seconds": "1200ms"})
    since = time.monotonic()
    api.started("shop", server_image)
    assert time.monotonic() - since >= 1.2


def test_connections_are_closed_without_an_answer(api: Api, server_image: str) -> None:
    fault(api, "connection-reset", times=1, set={"op": "machines.create", "when": "after"})
    with pytest.raises(ConnectionError):
        api.create("shop", server_image)
    assert len(api.call("GET", "/v1/apps/shop/machines").body) == 1


def test_late_answers_of_the_api_and_of_the_app(api: Api, server_image: str) -> None:
    healthy(api, server_image, "iad")
    fault(api, "slow-answers", set={"seconds": 0.4, "op": "machines.list"})
    since = time.monotonic()
    listed = api.call("GET", "/v1/apps/shop/machines")
    assert (listed.status, time.monotonic() - since >= 0.4) == (200, True)
    clear(api)
    fault(api, "slow-answers", region="iad", set={"seconds": 0.4, "at": "app"})
    since = time.monotonic()
    assert api.visit("shop").status == 200
    assert time.monotonic() - since >= 0.4


def test_failing_checks_take_a_machine_out_of_the_proxys_choice(api: Api, server_image: str) -> None:
    fra, iad = healthy(api, server_image, "fra"), healthy(api, server_image, "iad")
    fault(api, "failing-check", machine=fra)
    eventually(lambda: api.visit("shop", region="fra").body["machine"], lambda machine: machine == iad)
    clear(api)
    eventually(lambda: api.visit("shop", region="fra").body["machine"], lambda machine: machine == fra)


def test_the_proxy_does_not_know_a_new_machine_yet(api: Api, server_image: str) -> None:
    old = healthy(api, server_image, "iad")
    fault(api, "proxy-lag", set={"seconds": 600})
    new = healthy(api, server_image, "fra")
    assert api.visit("shop", region="fra").body["machine"] == old
    clear(api)
    assert api.visit("shop", region="fra").body["machine"] == new


def test_an_update_whose_image_cannot_be_pulled_runs_the_old_one(api: Api, server_image: str) -> None:
    machine = healthy(api, server_image, "iad")
    before = api.machine("shop", machine)
    fault(api, "image-pull-fails", times=1)
    assert api.on("shop", machine, "", {"config": {**CONFIG, "image": server_image}}).status == 200
    api.wait("shop", machine, "started")
    after = api.machine("shop", machine)
    assert after["instance_id"] == before["instance_id"]
    api.wait_healthy("shop", machine)
    assert api.visit("shop", "/env").body["FLY_MACHINE_VERSION"] == before["instance_id"]


def test_a_share_of_real_requests_fails_and_the_check_does_not(api: Api, server_image: str) -> None:
    machine = healthy(api, server_image, "iad")
    fault_id = fault(api, "error-share", set={"share": 0.5, "status": 502})
    answers = [api.visit("shop", fly_force_instance_id=machine) for _ in range(60)]
    failed = [answer for answer in answers if answer.status == 502]
    assert 10 < len(failed) < 50
    assert failed[0].headers["fly-local-fault"] == fault_id
    assert "fly-proxy-error" not in failed[0].headers
    assert {api.visit("shop", "/health").status for _ in range(20)} == {200}
    clear(api)
    fault(api, "slow-share", times=1, set={"share": 1.0, "seconds": 0.4})
    since = time.monotonic()
    assert api.visit("shop").status == 200
    assert time.monotonic() - since >= 0.4


def test_a_real_process_ends_after_its_checks_have_passed(api: Api, server_image: str) -> None:
    fault(api, "crash-after", set={"seconds": "200ms", "from": "healthy", "code": 9})
    machine = api.create("shop", server_image, {**CONFIG, "restart": {"policy": "no"}})
    shown = eventually(lambda: api.machine("shop", machine), lambda one: one["state"] == "stopped")
    exits = [one["request"]["exit_event"] for one in shown["events"] if one["type"] == "exit"]
    assert [(one["exit_code"], one["requested_stop"]) for one in exits] == [(9, False)]
    assert any("is now passing" in line for line in api.logs("shop"))


def test_a_full_region_refuses_on_the_wire(api: Api, server_image: str) -> None:
    fault(api, "no-capacity", region="fra")
    body = {"config": {"image": server_image}, "region": "fra"}
    refused = api.call("POST", "/v1/apps/shop/machines", body)
    assert (refused.status, refused.body["status"]) == (422, "insufficient_capacity")


def test_a_pull_in_vain_is_reverted_after_a_while(api: Api, server_image: str) -> None:
    machine = healthy(api, server_image, "iad")
    before = api.machine("shop", machine)
    fault(api, "pull-reverted", times=1, set={"seconds": "300ms"})
    changed = api.on("shop", machine, "", {"config": {**CONFIG, "image": server_image}}).body
    assert changed["instance_id"] != before["instance_id"]
    eventually(lambda: api.machine("shop", machine)["instance_id"], lambda now: now == before["instance_id"])
    api.wait("shop", machine, "started")
    api.wait_healthy("shop", machine)
    assert api.visit("shop", "/env").body["FLY_MACHINE_VERSION"] == before["instance_id"]


@pytest.mark.parametrize("how", [how for how in DAMAGES if how not in ("cut", "drip", "large", "gzip")])
def test_unreadable_answers_are_whole_http_answers(api: Api, how: str) -> None:
    api.app("shop")
    fault(api, "unreadable", times=1, set={"how": how, "op": "apps.get"})
    answer = api.call("GET", "/v1/apps/shop")
    assert answer.headers["fly-local-fault"]
    assert answer.body is None or not isinstance(answer.body, dict) or how == "nan"
    assert isinstance(api.call("GET", "/v1/apps/shop").body, dict)


def test_unreadable_answers_that_are_large_once_unpacked(api: Api) -> None:
    api.app("shop")
    fault(api, "unreadable", times=1, set={"how": "large"})
    assert len(api.call("GET", "/v1/apps/shop").raw) > 64_000_000
    fault(api, "unreadable", times=1, set={"how": "gzip"})
    packed = api.call("GET", "/v1/apps/shop")
    assert (packed.headers["content-encoding"], len(packed.raw) < 1_000_000) == ("gzip", True)


def test_unreadable_answers_that_never_end(api: Api) -> None:
    api.app("shop")
    fault(api, "unreadable", times=1, set={"how": "cut"})
    with pytest.raises(http.client.IncompleteRead):
        api.call("GET", "/v1/apps/shop")
    fault(api, "unreadable", times=1, set={"how": "drip", "seconds": 0.7})
    with pytest.raises(TimeoutError):
        api.send("GET", "/v1/apps/shop", headers={"Authorization": f"Bearer {api.running.token}"}, timeout=0.3)
    fault(api, "unreadable", times=1, set={"how": "drip", "seconds": "0.1ms"})
    assert api.call("GET", "/v1/apps/shop").body["name"] == "shop"


def events(raw: bytes) -> list[str]:
    """The kinds of events that a build told."""
    return [json.loads(line)["event"] for line in raw.splitlines()]


def test_the_connection_to_the_builder_drops(api: Api, server_context: Path) -> None:
    wanted = {"app": api.app("shop"), "context": str(server_context), "label": "two"}
    drop = fault(api, "builder-drops", app="shop", times=1, set={"how": "503"})
    busy = api.call("POST", "/_local/builds", wanted)
    assert (busy.status, busy.body["error"]) == (503, f"the builder is not available (fault {drop})")
    fault(api, "builder-drops", times=1, set={"when": "before"})
    with pytest.raises(ConnectionError):
        api.call("POST", "/_local/builds", wanted)
    for when in ("during", "after"):
        fault(api, "builder-drops", times=1, set={"when": when})
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            api.call("POST", "/_local/builds", wanted)
    assert events(api.call("POST", "/_local/builds", wanted).raw)[-1] == "built"


def test_faults_show_in_the_status_and_end_with_a_reset(api: Api) -> None:
    fault_id = fault(api, "rate-limited", region="fra", **{"for": "10m"})
    (shown,) = api.call("GET", "/_local/status").body["faults"]
    assert (shown["id"], shown["name"], shown["region"]) == (fault_id, "rate-limited", "fra")
    assert api.call("POST", "/_local/reset").status == 200
    assert api.call("GET", "/_local/status").body["faults"] == []
