"""What is asked of the platform about its regions, and what is made of its answers."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.http import HttpAnswer
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.fleet.regions.api import Offered
from tests.unit.fleet.fleet_doubles import ManualClock, Script, ScriptedHttp, answer

GUEST: dict[str, str | int] = {"cpu_kind": "shared", "cpus": 2, "memory_mb": 512}


def api_with(*script: Script) -> tuple[MachinesApi, ScriptedHttp]:
    clock = ManualClock()
    http = ScriptedHttp(clock, list(script))
    return MachinesApi("http://api.test", "fo1_secret", http, clock, random.Random(1)), http


def test_regions_that_are_offered() -> None:
    rows = [
        {"code": "iad", "name": "Ashburn", "deprecated": False, "requires_paid_plan": False},
        {"code": "bom", "deprecated": True},
        {"code": "gru", "requires_paid_plan": True},
    ]
    api, _ = api_with(answer(200, {"Regions": rows, "Nearest": "iad"}))
    assert api.regions.offered() == {
        "iad": Offered("iad"),
        "bom": Offered("bom", closing=True),
        "gru": Offered("gru", paid=True),
    }


@pytest.mark.parametrize(
    "body",
    [
        {"regions": [{"region": "iad", "count": 12, "concurrency": 3}]},
        {"Regions": [{"Region": "iad", "Count": 12, "Concurrency": 3}]},
    ],
)
def test_room_is_asked_for_all_regions_at_once_and_read_as_flyctl_reads_it(body: dict[str, Any]) -> None:
    api, http = api_with(answer(200, body))
    # A region that is not named has no room.
    assert api.regions.room("acme", ["iad", "fra"], GUEST) == {"iad": 12, "fra": 0}
    (sent,) = http.sent
    assert (sent.method, sent.path) == ("POST", "/platform/placements")
    assert sent.json == {"org_slug": "acme", "region": "iad,fra", "compute": GUEST, "count": 0}


@pytest.mark.parametrize("body", [{"Nearest": "iad"}, {"Nearest": "iad", "Regions": []}])
def test_a_platform_without_regions_is_not_understood(body: dict[str, Any]) -> None:
    api, _ = api_with(*[answer(200, body)] * 9)
    with pytest.raises(ApiError) as caught:
        api.regions.offered()
    assert caught.value.code == "api.unreadable"


@pytest.mark.parametrize("regions", [None, []])
def test_nowhere_is_an_answer(regions: Any) -> None:
    api, _ = api_with(answer(200, {"regions": regions}))
    assert api.regions.room("acme", ["iad"], GUEST) == {"iad": 0}


@pytest.mark.parametrize(
    "body",
    ["{}", "[]", "", "<html>", '{"regions": [{"region": "iad"}]}', '{"regions": [{"region": "iad", "count": -1}]}',
     '{"regions": {"iad": 1}}', '{"regions": [{"region": "\\u001b[2J", "count": 1}]}'],
)  # fmt: skip
def test_an_answer_that_is_not_understood_is_no_answer(body: str) -> None:
    api, _ = api_with(*[HttpAnswer(200, {}, body.encode(), 0.01)] * 9)
    with pytest.raises(ApiError) as caught:
        api.regions.room("acme", ["iad"], GUEST)
    assert caught.value.code == "api.unreadable" and json.dumps(str(caught.value)).isascii()
