"""Calls that must not take long, and leases that are kept."""

from __future__ import annotations

import random

import pytest

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.http import HttpError
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from tests.unit.fleet.fleet_doubles import ManualClock, ScriptedHttp, answer, machine


@pytest.fixture
def http() -> ScriptedHttp:
    return ScriptedHttp(ManualClock())


@pytest.fixture
def api(http: ScriptedHttp) -> MachinesApi:
    return MachinesApi("http://api.test/", "fo1_t", http, http.clock, random.Random(1), patience=30.0)


def test_a_hurried_client_gives_up_soon_and_the_other_one_as_before(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(200, []), *[answer(503, {"error": "x"})] * 40]
    api.list_machines("web")
    for client, seconds in ((api.hurried(3.0), 3.0), (api, 30.0)):
        since = http.clock.monotonic()
        with pytest.raises(ApiError):
            client.get_metadata("web", "m1")
        assert seconds / 2 < http.clock.monotonic() - since <= seconds + 1.0
    assert http.sent[1].timeout == 3.0 and http.sent[-1].timeout == 30.0


def test_both_keep_one_pace(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(200, [])] * 4
    since = http.clock.monotonic()
    for client in (api, api.hurried(3.0), api, api.hurried(3.0)):
        client.list_machines("web")
    assert http.clock.monotonic() - since > 2.0


def test_a_lease_is_kept_with_its_nonce_and_asked_for_again_when_no_answer_came(
    api: MachinesApi, http: ScriptedHttp
) -> None:
    kept = answer(201, {"status": "success", "data": {"nonce": "n1", "expires_at": 1_800_000_030}})
    http.script = [HttpError("timeout"), kept]
    lease = api.acquire_lease("web", "m1", 30, "flyo lock x", "n1")
    assert (lease.nonce, lease.expires_at) == ("n1", 1_800_000_030)
    assert [sent.headers["fly-machine-lease-nonce"] for sent in http.sent] == ["n1", "n1"]


def test_machines_are_asked_for_by_what_is_written_on_them(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(200, [machine("m1")])]
    assert [each.id for each in api.list_machines("web", having=("flyo_lock", "1"))] == ["m1"]
    assert http.sent[0].url == "http://api.test/v1/apps/web/machines?metadata.flyo_lock=1"
