"""Faults of the app's requests, told by share and path: error-share and slow-share; and the simulated proxy itself."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.local.runtime.simulated import Behaviour
from tests.unit.local.faults.test_faults_board import add, listed
from tests.unit.local.simulated_fly import IMAGE, Fly

MANY = 400


@pytest.fixture
def web() -> dict[str, Any]:
    """Config of a machine with one public service, checked on /up every 2 s."""
    check = {"type": "http", "path": "/up", "interval": "2s", "timeout": "1s", "grace_period": "1s"}
    ports = [{"port": 80, "handlers": ["http"]}]
    return {"services": [{"internal_port": 8080, "ports": ports, "autostart": True, "checks": [check]}]}


def serving(fly: Fly, config: dict[str, Any], **wanted: Any) -> str:
    """A machine that serves; its id."""
    machine = str(fly.started(config, **wanted)["id"])
    fly.after(3)
    return machine


def statuses(fly: Fly, path: str = "/", number: int = MANY, **headers: str) -> list[int]:
    """The statuses of many visits."""
    return [fly.visit(path, **headers).status for _ in range(number)]


def test_a_share_of_the_requests_is_answered_with_an_error_and_the_check_is_left_alone(
    fly: Fly, web: dict[str, Any]
) -> None:
    machine = serving(fly, web)
    fault = add(fly, "error-share", set={"share": 0.25})
    seen = statuses(fly)
    assert set(seen) == {200, 500}
    assert 0.15 * MANY < seen.count(500) < 0.35 * MANY
    assert set(statuses(fly, "/up?x=1", 50)) == {200}
    assert [check["status"] for check in fly.machine(machine)["checks"]] == ["passing"]
    assert listed(fly)[0]["strikes"] == seen.count(500)
    failed = next(answer for answer in iter(fly.visit, None) if answer.status == 500)
    assert failed.headers["fly-local-fault"] == fault["id"]
    assert "fly-proxy-error" not in failed.headers, "it looks like the app's own answer"


def test_paths_can_be_chosen_and_the_checks_path_among_them(fly: Fly, web: dict[str, Any]) -> None:
    machine = serving(fly, web)
    add(fly, "error-share", set={"share": 1.0, "path": "/api/*", "status": 503})
    assert statuses(fly, "/api/habits", 3) == [503] * 3
    assert statuses(fly, "/", 3) == [200] * 3
    add(fly, "error-share", set={"share": 1.0, "path": "/up"})
    fly.after(5)
    (check,) = fly.machine(machine)["checks"]
    assert (check["status"], check["output"]) == ("critical", "500 from GET /up (fault f2: error-share)")


def test_it_is_of_one_region_one_machine_or_a_number_of_times(fly: Fly, web: dict[str, Any]) -> None:
    fra, iad = serving(fly, web, region="fra"), serving(fly, web, region="iad")
    add(fly, "error-share", region="fra", times=2, set={"share": 1.0})
    assert statuses(fly, number=4, fly_force_instance_id=fra) == [500, 500, 200, 200]
    add(fly, "error-share", machine=iad, set={"share": 1.0})
    assert statuses(fly, number=2, fly_force_instance_id=iad) == [500, 500]
    assert statuses(fly, number=2, fly_force_instance_id=fra) == [200, 200]


def test_a_bad_release_is_one_whose_image_is_new(fly: Fly, web: dict[str, Any]) -> None:
    machine = serving(fly, web)
    add(fly, "error-share", set={"share": 1.0, "release": "new"})
    assert statuses(fly, number=2) == [200, 200]
    fly.update(machine, {"image": fly.push("two"), **web})
    fly.after(5)
    assert statuses(fly, number=2) == [500, 500]
    fly.update(machine, {"image": IMAGE, **web})
    fly.after(5)
    assert statuses(fly, number=2) == [200, 200], "the old release is as good as it was"


def test_a_share_of_the_answers_is_late(fly: Fly, web: dict[str, Any]) -> None:
    machine = serving(fly, web)
    add(fly, "slow-share", set={"share": 0.5, "seconds": 1.5})
    times = []
    for _ in range(MANY):
        before = fly.simulation.clock.now()
        assert fly.visit().status == 200
        times.append(round(fly.simulation.clock.now() - before, 2))
    assert set(times) == {0.02, 1.52}
    assert 0.4 * MANY < times.count(1.52) < 0.6 * MANY
    with pytest.raises(TimeoutError):
        while True:
            fly.simulation.visit("shop", timeout=1.0)
    add(fly, "slow-share", set={"share": 1.0, "seconds": 3, "path": "/up"})
    fly.after(5)
    (check,) = fly.machine(machine)["checks"]
    assert (check["status"], check["output"]) == ("critical", "no answer within 1 s (fault f2: slow-share)")


def test_a_late_check_that_is_in_time_passes(fly: Fly, web: dict[str, Any]) -> None:
    machine = serving(fly, web)
    add(fly, "slow-share", set={"share": 1.0, "seconds": 0.5, "path": "/u*"})
    fly.after(5)
    assert [check["status"] for check in fly.machine(machine)["checks"]] == ["passing"]
    assert listed(fly)[0]["strikes"] > 0


# The simulated proxy


def test_requests_go_to_the_nearest_machine_or_the_one_they_name(fly: Fly, web: dict[str, Any]) -> None:
    fra, nrt = serving(fly, web, region="fra"), serving(fly, web, region="nrt")
    assert fly.visit(fly_local_region="ams").body == {"region": "fra", "machine": fra, "path": "/"}
    assert fly.visit("/a?b=c", fly_local_region="sin").body == {"region": "nrt", "machine": nrt, "path": "/a?b=c"}
    assert fly.visit(fly_local_region="ams", fly_force_instance_id=nrt).body["machine"] == nrt
    fly.on(fra, "/cordon")
    assert fly.visit(fly_local_region="ams").body["machine"] == nrt
    missing = fly.visit(fly_force_instance_id="0" * 14)
    assert (missing.status, missing.headers["fly-proxy-error"]) == (503, "PR02")


def test_a_sleeping_machine_is_woken_and_a_starting_one_is_waited_for(fly: Fly, web: dict[str, Any]) -> None:
    machine = serving(fly, web)
    fly.on(machine, "/stop", {})
    fly.after(5)
    before = fly.simulation.clock.now()
    assert fly.visit().body["machine"] == machine
    assert 1.5 <= fly.simulation.clock.now() - before < 2.5, "one second to boot, half a second to be healthy"
    fly.on(machine, "/restart")
    assert fly.visit().body["machine"] == machine
    add(fly, "no-capacity", region="iad")
    fly.on(machine, "/stop", {})
    fly.after(5)
    assert fly.visit().headers["fly-proxy-error"] == "PM02"


def test_a_machine_that_does_not_listen_refuses(fly: Fly, web: dict[str, Any]) -> None:
    machine = str(fly.started({**web, "image": fly.push("deaf", Behaviour(healthy_seconds=None))})["id"])
    before = fly.simulation.clock.now()
    answer = fly.visit(fly_force_instance_id=machine)
    assert (answer.status, answer.headers["fly-proxy-error"]) == (502, "PC01")
    assert 3.9 < fly.simulation.clock.now() - before < 4.2, "a probe wants an answer, not patience"


def test_an_image_decides_what_its_machines_answer(fly: Fly, web: dict[str, Any]) -> None:
    image = fly.push("odd", Behaviour(answers=lambda machine, region, path: 404 if path == "/gone" else 200))
    serving(fly, {**web, "image": image})
    assert (fly.visit("/gone").status, fly.visit("/there").status) == (404, 200)
