"""What can be looked at on a machine, by its configuration."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.gate.checkup import Checkup, grace_of, looks_at, seconds

HTTP, TCP = {"ports": [{"port": 80, "handlers": ["http"]}]}, {"ports": [{"port": 5432}]}


def machine(config: dict[str, Any], *, cordoned: bool = False) -> Machine:
    return Machine("m", "m", "shop", "fra", "started", "v1", config=config, cordoned=cordoned)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, Checkup(False, False)),
        ({"services": None, "checks": None}, Checkup(False, False)),
        ({"services": [HTTP]}, Checkup(False, True)),
        ({"services": [TCP]}, Checkup(False, False)),
        ({"services": [TCP, HTTP]}, Checkup(False, True)),
        ({"services": [{"ports": None}]}, Checkup(False, False)),
        ({"services": [HTTP], "standbys": ["other"]}, Checkup(False, False)),
        ({"checks": {"live": {"type": "tcp"}}}, Checkup(True, False)),
        ({"services": [{**TCP, "checks": [{"type": "tcp"}]}]}, Checkup(True, False)),
    ],
)
def test_checks_and_requests(config: dict[str, Any], expected: Checkup) -> None:
    assert looks_at(machine(config)) == expected
    assert looks_at(machine(config)).anything == (expected.checks or expected.http)


def test_a_cordoned_machine_is_only_asked_when_it_is_hidden_by_us() -> None:
    cordoned = machine({"services": [HTTP]}, cordoned=True)
    assert not looks_at(cordoned).http and looks_at(cordoned, hidden=True).http


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10s", 10.0), ("1m30s", 90.0), ("500ms", 0.5), ("1.5h", 5400.0), ("3us", 3e-6), ("3µs", 3e-6), ("7ns", 7e-9),
        (2_500_000_000, 2.5), (1e9, 1.0), (0, 0.0), (True, 0.0), (None, 0.0), ("", 0.0), ("soon", 0.0), (["10s"], 0.0),
    ],
)  # fmt: skip
def test_durations_of_a_configuration(value: Any, expected: float) -> None:
    assert seconds(value) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, 0.0),
        ({"checks": {"live": {"grace_period": "5s"}, "other": {"grace_period": "20s"}}}, 20.0),
        ({"services": [{"checks": [{"grace_period": "7s"}, {}]}, {"checks": None}]}, 7.0),
        ({"checks": {"live": {"grace_period": "5s"}}, "services": [{"checks": [{"grace_period": "9s"}]}]}, 9.0),
        ({"checks": None, "services": None}, 0.0),
    ],
)
def test_the_longest_grace_period_counts(config: dict[str, Any], expected: float) -> None:
    assert grace_of(machine(config)) == expected
