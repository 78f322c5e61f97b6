"""What is wrong with machines that are there, one thing at a time."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.doctor.fleet import ON_THE_WAY, STUCK, check_fleet, check_secrets
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.rollout.state.observe import Fleet
from flyctl_orchestrator.rollout.survey import Seen, survey
from tests.unit.fleet.fleet_doubles import machine

NOW = 1_800_000_000.0
CONFIG = {
    "image": "registry/shop:1",
    "metadata": {"fly_platform_version": "v2", "fly_process_group": "app", "fly_release_version": "3"},
    "services": [{"internal_port": 8080}],
}


def one(id: str, **changes: Any) -> Machine:
    usual = {"config": CONFIG, "image_ref": {"digest": "sha256:new"}, "events": [], "state": "started"}
    return Machine.of_api("shop", machine(id, **{**usual, **changes}))


def findings(*machines: Machine, answers: dict[str, Answer] | None = None) -> list[Finding]:
    fleet = Fleet("shop", exists=True, machines=machines)
    seen = [Seen(each, (answers or {}).get(each.id)) for each in machines]
    return list(check_fleet(survey(fleet, seen, None), NOW))


def codes(*machines: Machine) -> list[str]:
    return [each.code for each in findings(*machines)]


def since(seconds: float) -> list[dict[str, Any]]:
    return [{"type": "start", "status": "starting", "timestamp": int((NOW - seconds) * 1000)}]


def test_two_healthy_machines_are_well() -> None:
    assert findings(one("a"), one("b")) == []


@pytest.mark.parametrize(
    ("code", "severity", "changes"),
    [
        ("doctor.cordoned", "warning", {"cordoned": True}),
        ("doctor.host", "warning", {"host_status": "unreachable"}),
        ("doctor.check_failing", "error", {"checks": [{"name": "up", "status": "critical", "output": "500\n no"}]}),
        ("doctor.no_restart", "warning", {"config": CONFIG | {"restart": {"policy": "no"}}}),
        ("doctor.failed", "error", {"state": "failed"}),
        ("doctor.stuck", "error", {"state": "stopping", "events": since(STUCK + 1)}),
    ],
)
def test_one_thing_at_a_time(code: str, severity: str, changes: dict[str, Any]) -> None:
    found = [each for each in findings(one("a"), one("b", **changes)) if each.code == code]
    assert [(each.severity, each.where) for each in found] == [(severity, "iad b")]
    assert codes(one("a"), one("b", **changes)) == [code]


@pytest.mark.parametrize("state", sorted(ON_THE_WAY))
def test_a_machine_on_its_way_is_stuck_only_after_a_while(state: str) -> None:
    assert "doctor.stuck" not in codes(one("a"), one("b", state=state, events=since(STUCK - 1)))
    assert "doctor.stuck" in codes(one("a"), one("b", state=state, events=since(STUCK + 1)))


def test_a_bad_answer_is_told_with_its_reason() -> None:
    answers = {"b": Answer(False, status=500, error="http://shop/up: answered 500"), "a": Answer(True, status=200)}
    (found,) = findings(one("a"), one("b"), answers=answers)
    assert (found.code, found.where) == ("doctor.bad_answer", "iad b")
    assert "answered 500" in found.what


def test_a_machine_that_sleeps_on_an_older_image_is_told_apart_from_one_that_serves_it() -> None:
    old = {"image_ref": {"digest": "sha256:old"}}
    old |= {"config": CONFIG | {"metadata": {**CONFIG["metadata"], "fly_release_version": "2"}}}  # type: ignore[dict-item]
    assert "doctor.asleep_on_old" in codes(one("a"), one("b", state="suspended", **old))
    assert "doctor.images_differ" not in codes(one("a"), one("b", state="suspended", **old))
    assert "doctor.images_differ" in codes(one("a"), one("b", **old))
    assert "doctor.asleep_on_old" not in codes(one("a"), one("b", **old))


def test_one_machine_that_serves_is_few_and_one_that_serves_nobody_is_not() -> None:
    assert codes(one("a")) == ["doctor.few_machines"]
    assert codes(one("a", config={key: value for key, value in CONFIG.items() if key != "services"})) == []


def test_secrets_with_names_of_the_platform() -> None:
    found = list(check_secrets("shop", ["DATABASE_URL", "PRIMARY_REGION", "FLYING", "FLY_REGION"]))
    assert [each.what.split()[2] for each in found] == ["PRIMARY_REGION", "FLY_REGION"]
    assert {(each.code, each.severity) for each in found} == {("doctor.secret_reserved", "error")}
