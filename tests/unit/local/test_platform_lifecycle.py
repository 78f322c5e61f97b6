"""How machines move between states, on a clock that stands still until it is told."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from flyctl_orchestrator.local.runtime.simulated import Behaviour
from tests.unit.local.simulated_fly import Fly


def test_stop_takes_as_long_as_the_app_and_is_killed_after_the_timeout(fly: Fly) -> None:
    slow = fly.push("slow", Behaviour(stop_seconds=20))
    machine = fly.started({"image": slow, "stop_config": {"timeout": "8s", "signal": "SIGTERM"}})["id"]
    fly.on(machine, "/stop", {})
    fly.after(7)
    assert fly.state(machine) == "stopping"
    fly.after(2)
    assert fly.state(machine) == "stopped"
    exit_event = fly.machine(machine)["events"][0]["request"]["exit_event"]
    assert (exit_event["requested_stop"], exit_event["signal"], exit_event["restarting"]) == (True, 9, False)


def test_a_timeout_of_nothing_means_the_configured_one(fly: Fly) -> None:
    slow = fly.push("slow", Behaviour(stop_seconds=3))
    machine = fly.started({"image": slow})["id"]
    fly.on(machine, "/stop", {"id": machine, "timeout": "0s"})
    fly.after(2)
    assert fly.state(machine) == "stopping"
    fly.after(2)
    assert fly.machine(machine)["events"][0]["request"]["exit_event"]["exit_code"] == 0


def test_the_request_may_say_how_to_stop(fly: Fly) -> None:
    slow = fly.push("slow", Behaviour(stop_seconds=20))
    machine = fly.started({"image": slow})["id"]
    assert fly.on(machine, "/stop", {"signal": "SIGNONE"}).status == 400
    fly.on(machine, "/stop", {"signal": "SIGTERM", "timeout": "1s"})
    fly.after(1.5)
    assert fly.state(machine) == "stopped"


def test_a_machine_can_be_started_only_when_it_rests(fly: Fly) -> None:
    machine = fly.started({"image": fly.push("slow", Behaviour(stop_seconds=3))})["id"]
    assert fly.on(machine, "/start").body["previous_state"] == "started"
    fly.on(machine, "/stop", {})
    refused = fly.on(machine, "/start")
    assert refused.status == 412 and "machine still active, refusing to start" in refused.body["error"]
    fly.after(4)
    assert fly.on(machine, "/start").body["previous_state"] == "stopped"
    fly.after(4)
    fly.update(machine)
    refused = fly.on(machine, "/start")
    assert refused.status == 412 and "machine getting replaced, refusing to start" in refused.body["error"]


def test_suspend_keeps_the_process_and_resume_does_not_boot(fly: Fly) -> None:
    machine = fly.started({"image": fly.push("slow", Behaviour(boot_seconds=10))})["id"]
    fly.on(machine, "/suspend")
    fly.after(1)
    assert fly.state(machine) == "suspended" and fly.runtime.running(machine)
    fly.on(machine, "/start")
    fly.after(1)
    assert fly.state(machine) == "started"
    assert ("suspend", "suspended") in fly.event_types(machine)


def test_a_lost_snapshot_means_a_cold_start(fly: Fly) -> None:
    machine = fly.started({"image": fly.push("slow", Behaviour(boot_seconds=10))})["id"]
    fly.on(machine, "/suspend")
    fly.runtime.lose_snapshot(machine)
    fly.on(machine, "/start")
    fly.after(5)
    assert fly.state(machine) == "starting"
    fly.after(6)
    assert fly.state(machine) == "started"
    assert any("snapshot is gone" in line.message for line in fly.platform.logs.read(app="shop"))


def test_stopping_a_suspended_machine_drops_its_snapshot(fly: Fly) -> None:
    machine = fly.started()["id"]
    fly.on(machine, "/suspend")
    fly.on(machine, "/stop", {})
    fly.after(10)
    assert fly.state(machine) == "stopped" and not fly.runtime.running(machine)


@pytest.mark.parametrize(
    "config",
    [
        {"guest": {"cpu_kind": "performance", "cpus": 4, "memory_mb": 8192}},
        {"init": {"swap_size_mb": 256}},
        {"schedule": "daily"},
    ],
)
def test_some_machines_cannot_be_suspended(fly: Fly, config: dict[str, Any]) -> None:
    machine = fly.started(config)["id"]
    refused = fly.on(machine, "/suspend")
    assert refused.status == 412 and "can not be suspended" in refused.body["error"]
    assert fly.state(machine) == "started"


def test_only_a_started_machine_can_be_suspended(fly: Fly) -> None:
    machine = fly.create(skip_launch=True)["id"]
    fly.after(1)
    assert fly.on(machine, "/suspend").status == 412


def test_restart_boots_the_same_version(fly: Fly) -> None:
    machine = fly.started()
    fly.on(machine["id"], "/restart")
    assert fly.state(machine["id"]) == "restarting"
    fly.after(5)
    now = fly.machine(machine["id"])
    assert now["state"] == "started" and now["instance_id"] == machine["instance_id"]
    assert [one["type"] for one in now["events"][:3]] == ["start", "exit", "restart"]
    for action in ("stop", "suspend"):
        fly.on(machine["id"], f"/{action}", {})
        fly.after(5)
        assert fly.on(machine["id"], "/restart?force_stop=true").status == 200
        fly.after(5)
        assert fly.state(machine["id"]) == "started"


def test_a_running_machine_is_destroyed_by_force_only(fly: Fly) -> None:
    machine = fly.started()["id"]
    refused = fly.on(machine, "", method="DELETE")
    assert refused.status == 412 and "unable to destroy machine, not currently stopped" in refused.body["error"]
    assert fly.on(machine, "?kill=true", method="DELETE").body == {"ok": True}
    assert fly.on(machine, "/wait?state=destroyed&timeout=5", method="GET").status == 200
    assert fly.state(machine) == "destroyed"
    assert fly.on(machine, "/start").status == 404
    assert fly.on(machine, "?force=true", method="DELETE").status == 200


def test_destroying_overtakes_a_slow_stop_and_a_boot(fly: Fly) -> None:
    slow = fly.push("slow", Behaviour(boot_seconds=30, stop_seconds=100))
    booting = fly.create({"image": slow})["id"]
    fly.after(1)
    assert fly.state(booting) == "starting"
    fly.on(booting, "?force=true", method="DELETE")
    fly.after(1)
    assert fly.state(booting) == "destroyed"
    fly.after(60)
    assert fly.state(booting) == "destroyed"
    running = fly.started({"image": slow, "stop_config": {"timeout": "90s"}})["id"]
    fly.on(running, "/stop", {})
    fly.on(running, "?force=true", method="DELETE")
    fly.after(1)
    assert fly.state(running) == "destroyed"


def test_a_stop_overtakes_a_boot(fly: Fly) -> None:
    machine = fly.create({"image": fly.push("slow", Behaviour(boot_seconds=30))})["id"]
    fly.after(1)
    fly.on(machine, "/stop", {})
    fly.after(60)
    assert fly.state(machine) == "stopped"
    assert ("start", "started") not in fly.event_types(machine)


def test_two_updates_in_a_row_end_in_the_second(fly: Fly) -> None:
    machine = fly.started({"image": fly.push("slow", Behaviour(stop_seconds=3))})["id"]
    fly.update(machine, {"image": fly.push("two")})
    fly.after(1)
    fly.update(machine, {"image": fly.push("three")})
    fly.after(30)
    assert fly.state(machine) == "started"
    assert fly.machine(machine)["image_ref"]["tag"] == "three"
    assert fly.event_types(machine).count(("start", "started")) == 2


@pytest.mark.parametrize(("policy", "code"), [("no", 1), ("on-failure", 0), (None, 0), ("never", 1)])
def test_a_process_that_ends_is_left_alone_when_the_policy_says_so(fly: Fly, policy: str | None, code: int) -> None:
    image = fly.push("ends", Behaviour(exit_after_seconds=5, exit_code=code))
    config = {"image": image, **({"restart": {"policy": policy}} if policy else {})}
    machine = fly.started(config)["id"]
    fly.after(60)
    assert fly.state(machine) == "stopped"
    exit_event = fly.machine(machine)["events"][0]["request"]["exit_event"]
    assert (exit_event["exit_code"], exit_event["restarting"], exit_event["requested_stop"]) == (code, False, False)


def test_a_crashing_process_is_restarted_with_growing_pauses_and_then_given_up(fly: Fly) -> None:
    image = fly.push("crash", Behaviour(boot_seconds=0.1, exit_after_seconds=0.1))
    machine = fly.started({"image": image, "restart": {"policy": "on-failure", "max_retries": 3}})["id"]
    fly.after(120)
    assert fly.state(machine) == "stopped"
    exits = [event for event in fly.machine(machine)["events"] if event["type"] == "exit"]
    assert [event["request"]["exit_event"]["restarting"] for event in exits] == [False, True, True, True]
    assert exits[0]["request"]["restart_count"] == 3
    times = [event["timestamp"] for event in reversed(exits)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps == sorted(gaps) and gaps[0] < gaps[-1]
    assert any("giving up" in line.message for line in fly.platform.logs.read(app="shop"))


def test_always_restarts_even_after_success(fly: Fly) -> None:
    image = fly.push("ends", Behaviour(exit_after_seconds=1, exit_code=0))
    machine = fly.started({"image": image, "restart": {"policy": "always"}})["id"]
    fly.after(30)
    assert fly.event_types(machine).count(("start", "started")) >= 3
    assert fly.state(machine) != "stopped"


def test_a_one_off_machine_destroys_itself_and_tells_its_exit_code(fly: Fly) -> None:
    image = fly.push("job", Behaviour(exit_after_seconds=3, exit_code=7))
    config = {"image": image, "auto_destroy": True, "restart": {"policy": "no"}}
    machine = fly.create(config, skip_launch=True)["id"]
    fly.on(machine, "/wait?state=stopped", method="GET")
    fly.on(machine, "/start")
    assert fly.on(machine, "/wait?state=destroyed&timeout=30", method="GET").status == 200
    events = fly.machine(machine)["events"]
    exit_event = next(event for event in events if event["type"] == "exit")
    assert exit_event["request"]["exit_event"]["exit_code"] == 7
    assert next(event["type"] for event in events if event["type"] in ("exit", "start")) == "exit"


@pytest.mark.parametrize("before", ["started", "suspended"])
def test_a_machine_that_is_not_to_be_kept_is_destroyed_by_a_stop(fly: Fly, before: str) -> None:
    machines = [fly.started({"auto_destroy": True})["id"] for _ in range(2)]
    if before == "suspended":
        for machine in machines:
            fly.on(machine, "/suspend")
        fly.after(1)
    assert fly.on(machines[0], "/stop", {}).status == 200
    assert fly.on(machines[0], "/wait?state=destroyed&timeout=30", method="GET").status == 200
    assert [one["id"] for one in fly.call("GET", "/v1/apps/shop/machines").body] == [machines[1]]


def test_a_machine_that_cannot_start_fails_and_can_be_updated_out_of_it(fly: Fly) -> None:
    machine = fly.create({"image": fly.push("broken", Behaviour(fails_to_start="no space left"))})["id"]
    fly.after(5)
    assert fly.state(machine) == "failed"
    assert fly.on(machine, "/wait?state=failed", method="GET").status == 200
    fly.update(machine)
    fly.after(5)
    assert fly.state(machine) == "started"


def test_a_killed_process_is_restarted_as_any_other(fly: Fly) -> None:
    machine = fly.started()["id"]
    assert fly.on(machine, "/signal", {"signal": 9}).status == 200
    fly.after(10)
    assert fly.state(machine) == "started"
    assert ("exit", "stopped") in fly.event_types(machine)
    fly.on(machine, "/stop", {})
    fly.after(10)
    assert fly.on(machine, "/signal", {"signal": "SIGUSR1"}).status == 412


def test_boot_and_resume_can_be_slowed_down(fly: Fly) -> None:
    fly.platform.settings.boot_seconds = 20.0
    fly.platform.settings.resume_seconds = 7.0
    machine = fly.create()["id"]
    fly.after(15)
    assert fly.state(machine) == "starting"
    fly.after(10)
    assert fly.state(machine) == "started"
    fly.on(machine, "/suspend")
    fly.on(machine, "/start")
    fly.after(5)
    assert fly.state(machine) == "starting"
    fly.after(3)
    assert fly.state(machine) == "started"


def test_an_image_that_vanished_fails_the_next_boot(fly: Fly) -> None:
    image = fly.push("gone")
    machine = fly.started({"image": image})["id"]
    fly.images.remove(image)
    fly.on(machine, "/restart")
    fly.after(10)
    assert fly.state(machine) == "failed"
    assert any("did not start" in line.message for line in fly.platform.logs.read(app="shop"))


def test_staged_secrets_reach_a_machine_when_it_next_boots(fly: Fly) -> None:
    machine = fly.started()["id"]
    fly.call("POST", "/v1/apps/shop/secrets", {"values": {"A": "1"}})
    assert fly.platform.machines.get("shop", machine).secrets_version == 0
    fly.on(machine, "/restart")
    fly.after(10)
    assert fly.platform.machines.get("shop", machine).secrets_version == 1
