"""Which of an app's addresses have a price."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from flyctl_orchestrator.fleet.addresses import Billed
from flyctl_orchestrator.fleet.http import HttpAnswer
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from tests.unit.fleet.fleet_doubles import ManualClock, ScriptedHttp

SHARED: dict[str, Any] = {"ip": "66.241.124.1", "shared": True, "region": "", "created_at": "0001-01-01T00:00:00Z"}
V6: dict[str, Any] = {"ip": "2a09:8280:1::1", "shared": False}
OWN: dict[str, Any] = {"ip": "37.16.1.1"}
OUT: list[dict[str, Any]] = [{"ip": "37.16.2.2", "egress": True}, {"ip": "2a09:8280:e::1", "egress": True}]


@pytest.mark.parametrize(
    ("ips", "billed"),
    [
        ([SHARED, V6], Billed(0, 0)),
        ([SHARED, V6, OWN], Billed(1, 0)),
        ([V6, OWN, OWN, *OUT], Billed(2, 1)),
        (None, Billed(0, 0)),
    ],
)
def test_a_dedicated_ipv4_and_each_pair_for_what_goes_out(ips: Any, billed: Billed) -> None:
    clock = ManualClock()
    http = ScriptedHttp(clock, [HttpAnswer(200, {}, json.dumps({"ips": ips}).encode())])
    api = MachinesApi("https://api.fly.test", "fm2_x", http, clock, random.Random(1))
    assert api.addresses.billed("shop") == billed
