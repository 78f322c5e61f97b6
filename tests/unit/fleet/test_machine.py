from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.fleet.machine import Machine, present
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
    ("state", "sleep_state", "gone"),
    [
        ("started", None, False),
        ("starting", None, False),
        ("stopped", "stopped", False),
        ("stopping", "stopped", False),
        ("suspended", "suspended", False),
        ("suspending", "suspended", False),
        ("destroying", None, True),
        ("destroyed", None, True),
    ],
)
def test_states(state: str, sleep_state: str | None, gone: bool) -> None:
    read = of(state=state)
    assert (read.sleep_state, read.asleep, read.gone) == (sleep_state, sleep_state is not None, gone)


@pytest.mark.parametrize(
    ("state", "checks", "healthy"),
    [
        ("started", [], True),
        ("started", ["passing", "passing"], True),
        ("started", ["passing", "warning"], False),
        ("started", ["critical"], False),
        ("starting", ["passing"], False),
        ("suspended", [], False),
        ("destroyed", [], False),
    ],
)
def test_a_healthy_machine_runs_and_passes_every_check(state: str, checks: list[str], healthy: bool) -> None:
    read = of(state=state, checks=[{"name": str(n), "status": status} for n, status in enumerate(checks)])
    assert read.healthy is healthy


@pytest.mark.parametrize(
    ("image", "bare"),
    [
        ("registry.fly.io/web:one", "registry.fly.io/web:one"),
        ("registry.fly.io/web:one@sha256:" + "a" * 64, "registry.fly.io/web:one"),
        ("", ""),
    ],
)
def test_an_image_has_a_name_without_its_digest(image: str, bare: str) -> None:
    assert of(config={"image": image}).bare_image == bare


def test_machines_that_are_gone_are_not_present() -> None:
    listed = [of(id="one"), of(id="two", state="destroyed"), of(id="three", state="suspended")]
    assert list(present(listed)) == ["one", "three"]


def test_silence_is_no_answer_when_the_configuration_asks_for_checks() -> None:
    assert of(config={"services": [{"checks": [{"type": "http"}]}]}).has_checks
    assert of(config={"checks": {"alive": {}}}).has_checks
    assert not of(config={"services": [{}]}).has_checks


def test_a_standby_does_not_serve() -> None:
    assert not of(config={"services": [{}], "standbys": ["m1"]}).serves
