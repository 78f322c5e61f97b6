"""flyctl on a simulated clock: the stand-in's commands, and deploys that go on as time passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.local.simulated.fly import SimulatedFly
from flyctl_orchestrator.local.simulated.flyctl import Run

TOML = """
app = "shop"
primary_region = "iad"
[http_service]
internal_port = 8080
[[http_service.checks]]
path = "/up"
interval = "2s"
timeout = "1s"
"""
MACHINES = "/v1/apps/shop/machines"


class Desk:
    """A simulated Fly with one app, and a directory to work in."""

    def __init__(self, directory: Path) -> None:
        (directory / "fly.toml").write_text(TOML)
        self.directory = directory
        self.fly = SimulatedFly(0, directory)
        self.images = self.fly.simulation.images
        self.lines: list[str] = []
        assert self.run("apps", "create", "shop", "--yes").status == 0
        self.images.push("registry.fly.io/shop:one")

    def run(self, *words: str) -> Run:
        """Start flyctl."""
        return self.fly.flyctl(words, self.directory, self.lines.append)

    def deploy(self, label: str, *flags: str) -> Run:
        """Start to deploy an image that exists."""
        image = f"registry.fly.io/shop:{label}"
        return self.run("deploy", "--app", "shop", "--image", image, "--yes", "--ha=false", *flags)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A request of somebody else."""
        status, _, raw = self.fly.simulation.send(method, path, None, body)
        return json.loads(raw) if raw else status

    def machines(self) -> list[Any]:
        """Every machine."""
        found: list[Any] = self.call("GET", MACHINES)
        return found

    def releases(self) -> list[tuple[int, str]]:
        """Number and status of each release, newest first."""
        run = self.run("releases", "--app", "shop", "--json")
        return [(one["Version"], one["Status"]) for one in json.loads(run.end()[1])]

    def scaled(self, number: int) -> list[str]:
        """Deploy, and have so many machines; their ids."""
        assert self.deploy("one").wait(120)[0] == 0
        config = self.machines()[0]["config"]
        for _ in range(number - 1):
            self.call("POST", MACHINES, {"config": config, "region": "fra"})
        self.fly.sleep(20)
        return [machine["id"] for machine in self.machines()]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A fresh one."""
    return Desk(tmp_path)


def test_the_first_deploy_makes_a_machine_and_a_release(desk: Desk) -> None:
    run = desk.deploy("one")
    assert run.running
    status, out, err, timed_out = run.wait(120)
    assert (status, timed_out, err.count("Error")) == (0, False, 0)
    (machine,) = desk.machines()
    assert (machine["region"], machine["state"]) == ("iad", "started")
    assert machine["config"]["metadata"]["fly_release_version"] == "1"
    assert machine["config"]["services"][0]["internal_port"] == 8080
    assert desk.releases() == [(1, "complete")]
    assert f"> Machine {machine['id']}" in out
    assert "==> Verifying app config" in desk.lines


def test_machines_are_updated_a_few_at_a_time_after_the_first(desk: Desk) -> None:
    ids = desk.scaled(4)
    desk.images.push("registry.fly.io/shop:two")
    run = desk.deploy("two", "--max-unavailable", "2")
    away = []
    while run.running:
        desk.fly.sleep(0.2)
        now = desk.machines()
        healthy = [m["state"] == "started" and m["checks"][0]["status"] == "passing" for m in now]
        away.append(len(now) - sum(healthy))
    assert run.end()[0] == 0
    assert max(away) == 2
    assert set(away[: away.index(0)]) == {1}, "one goes first, and the others wait until it is healthy"
    assert {machine["config"]["image"].split("@")[0] for machine in desk.machines()} == {"registry.fly.io/shop:two"}
    assert [machine["id"] for machine in desk.machines()] == ids
    assert desk.releases()[0] == (2, "complete")


def test_machines_are_leased_meanwhile_and_free_afterwards(desk: Desk) -> None:
    (machine,) = desk.scaled(1)
    desk.images.push("registry.fly.io/shop:slow", Behaviour(healthy_seconds=30))
    run = desk.deploy("slow")
    desk.fly.sleep(20)
    assert run.running
    assert desk.call("POST", f"{MACHINES}/{machine}/lease", {"ttl": 5})["status"] == "error", (
        "kept for longer than 13 s"
    )
    assert run.wait(120)[0] == 0
    assert desk.call("POST", f"{MACHINES}/{machine}/lease", {"ttl": 5})["status"] == "success"


def test_an_interrupted_deploy_marks_its_release_and_keeps_its_leases_for_a_while(desk: Desk) -> None:
    (machine,) = desk.scaled(1)
    desk.images.push("registry.fly.io/shop:slow", Behaviour(healthy_seconds=30))
    run = desk.deploy("slow")
    desk.fly.sleep(3)
    assert run.end()[0] == 127
    assert desk.releases()[0] == (2, "interrupted")
    assert desk.call("POST", f"{MACHINES}/{machine}/lease", {"ttl": 5})["status"] == "error"
    desk.fly.sleep(13)
    assert desk.call("POST", f"{MACHINES}/{machine}/lease", {"ttl": 5})["status"] == "success"


def test_what_never_becomes_healthy_fails_in_the_time_that_was_given(desk: Desk) -> None:
    desk.scaled(1)
    desk.images.push("registry.fly.io/shop:deaf", Behaviour(healthy_seconds=None))
    began = desk.fly.now()
    status, _, err, _ = desk.deploy("deaf", "--wait-timeout", "20s").wait(300)
    assert status == 1
    assert 40 <= desk.fly.now() - began < 45
    assert "Error: timeout reached waiting for health checks" in err
    assert desk.releases()[0] == (2, "failed")


def test_a_lease_of_somebody_else_is_waited_for(desk: Desk) -> None:
    (machine,) = desk.scaled(1)
    desk.call("POST", f"{MACHINES}/{machine}/lease", {"ttl": 20})
    began = desk.fly.now()
    assert desk.deploy("one").wait(300)[0] == 0
    assert desk.fly.now() - began > 20
    desk.call("POST", f"{MACHINES}/{machine}/lease", {"ttl": 200})
    assert desk.deploy("one").wait(300)[0] == 1


def test_a_full_host_is_left_for_another_machine(desk: Desk) -> None:
    (machine,) = desk.scaled(1)
    desk.call("POST", "/_local/faults", {"name": "no-capacity", "set": {"op": "machines.update"}})
    assert desk.deploy("one").wait(120)[0] == 0
    (now,) = desk.machines()
    assert now["id"] != machine


@pytest.mark.parametrize("how", ["html", "null", "shape", "text", "half", "nan", "deep", "cut"])
@pytest.mark.parametrize("op", ["machines.*", "apps.get", "uiex.*", "graphql", "leases.*"])
def test_answers_that_cannot_be_read_end_it_with_an_error_and_no_traceback(desk: Desk, how: str, op: str) -> None:
    desk.scaled(1)
    desk.call("POST", "/_local/faults", {"name": "unreadable", "set": {"how": how, "op": op}})
    status, _, err, _ = desk.deploy("one", "--wait-timeout", "5s").wait(300)
    assert status in (0, 1)
    assert "Error" in err or status == 0
    assert "Traceback" not in err


def test_an_unknown_command_is_refused(desk: Desk) -> None:
    assert desk.run("ssh", "console").end()[0] == 1
