"""Faults of hosts, boots and checks, on a clock that the tests own."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.local.runtime.simulated import Behaviour
from tests.unit.local.faults.test_faults_board import add
from tests.unit.local.simulated_fly import CHECKED, Fly

MACHINES = "/v1/apps/shop/machines"
PORTS = [{"port": 80, "handlers": ["http"]}]


@pytest.fixture
def checked() -> dict[str, Any]:
    """Config of a machine with one public service and one HTTP check."""
    return {"services": [{**CHECKED, "ports": PORTS}]}


def routable(fly: Fly) -> dict[str, bool]:
    """Which machines the proxy would send requests to."""
    view = fly.simulation.proxy_view.targets("shop")
    return {target.machine_id: target.routable and target.state == "started" for target in view}


def check(fly: Fly, machine: str) -> str:
    """The status of a machine's one check."""
    (only,) = fly.machine(machine)["checks"]
    return str(only["status"])


def test_a_region_that_is_down_is_out_of_reach_and_comes_back_as_it_was(fly: Fly, checked: dict[str, Any]) -> None:
    fra, iad = (fly.started(checked, region=region)["id"] for region in ("fra", "iad"))
    fly.after(5)
    launched = fly.runtime.launched(fra)
    add(fly, "region-down", region="fra", lasts=60)
    assert routable(fly) == {fra: False, iad: True}
    assert fly.on(fra, "/stop").status == 503
    assert fly.on(fra, "/lease", {"ttl": 5}).status == 503
    assert fly.on(fra, "/wait?state=started", method="GET").status == 503
    assert fly.call("POST", MACHINES, {"config": {"image": "x"}, "region": "fra"}).status == 503
    shown = {one["id"]: one for one in fly.call("GET", MACHINES).body}
    assert (shown[fra]["host_status"], shown[iad]["host_status"]) == ("unreachable", "ok")
    assert (shown[fra]["state"], fly.machine(fra)["host_status"]) == ("started", "unreachable")
    assert fly.on(iad, "/lease", {"ttl": 5}).status == 201
    fly.after(60)
    assert routable(fly) == {fra: True, iad: True}
    assert fly.machine(fra)["host_status"] == "ok"
    assert fly.on(fra, "/stop").status == 200
    assert fly.runtime.launched(fra) is launched, "it ran on all the while"


def test_checks_of_a_region_that_is_down_give_no_news(fly: Fly, checked: dict[str, Any]) -> None:
    sick: list[bool] = []
    image = fly.push("moody", Behaviour(healthy=lambda machine, region: not sick))
    machine = fly.started({**checked, "image": image}, region="fra")["id"]
    fly.after(5)
    add(fly, "region-down", region="fra", lasts=120)
    sick.append(True)
    fly.after(100)
    assert check(fly, machine) == "passing"
    fly.after(25)
    assert check(fly, machine) == "critical"


def test_a_host_that_dies_takes_its_machines_along_and_they_boot_again(fly: Fly, checked: dict[str, Any]) -> None:
    machines = [fly.started(checked, region="fra")["id"] for _ in range(5)]
    fly.after(10)
    add(fly, "host-down", region="fra", lasts=30)
    gone = [one["id"] for one in fly.call("GET", MACHINES).body if one["host_status"] == "unreachable"]
    assert gone == [machines[0], machines[4]], "four hosts per region; the first one has two of five"
    assert [fly.runtime.running(one) for one in machines] == [False, True, True, True, False]
    assert fly.state(machines[0]) == "started", "nobody is there to say otherwise"
    assert fly.on(machines[0], "/stop").status == 503
    assert fly.on(machines[1], "/stop").status == 200
    fly.after(40)
    assert fly.state(machines[0]) == "started"
    assert routable(fly)[machines[0]] and check(fly, machines[0]) == "passing"
    assert fly.on(machines[0], "/stop").status == 200


def test_a_suspended_machine_on_a_dead_host_starts_cold(fly: Fly) -> None:
    machine = fly.started()["id"]
    fly.on(machine, "/suspend")
    fly.after(1)
    assert fly.state(machine) == "suspended"
    boots = fly.platform.kernel.machines[machine].boot
    add(fly, "host-down", machine=machine, lasts=5)
    fly.after(6)
    assert fly.state(machine) == "suspended"
    fly.on(machine, "/start")
    fly.after(3)
    assert fly.state(machine) == "started"
    assert fly.platform.kernel.machines[machine].boot > boots + 1, "booted, not resumed"


def test_a_machine_that_booted_when_its_host_died_boots_again(fly: Fly) -> None:
    machine = fly.create()["id"]
    fly.after(0.5)
    assert fly.state(machine) == "starting"
    add(fly, "host-down", machine=machine, lasts=20)
    fly.after(19)
    assert fly.state(machine) == "starting"
    fly.after(5)
    assert fly.state(machine) == "started"


def test_slow_boot_delays_every_start_it_is_asked_for(fly: Fly) -> None:
    add(fly, "slow-boot", region="fra", times=1, set={"seconds": 20})
    slow, quick = fly.create(region="fra")["id"], fly.create()["id"]
    fly.after(5)
    assert (fly.state(slow), fly.state(quick)) == ("starting", "started")
    fly.after(14)
    assert fly.state(slow) == "starting"
    fly.after(3)
    assert fly.state(slow) == "started"


def test_a_machine_that_boots_slowly_can_be_stopped_and_stays_so(fly: Fly) -> None:
    add(fly, "slow-boot", times=1, set={"seconds": 20})
    machine = fly.create()["id"]
    fly.after(5)
    assert fly.on(machine, "/stop").status == 200
    fly.after(60)
    assert fly.state(machine) == "stopped"
    assert not fly.runtime.running(machine)


def test_an_update_overtakes_a_slow_boot(fly: Fly) -> None:
    add(fly, "slow-boot", times=1, set={"seconds": 20})
    machine = fly.create()["id"]
    fly.after(5)
    new = fly.push("two")
    fly.update(machine, {"image": new})
    fly.after(60)
    assert (fly.state(machine), fly.runtime.launched(machine).image.ref) == ("started", new)


def test_a_crash_loop_ends_every_start_with_the_asked_code_until_the_platform_gives_up(fly: Fly) -> None:
    add(fly, "crash-loop", set={"after": 2, "code": 3})
    machine = fly.create({"restart": {"policy": "on-failure", "max_retries": 2}})["id"]
    fly.after(60)
    shown = fly.machine(machine)
    assert shown["state"] == "stopped"
    exits = [event["request"]["exit_event"] for event in shown["events"] if event["type"] == "exit"]
    assert [(one["exit_code"], one["requested_stop"]) for one in exits] == [(3, False)] * 3


def test_a_crash_that_was_ordered_does_not_reach_the_next_boot(fly: Fly) -> None:
    add(fly, "crash-loop", times=1, set={"after": 10})
    machine = fly.started()["id"]
    fly.update(machine)
    fly.after(60)
    assert fly.state(machine) == "started"
    assert not any(
        event["type"] == "exit" and event["request"]["exit_event"]["requested_stop"] is False
        for event in fly.machine(machine)["events"]
    )


def test_a_fault_of_one_image_spares_the_other(fly: Fly) -> None:
    add(fly, "crash-loop", set={"image": ":two"})
    machine = fly.started()["id"]
    fly.after(10)
    assert fly.state(machine) == "started"
    fly.update(machine, {"image": fly.push("two"), "restart": {"policy": "no"}})
    fly.after(10)
    assert fly.state(machine) == "stopped"


def test_failing_checks_fail_and_recover(fly: Fly, checked: dict[str, Any]) -> None:
    machine = fly.started(checked)["id"]
    fly.after(5)
    assert check(fly, machine) == "passing"
    add(fly, "failing-check", lasts=20, set={"check": "http"})
    fly.after(16)
    assert check(fly, machine) == "critical"
    assert "fault f1: failing-check" in fly.machine(machine)["checks"][0]["output"]
    assert routable(fly) == {machine: False}
    fly.after(20)
    assert check(fly, machine) == "passing"


def test_a_fault_of_another_check_spares_this_one(fly: Fly, checked: dict[str, Any]) -> None:
    machine = fly.started(checked)["id"]
    add(fly, "failing-check", set={"check": "tcp"})
    fly.after(30)
    assert check(fly, machine) == "passing"


def test_a_flapping_check_turns_with_the_clock(fly: Fly, checked: dict[str, Any]) -> None:
    machine = fly.started(checked)["id"]
    fly.after(5)
    add(fly, "flapping-check", set={"period": 30})
    seen = []
    for _ in range(8):
        fly.after(15)
        seen.append(check(fly, machine))
    assert {"passing", "critical"} == set(seen)
    assert seen.count("passing") >= 2 and seen.count("critical") >= 2


def test_a_stuck_check_says_what_it_said_last(fly: Fly, checked: dict[str, Any]) -> None:
    add(fly, "check-stuck", region="fra", lasts=100)
    new = fly.started(checked, region="fra")["id"]
    other = fly.started(checked)["id"]
    fly.after(60)
    assert (check(fly, new), check(fly, other)) == ("warning", "passing")
    fly.after(45)
    assert check(fly, new) == "passing"


def test_a_machine_stuck_in_suspending_gets_there_in_the_end(fly: Fly) -> None:
    machine = fly.started()["id"]
    add(fly, "stuck-suspending", times=1, set={"seconds": 40})
    assert fly.on(machine, "/suspend").status == 200
    fly.after(39)
    assert fly.state(machine) == "suspending"
    fly.after(2)
    assert fly.state(machine) == "suspended"


def test_a_machine_stuck_in_suspending_can_be_started(fly: Fly) -> None:
    machine = fly.started()["id"]
    add(fly, "stuck-suspending", times=1, set={"seconds": 40})
    fly.on(machine, "/suspend")
    fly.after(10)
    assert fly.on(machine, "/start").status == 200
    fly.after(60)
    assert fly.state(machine) == "started"


def test_the_proxy_hears_late_of_new_and_of_changed_machines(fly: Fly) -> None:
    service = {"services": [{"internal_port": 8080, "ports": [{"port": 80, "handlers": ["http"]}]}]}
    old = fly.started(service)["id"]
    add(fly, "proxy-lag", lasts=300, set={"seconds": 10})
    assert routable(fly) == {old: True}
    fly.on(old, "/cordon")
    new = fly.started(service)["id"]
    fly.after(5)
    assert routable(fly) == {old: True}, "neither the cordon nor the new machine is known yet"
    fly.after(6)
    assert routable(fly) == {old: False, new: True}
    fly.on(new, "", method="DELETE")
    fly.on(old, "/uncordon")
    fly.after(5)
    assert routable(fly) == {old: False, new: True}
    fly.call("DELETE", "/_local/faults")
    assert routable(fly)[old] is True


def test_the_lag_is_of_one_region_only(fly: Fly) -> None:
    service = {"services": [{"internal_port": 8080, "ports": [{"port": 80, "handlers": ["http"]}]}]}
    fra, iad = (fly.started(service, region=region)["id"] for region in ("fra", "iad"))
    add(fly, "proxy-lag", region="fra", set={"seconds": 10})
    for machine in (fra, iad):
        fly.on(machine, "/cordon")
    assert routable(fly) == {fra: True, iad: False}


def test_an_app_that_answers_slowly_is_told_to_the_proxy(fly: Fly) -> None:
    service = {"services": [{"internal_port": 8080, "ports": [{"port": 80, "handlers": ["http"]}]}]}
    fra, iad = (fly.started(service, region=region)["id"] for region in ("fra", "iad"))
    add(fly, "slow-answers", region="fra", set={"at": "app", "seconds": "1500ms"})
    view = fly.simulation.proxy_view
    slow = {one.machine_id: view.interference("shop", one, "/").seconds for one in view.targets("shop")}
    assert slow == {fra: 1.5, iad: 0.0}
    before = fly.simulation.clock.now()
    fly.machine(fra)
    assert fly.simulation.clock.now() - before < 0.1, "the API is as quick as ever"
