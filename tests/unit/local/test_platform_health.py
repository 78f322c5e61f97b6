"""Health checks: when they run and what they say."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.runtime.simulated import Behaviour
from tests.unit.local.simulated_fly import Fly


def check_of(fly: Fly, machine: str) -> Any:
    """The machine's first check."""
    return fly.machine(machine)["checks"][0]


def test_checks_are_shown_at_once_and_pass_soon_after_the_app_listens(fly: Fly, checked: dict[str, Any]) -> None:
    machine = fly.create({**checked, "image": fly.push("slow", Behaviour(boot_seconds=1, healthy_seconds=3))})
    assert machine["checks"][0]["name"] == "servicecheck-00-http-8080"
    assert machine["checks"][0]["status"] == "warning" and machine["checks"][0]["updated_at"]
    fly.after(3.5)
    assert check_of(fly, machine["id"])["status"] == "warning"
    fly.after(1.5)
    assert check_of(fly, machine["id"])["status"] == "passing", "well before the interval of 15 s"


def test_failures_count_after_the_grace_period(fly: Fly, checked: dict[str, Any]) -> None:
    machine = fly.started({**checked, "image": fly.push("sick", Behaviour(healthy_seconds=None))})["id"]
    fly.after(3)
    assert check_of(fly, machine)["status"] == "warning"
    fly.after(5)
    failing = check_of(fly, machine)
    assert failing["status"] == "critical" and "refused" in failing["output"]
    assert any("has failed" in line.message for line in fly.platform.logs.read(app="shop"))


def test_a_passing_check_is_repeated_at_its_interval(fly: Fly, checked: dict[str, Any]) -> None:
    ill: list[str] = []
    image = fly.push("moody", Behaviour(healthy=lambda machine_id, region: machine_id not in ill))
    machine = fly.started({**checked, "image": image})["id"]
    fly.after(5)
    assert check_of(fly, machine)["status"] == "passing"
    ill.append(machine)
    fly.after(16)
    turned = check_of(fly, machine)
    assert turned["status"] == "critical" and turned["output"].startswith("500")
    fly.after(60)
    assert check_of(fly, machine)["updated_at"] == turned["updated_at"], "the time of the last change of status"
    ill.clear()
    fly.after(16)
    assert check_of(fly, machine)["status"] == "passing"


def test_top_level_checks_inform_and_service_checks_gate_traffic(fly: Fly) -> None:
    sick = fly.push("sick", Behaviour(healthy_seconds=None))
    top = {"type": "http", "port": 9000, "interval": "15s"}
    informing = fly.started({"image": sick, "checks": {"deep": top}})["id"]
    ready = fly.started({"image": sick, "checks": {"deep": {**top, "kind": "readiness"}}})["id"]
    fly.after(30)
    assert fly.machine(informing)["checks"][0] | {"updated_at": 0} == {
        "name": "deep", "status": "critical", "output": "connection refused on port 10001", "updated_at": 0,
    }  # fmt: skip
    health, get = fly.platform.health, fly.platform.machines.get
    assert health.routable(get("shop", informing)) and not health.routable(get("shop", ready))


def test_a_stopped_machine_shows_that_it_is_not_running(fly: Fly, checked: dict[str, Any]) -> None:
    machine = fly.started(checked)["id"]
    fly.after(5)
    fly.on(machine, "/stop", {})
    fly.after(5)
    assert check_of(fly, machine)["status"] == "warning"
    assert "not running" in check_of(fly, machine)["output"]


def test_a_frozen_machine_keeps_its_answers_and_is_asked_at_once_when_it_runs_on(
    fly: Fly, checked: dict[str, Any]
) -> None:
    ill: list[str] = []
    image = fly.push("moody", Behaviour(healthy=lambda machine_id, region: machine_id not in ill))
    machine = fly.started({**checked, "image": image})["id"]
    fly.after(5)
    fly.on(machine, "/suspend")
    ill.append(machine)
    fly.after(600)
    assert check_of(fly, machine)["status"] == "passing"
    fly.on(machine, "/start")
    fly.after(0.5)
    assert check_of(fly, machine)["status"] == "critical"


def test_a_new_version_starts_without_the_old_ones_answers(fly: Fly, checked: dict[str, Any]) -> None:
    machine = fly.started(checked)["id"]
    fly.after(5)
    sick = fly.push("sick", Behaviour(boot_seconds=1, healthy_seconds=None))
    shown = fly.update(machine, {**checked, "image": sick}).body
    assert shown["checks"][0]["status"] == "warning"
    fly.after(60)
    assert check_of(fly, machine)["status"] == "critical"


def test_service_intervals_are_kept_within_bounds(fly: Fly) -> None:
    asked: list[float] = []

    def healthy(machine_id: str, region: str) -> bool:
        asked.append(fly.simulation.clock.now())
        return True

    check = {"type": "http", "interval": "1ms"}
    image = fly.push("counted", Behaviour(healthy=healthy))
    fly.started({"image": image, "services": [{"internal_port": 80, "checks": [check]}]})
    fly.after(5)
    first = len(asked)
    fly.after(10)
    assert 9 <= len(asked) - first <= 11
