"""Small parts: logs, settings, durations, identifiers, services as the proxy sees them, notices."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flyctl_orchestrator.local.api.table import all_routes
from flyctl_orchestrator.local.base.clock import VirtualClock
from flyctl_orchestrator.local.base.duration import seconds
from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.base.identifiers import Identifiers
from flyctl_orchestrator.local.base.settings import Settings
from flyctl_orchestrator.local.core.logs import KEPT_IN_MEMORY, Logs
from flyctl_orchestrator.local.daemon.backend import http_service
from tests.unit.local.simulated_fly import Fly


def test_logs_keep_the_last_lines_in_memory_and_all_in_a_file(tmp_path: Path) -> None:
    clock = VirtualClock()
    logs = Logs(clock, tmp_path)
    for number in range(KEPT_IN_MEMORY + 10):
        logs.write("shop", f"line {number}")
    kept = logs.read(app="shop")
    assert len(kept) == KEPT_IN_MEMORY and kept[-1].message == f"line {KEPT_IN_MEMORY + 9}"
    assert [line.message for line in logs.read(app="shop", limit=2)] == [line.message for line in kept[-2:]]
    assert logs.read(app="shop", limit=0) == []
    assert [line.sequence for line in logs.read(app="shop", after=kept[-3].sequence)] == [
        kept[-2].sequence,
        kept[-1].sequence,
    ]
    clock.advance(1)
    rows = (tmp_path / "shop.ndjson").read_text().splitlines()
    assert len(rows) == KEPT_IN_MEMORY + 10 and json.loads(rows[0])["message"] == "line 0"


def test_a_large_log_file_is_put_aside_and_a_long_line_cut(tmp_path: Path) -> None:
    clock = VirtualClock()
    logs = Logs(clock, tmp_path)
    for _ in range(600):
        logs.write("shop", "x" * 20_000)
    logs.flush()
    logs.write("shop", "after")
    logs.flush()
    assert (tmp_path / "shop.old").exists()
    assert json.loads((tmp_path / "shop.ndjson").read_text())["message"] == "after"
    assert max(len(line.message) for line in logs.read(app="shop")) < 16_010


def test_a_directory_that_cannot_be_written_costs_no_line_in_memory(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    logs = Logs(VirtualClock(), tmp_path / "logs")
    logs.write("shop", "kept")
    logs.flush()
    assert [line.message for line in logs.read(app="shop")] == ["kept"]


def test_settings_change_all_or_nothing() -> None:
    settings = Settings()
    with pytest.raises(PlatformError, match="no setting is called"):
        settings.change({"delays": True, "unheard": 1})
    assert settings.delays is False
    settings.change({"delays": True, "autostop_tick_seconds": 5})
    assert (settings.delays, settings.autostop_tick_seconds) == (True, 5.0)
    with pytest.raises(PlatformError):
        settings.change(["delays"])


@pytest.mark.parametrize(
    ("said", "meant"),
    [("15s", 15), ("1m30s", 90), ("250ms", 0.25), (2_000_000_000, 2), ("1h", 3600), ("7", 7), (None, 4), ("", 4)],
)
def test_durations(said: Any, meant: float) -> None:
    assert seconds(said, 4) == pytest.approx(meant)


@pytest.mark.parametrize("said", ["soon", "5 s", True, [], "1d"])
def test_what_is_no_duration(said: Any) -> None:
    with pytest.raises(PlatformError, match="not a duration"):
        seconds(said, 4)


def test_ulids_grow_even_within_a_millisecond_and_when_the_clock_steps_back() -> None:
    ids = Identifiers(Random(1))
    made = [ids.ulid(1000.0), ids.ulid(1000.0), ids.ulid(1000.5), ids.ulid(999.0)]
    assert made == sorted(made) and len(set(made)) == 4 and {len(one) for one in made} == {26}


@pytest.mark.parametrize(
    ("services", "port"),
    [
        ([], None),
        ([{"internal_port": 5432, "ports": [{"port": 5432, "handlers": ["pg_tls"]}]}], None),
        ([{"internal_port": 8080, "ports": [{"port": 80, "handlers": ["http"]}]}], 8080),
        ([{"internal_port": 9000, "ports": [{"port": 9000}]}, {"internal_port": 80, "ports": [{"port": 443}]}], 80),
        ([{"internal_port": 9000, "ports": [{"port": 9000, "handlers": ["http"]}]}], 9000),
        ([{"internal_port": 8080, "ports": [{"start_port": 70, "end_port": 90}]}], 8080),
        ([{"internal_port": 8080}], None),
    ],
)
def test_which_service_answers_http(services: list[dict[str, Any]], port: int | None) -> None:
    found = http_service({"services": services})
    assert (found.internal_port if found else None) == port


@pytest.mark.parametrize(
    ("said", "meant"),
    [(True, "stop"), ("stop", "stop"), ("suspend", "suspend"), (False, "off"), ("off", "off"), (None, "off")],
)
def test_autostop_has_many_spellings(said: Any, meant: str) -> None:
    service = http_service({"services": [{"internal_port": 80, "ports": [{"port": 80}], "autostop": said}]})
    assert service is not None and service.autostop == meant and service.autostart is False


def test_a_setting_without_effect_is_said_in_the_log(fly: Fly) -> None:
    fly.started({"schedule": "daily", "standbys": ["x"]})
    said = [line.message for line in fly.platform.logs.read(app="shop")]
    assert any("without effect" in line and "config.schedule, config.standbys" in line for line in said)


def test_every_operation_has_a_name_of_its_own_and_a_summary() -> None:
    routes = [one for one in all_routes() if one.path.startswith("/v1/")]
    assert len(routes) > 60
    assert len({(one.method, one.path) for one in routes}) == len(routes)
    assert all(one.summary for one in routes if one.handler is not None)
    assert all(one.limit is not None for one in routes if one.handler is not None)
