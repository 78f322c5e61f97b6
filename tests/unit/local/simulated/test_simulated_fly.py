"""Everything behind a URL of the simulated Fly, and time, which passes when somebody waits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.simulated.fly import PORT, SimulatedFly

API = f"http://127.0.0.1:{PORT}"
APP = f"http://shop.localhost:{PORT}"
WEB = {"services": [{"internal_port": 8080, "ports": [{"port": 80, "handlers": ["http"]}]}]}


@pytest.fixture
def fly(tmp_path: Path) -> SimulatedFly:
    """One with an app."""
    made = SimulatedFly(0, tmp_path)
    assert ask(made, "POST", "/v1/apps", {"name": "shop", "org_slug": "personal"})[0] == 201
    return made


def ask(fly: SimulatedFly, method: str, path: str, body: Any = None, timeout: float = 60.0) -> tuple[int, Any]:
    """A request with the token; status and decoded body."""
    headers = {"Authorization": f"Bearer {fly.variables['FLY_API_TOKEN']}"}
    sent = b"" if body is None else json.dumps(body).encode()
    status, _, raw = fly.send(method, API + path, headers, sent, timeout)
    return status, json.loads(raw) if raw else None


def build(fly: SimulatedFly, label: str) -> tuple[int, list[Any]]:
    """A build; status and events."""
    body = json.dumps({"app": "shop", "label": label, "context": "/"}).encode()
    status, _, raw = fly.send("POST", f"{API}/_local/builds", {}, body, 600.0)
    return status, [json.loads(line) for line in raw.splitlines()]


def test_an_image_is_built_and_its_machine_answers(fly: SimulatedFly) -> None:
    began = fly.now()
    status, events = build(fly, "one")
    assert (status, [event["event"] for event in events]) == (200, ["log", "built"])
    assert fly.now() - began >= 5
    config = {"image": events[-1]["image"], **WEB}
    _, machine = ask(fly, "POST", "/v1/apps/shop/machines", {"config": config, "region": "fra"})
    assert machine["image_ref"]["digest"] == events[-1]["digest"]
    fly.sleep(5)
    status, _, raw = fly.send("GET", f"{APP}/page?a=b", {}, b"", 5.0)
    assert (status, json.loads(raw)) == (200, {"region": "fra", "machine": machine["id"], "path": "/page?a=b"})
    status, _, raw = fly.send("GET", f"http://nrt.shop.localhost:{PORT}/", {}, b"", 5.0)
    assert json.loads(raw)["region"] == "fra"


def test_images_that_run_elsewhere_are_there_by_name_and_digest(fly: SimulatedFly) -> None:
    digest = f"sha256:{'ab' * 32}"
    images = [{"ref": "registry.fly.io/shop:old", "digest": digest}]
    assert ask(fly, "POST", "/_local/images", {"from": "/nowhere", "images": images})[1] == {"borrowed": [digest]}
    config = {"image": f"registry.fly.io/shop:old@{digest}"}
    status, machine = ask(fly, "POST", "/v1/apps/shop/machines", {"config": config, "region": "iad"})
    assert (status, machine["image_ref"]["digest"]) == (200, digest)
    config = {"image": f"registry.fly.io/shop:old@sha256:{'cd' * 32}"}
    assert ask(fly, "POST", "/v1/apps/shop/machines", {"config": config, "region": "iad"})[0] == 400


def test_a_client_that_does_not_wait_is_told_so_after_its_time(fly: SimulatedFly) -> None:
    ask(fly, "POST", "/_local/faults", {"name": "slow-answers", "set": {"seconds": 30}})
    began = fly.now()
    with pytest.raises(TimeoutError):
        ask(fly, "GET", "/v1/apps/shop", timeout=10)
    assert fly.now() - began == pytest.approx(10)


def test_nobody_listens_elsewhere_and_the_token_counts(fly: SimulatedFly) -> None:
    with pytest.raises(ConnectionRefusedError):
        fly.send("GET", "http://127.0.0.1:80/", {}, b"", 5.0)
    assert fly.send("GET", f"{API}/v1/apps/shop", {"Authorization": "Bearer wrong"}, b"", 5.0)[0] == 401
    assert fly.send("POST", f"{API}/v1/apps", {}, b"{", 5.0)[0] == 400


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_the_builder_drops_the_connection(fly: SimulatedFly, when: str) -> None:
    ask(fly, "POST", "/_local/faults", {"name": "builder-drops", "times": 1, "set": {"when": when}})
    with pytest.raises(ConnectionResetError):
        build(fly, "one")
    assert build(fly, "one")[0] == 200
    ask(fly, "POST", "/_local/faults", {"name": "builder-drops", "times": 1, "set": {"how": "504"}})
    assert build(fly, "one")[0] == 504


def test_a_seed_decides_everything(tmp_path: Path) -> None:
    def machine(seed: int) -> str:
        fly = SimulatedFly(seed, tmp_path)
        ask(fly, "POST", "/v1/apps", {"name": "shop", "org_slug": "personal"})
        _, events = build(fly, "one")
        body = {"config": {"image": events[-1]["image"]}, "region": "iad"}
        return str(ask(fly, "POST", "/v1/apps/shop/machines", body)[1]["id"])

    assert machine(3) == machine(3) != machine(4)
