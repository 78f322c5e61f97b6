from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.fleet.machine import Machine
from tests.unit.fleet.fleet_doubles import machine


def of(**changes: Any) -> Machine:
    return Machine.of_api("web", machine(**changes))


def test_an_ordinary_machine_is_read_in_full() -> None:
    read = of(checks=[{"name": "c", "status": "passing", "output": None}])
    assert (read.id, read.app, read.region, read.state) == ("148e21d7", "web", "iad", "started")
    assert (read.image, read.group, read.release) == ("registry.fly.io/web:one", "app", 3)
    assert read.digest == "sha256:" + "a" * 64
    assert read.managed
    assert read.checks_passing
    assert read.serves


def test_nothing_at_all_is_a_machine_without_properties() -> None:
    read = Machine.of_api("web", {})
    assert (read.id, read.group, read.release, read.digest) == ("", "app", None, None)
    assert not read.managed
    assert not read.serves


@pytest.mark.parametrize("nulls", [{"config": None}, {"checks": None, "events": None, "image_ref": None}])
def test_nulls_are_read_as_missing(nulls: dict[str, Any]) -> None:
    assert of(**nulls).checks == ()


def test_events_are_in_seconds_and_know_how_a_process_ended() -> None:
    exit_event = {"exit_code": 7, "requested_stop": False}
    read = of(
        events=[
            {
                "type": "exit",
                "status": "stopped",
                "timestamp": 1_700_000_000_500,
                "request": {"exit_event": exit_event},
            },
            {"type": "launch", "status": "created", "source": "user", "timestamp": 1_700_000_000_000},
        ]
    )
    assert [(e.type, e.timestamp_s, e.exit_code) for e in read.events] == [
        ("exit", 1_700_000_000.5, 7),
        ("launch", 1_700_000_000.0, None),
    ]
    assert read.events[0].requested_stop is False


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"fly_platform_version": "v1"},
        {"fly_platform_version": "v2", "fly_process_group": "fly_app_release_command"},
    ],
)
def test_throw_away_and_foreign_machines_are_not_managed(metadata: dict[str, str]) -> None:
    assert not of(config={"metadata": metadata}).managed


@pytest.mark.parametrize(
    ("state", "sleeping", "gone"),
    [("started", False, False), ("stopped", True, False), ("suspended", True, False), ("destroyed", False, True)],
)
def test_states(state: str, sleeping: bool, gone: bool) -> None:
    assert (of(state=state).sleeping, of(state=state).gone) == (sleeping, gone)


def test_silence_is_no_answer_when_the_configuration_asks_for_checks() -> None:
    assert of(config={"services": [{"checks": [{"type": "http"}]}]}).has_checks
    assert of(config={"checks": {"alive": {}}}).has_checks
    assert not of(config={"services": [{}]}).has_checks


def test_a_standby_does_not_serve() -> None:
    assert not of(config={"services": [{}], "standbys": ["m1"]}).serves
