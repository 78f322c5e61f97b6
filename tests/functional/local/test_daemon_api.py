"""The listener: who may ask, what is turned away, long polls, limits, the platform's own operations."""

from __future__ import annotations

import http.client
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.platform_client import Api
from tests.waiting import eventually

SERVICE = {
    "internal_port": 8080,
    "ports": [{"port": 80, "handlers": ["http"]}],
    "autostart": True,
    "autostop": "suspend",
    "checks": [{"type": "http", "path": "/health", "interval": "1s"}],
}


def test_the_api_wants_its_token(api: Api) -> None:
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": api.running.token}):
        for path in ("/v1/tokens/current", "/_local/status", "/_local/builds", "/graphql", "/nowhere"):
            assert api.send("GET", path, headers=header).status == 401, path
    assert api.send("GET", "/_local/ready").body == {"ready": True, "pid": api.running.pid}
    for scheme in ("Bearer", "FlyV1"):
        header = {"Authorization": f"{scheme} {api.running.token}"}
        assert api.send("GET", "/v1/platform/regions", headers=header).status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "", "10.0.0.1:80"])
def test_other_hosts_are_turned_away(api: Api, host: str) -> None:
    header = {"Host": host, "Authorization": f"Bearer {api.running.token}"}
    answer = api.send("GET", "/v1/platform/regions", headers=header)
    assert answer.status in (400, 421), answer
    assert answer.status == 400 or "neither 127.0.0.1 nor" in answer.body["error"]


def test_it_listens_on_loopback_only(api: Api) -> None:
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    port = f"{api.running.port:04X}"
    assert [row[1] for row in rows if row[1].endswith(f":{port}") and row[3] == "0A"] == [f"0100007F:{port}"]


def test_bodies_that_are_not_json_are_refused(api: Api) -> None:
    header = {"Authorization": f"Bearer {api.running.token}"}
    answer = api.send("POST", "/v1/apps", b"{nonsense", header)
    assert answer.status == 400 and "not JSON" in answer.body["error"]
    assert api.send("POST", "/v1/apps", b"[1]", header).status == 400
    assert answer.headers["fly-request-id"]


def test_what_is_not_modelled_is_501_with_its_name(api: Api) -> None:
    answer = api.call("POST", "/v1/tokens/oidc", {})
    assert (answer.status, answer.body["operation"]) == (501, "tokens.oidc")
    assert api.call("GET", "/v1/apps/shop/machines/0/memory").status == 501


def test_a_long_poll_answers_when_the_state_comes(api: Api, server_image: str) -> None:
    machine = api.started("shop", server_image, {"services": [SERVICE]})
    with ThreadPoolExecutor(8) as pool:
        waits = [pool.submit(api.on, "shop", machine, "/wait?state=suspended", None, "GET") for _ in range(8)]
        api.on("shop", machine, "/suspend")
        assert {wait.result(10).status for wait in waits} == {200}
    late = api.on("shop", machine, "/wait?state=started&timeout=1", method="GET")
    assert late.status == 408 and "currently suspended" in late.body["error"]


def test_request_limits_are_on_by_default_and_can_be_turned_off(api: Api, server_image: str) -> None:
    machine = api.started("shop", server_image)
    api.call("PUT", "/_local/settings", {"rate_limits": True})
    answers = [api.on("shop", machine, "/cordon").status for _ in range(6)]
    assert answers[:3] == [200] * 3 and 429 in answers[3:]
    api.call("PUT", "/_local/settings", {"rate_limits": False})
    assert {api.on("shop", machine, "/cordon").status for _ in range(6)} == {200}


def test_requests_are_counted_by_operation_and_so_are_those_that_were_too_many(api: Api, server_image: str) -> None:
    machine = api.started("shop", server_image)
    before = api.call("GET", "/_local/requests").body
    api.call("PUT", "/_local/settings", {"rate_limits": True})
    refused = [api.on("shop", machine, "/uncordon").status for _ in range(6)].count(429)
    api.call("PUT", "/_local/settings", {"rate_limits": False})
    after = api.call("GET", "/_local/requests").body
    assert after["operations"]["machines.uncordon"] - before["operations"].get("machines.uncordon", 0) == 6
    assert after["total"] - before["total"] == 6
    assert after["limited"]["machines.uncordon"] == refused > 0


def test_settings_are_checked(api: Api) -> None:
    before = api.call("GET", "/_local/settings").body
    for wrong in ({"unheard": 1}, {"delays": 1}, {"autostop_tick_seconds": -1}, {"delays": True, "boot_seconds": "x"}):
        assert api.call("PUT", "/_local/settings", wrong).status == 400
    assert api.call("GET", "/_local/settings").body == before
    assert api.call("PUT", "/_local/settings", {"delays": True}).body["delays"] is True


def test_an_idle_machine_is_suspended_by_a_tick_and_woken_by_a_request(api: Api, server_image: str) -> None:
    machine = api.started("shop", server_image, {"services": [SERVICE]})
    api.wait_healthy("shop", machine)
    slept = api.call("POST", "/_local/tick").body["slept"]
    assert slept == [{"machine": machine, "region": "iad", "mode": "suspend"}]
    assert api.machine("shop", machine)["state"] == "suspended"
    status = api.call("GET", "/_local/status").body["apps"]
    assert [(one["name"], one["machines"], one["others"]) for one in status] == [("shop", 0, 1)], "not made by a deploy"
    assert api.visit("shop").status == 200
    assert api.machine("shop", machine)["state"] == "started"
    sources = [event["source"] for event in api.machine("shop", machine)["events"]]
    assert "proxy" in sources


def test_a_stopped_machine_is_booted_by_a_request(api: Api, server_image: str) -> None:
    machine = api.started("shop", server_image, {"services": [{**SERVICE, "autostop": "stop"}]})
    api.wait_healthy("shop", machine)
    api.call("POST", "/_local/tick")
    assert api.machine("shop", machine)["state"] == "stopped"
    assert api.visit("shop").body["machine"] == machine


def test_a_leased_machine_is_neither_put_to_sleep_nor_woken(api: Api, server_image: str) -> None:
    machine = api.started("shop", server_image, {"services": [SERVICE]})
    api.wait_healthy("shop", machine)
    nonce = api.on("shop", machine, "/lease", {"ttl": 60}).body["data"]["nonce"]
    assert api.call("POST", "/_local/tick").body["slept"] == []
    api.on("shop", machine, "/suspend", fly_machine_lease_nonce=nonce)
    api.wait("shop", machine, "suspended")
    answer = api.visit("shop", fly_force_instance_id=machine)
    assert answer.status >= 500
    assert any("lease currently held" in line for line in api.logs("shop"))


def test_a_cordoned_or_unhealthy_machine_gets_no_traffic(api: Api, server_image: str) -> None:
    one = api.started("shop", server_image, {"services": [SERVICE]})
    two = api.started("shop", server_image, {"services": [SERVICE]})
    for machine in (one, two):
        api.wait_healthy("shop", machine)
    api.on("shop", one, "/cordon")
    assert {api.visit("shop").body["machine"] for _ in range(10)} == {two}
    api.on("shop", one, "/uncordon")
    api.visit("shop", "/sick", fly_force_instance_id=two)
    eventually(lambda: api.machine("shop", two)["checks"][0]["status"], lambda status: status == "critical")
    assert {api.visit("shop").body["machine"] for _ in range(10)} == {one}


def test_logs_can_be_followed(api: Api, server_image: str) -> None:
    machine = api.started("shop", server_image, {"services": [SERVICE]})
    api.wait_healthy("shop", machine)
    connection = http.client.HTTPConnection("127.0.0.1", api.running.port, timeout=20)
    header = {"Authorization": f"Bearer {api.running.token}"}
    connection.request("GET", "/_local/logs?app=shop&limit=0&follow=1", headers=header)
    answer = connection.getresponse()
    threading.Thread(target=api.visit, args=("shop", "/say/news")).start()
    try:
        for raw in answer:
            line = json.loads(raw)
            if line["message"] == "news":
                break
        assert (line["machine"], line["region"], line["source"]) == (machine, "iad", "app")
    finally:
        connection.close()


def test_a_reset_leaves_nothing(api: Api, server_image: str) -> None:
    api.started("shop", server_image)
    assert api.call("POST", "/_local/reset").body == {"ok": True}
    assert api.call("GET", "/v1/apps?org_slug=personal").body["apps"] == []


def test_sixty_machines_are_listed_cheaply(api: Api, server_image: str) -> None:
    for number in range(60):
        api.create("shop", server_image, {"services": [SERVICE]}, skip_launch=True, region=["iad", "fra"][number % 2])
    before = worked(api)
    for _ in range(40):
        assert len(api.call("GET", "/v1/apps/shop/machines").body) == 60
    assert (worked(api) - before) / 40 < 0.02, "seconds of processor time for one list"
    assert api.call("GET", "/_local/status").body["apps"][0]["others"] == 60


def worked(api: Api) -> float:
    """Seconds of processor time the daemon has used."""
    columns = Path(f"/proc/{api.running.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(columns[11]) + int(columns[12])) / os.sysconf("SC_CLK_TCK")


def test_metrics_count_what_went_through_the_proxy(api: Api, server_image: str) -> None:
    service = {"internal_port": 8080, "ports": [{"port": 80, "handlers": ["http"]}], "autostart": True}
    machine = api.started("shop", server_image, {"services": [service]})
    for _ in range(3):
        assert api.visit("shop").status == 200
    query = 'sum by (instance, status) (increase(fly_app_http_responses_count{app="shop"}[30s]))'
    address = "/prometheus/personal/api/v1/query"
    asked = api.call("GET", f"{address}?{urlencode({'query': query})}")
    form = api.call(
        "POST", address, urlencode({"query": query}).encode(), content_type="application/x-www-form-urlencoded"
    )
    for answer in (asked, form):
        (found,) = answer.body["data"]["result"]
        assert (found["metric"], found["value"][1]) == ({"instance": machine, "status": "200"}, "3")
    assert api.call("GET", f"{address}?query=up").status == 501
    assert api.send("GET", f"{address}?query=up").status == 401
