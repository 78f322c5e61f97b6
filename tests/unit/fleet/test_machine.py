from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.fleet.decode import Unreadable
from flyctl_orchestrator.fleet.machine import Machine, present
from flyctl_orchestrator.rollout.survey import Seen
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


def test_what_may_be_missing_is_empty() -> None:
    least = {"id": "m1", "region": "iad", "state": "started", "version": "01", "created_at": "2026-11-23T10:00:00Z"}
    read = Machine.of_api("web", {**least, "config": {}})
    assert (read.id, read.group, read.release, read.digest, read.instance_id) == ("m1", "app", None, None, "01")
    assert not read.managed
    assert not read.serves


def test_nulls_that_go_writes_for_nothing_are_nothing() -> None:
    nulls: dict[str, Any] = {"checks": None, "events": None, "image_ref": None, "nonce": None, "host_status": None}
    assert of(**nulls).checks == ()
    assert of(config={"services": None, "metadata": None, "checks": None, "mounts": None}).group == "app"


@pytest.mark.parametrize("key", ["id", "region", "state", "config", "instance_id", "created_at"])
@pytest.mark.parametrize("value", ["missing", None, 7, [], {"a": 1}, "a b", "a\n", "", "../x"])
def test_a_machine_without_what_makes_it_one_is_none(key: str, value: Any) -> None:
    if key == "config" and value == {"a": 1}:
        value = [1]
    data = machine(**{key: value})
    if value == "missing":
        del data[key]
    with pytest.raises(Unreadable):
        Machine.of_api("web", data)


ODD: list[dict[str, Any]] = [
    {"checks": {"a": "passing"}},
    {"checks": [None]},
    {"checks": [{"name": "a", "status": 1}]},
    {"events": [{"timestamp": "yesterday"}]},
    {"events": [{"timestamp": 1e300}]},
    {"events": [{"type": "exit", "request": {"exit_event": {"exit_code": "7"}}}]},
    {"image_ref": "registry.fly.io/web"},
    {"cordoned": "no"},
    {"nonce": "a\r\nb"},
    {"config": {"metadata": ["a"]}},
    {"config": {"metadata": {"a": 1}}},
    {"config": {"services": {"a": {}}}},
    {"config": {"services": ["x"]}},
    {"config": {"services": [{"ports": [{"handlers": "http"}]}]}},
    {"config": {"services": [{"checks": [{"grace_period": "a while"}]}]}},
    {"config": {"checks": [{}]}},
    {"config": {"env": {"A": 1}}},
    {"config": {"image": {}}},
    {"config": {"guest": {"cpus": "two"}}},
    {"config": {"stop_config": {"timeout": -1}}},
    {"config": {"standbys": "m2"}},
    {"config": {"mounts": ["vol"]}},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_a_field_of_another_shape_is_not_guessed_at(odd: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        of(**odd)


def test_a_machine_on_a_lost_host_is_known_by_less() -> None:
    found = machine(host_status="unreachable", incomplete_config={"metadata": {"fly_platform_version": "v2"}})
    del found["config"], found["instance_id"]
    read = Machine.of_api("web", found)
    assert (read.host_status, read.instance_id, read.managed) == ("unreachable", "", True)


def test_a_state_that_nobody_knows_is_kept_and_is_neither_awake_nor_asleep_nor_gone() -> None:
    read = of(state="daydreaming")
    assert (read.state, read.asleep, read.gone) == ("daydreaming", False, False)
    assert Seen(read).healthy is False


@pytest.mark.parametrize("written", ["²", "٣", "-1", "1e3", "", "9" * 5000, "3.0"])
def test_a_release_number_that_is_none(written: str) -> None:
    assert of(config={"metadata": {"fly_release_version": written}}).release is None


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


def test_the_page_that_a_check_asks_for_is_the_first_one_with_a_path() -> None:
    checks = [{"type": "tcp"}, {"type": "http", "path": "/up"}, {"type": "http", "path": "/other"}]
    assert of(config={"services": [{}, {"checks": checks}]}).page_checked == "/up"
    assert of(config={"services": [{"checks": checks[:1]}]}).page_checked == ""
    assert of(config={"services": None}).page_checked == ""


def test_a_standby_does_not_serve() -> None:
    assert not of(config={"services": [{}], "standbys": ["m1"]}).serves
