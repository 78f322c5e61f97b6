from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from tests.unit.fleet.fleet_doubles import ManualClock, Script, ScriptedHttp, Sent, answer, machine

TOKEN = "fo1_very-secret-token"
CONFIG = {"image": "registry.fly.io/web:two"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def http(clock: ManualClock) -> ScriptedHttp:
    return ScriptedHttp(clock)


@pytest.fixture
def api(clock: ManualClock, http: ScriptedHttp) -> MachinesApi:
    return MachinesApi("http://api.test/", TOKEN, http, clock, random.Random(1))


# --- what is sent


@pytest.mark.parametrize(
    ("token", "header"),
    [
        ("fo1_abc", "Bearer fo1_abc"),
        ("fm2_abc,fm2_def", "FlyV1 fm2_abc,fm2_def"),
        ("fm1r_abc", "FlyV1 fm1r_abc"),
        ("fm1a_abc", "FlyV1 fm1a_abc"),
        ("FlyV1 fm2_abc", "FlyV1 fm2_abc"),
        ("Bearer fo1_abc\n", "Bearer fo1_abc"),
    ],
)
def test_each_kind_of_token_goes_under_its_own_scheme(
    token: str, header: str, clock: ManualClock, http: ScriptedHttp
) -> None:
    http.script = [answer(200, [])]
    MachinesApi("http://api.test", token, http, clock, random.Random(1)).list_machines("web")
    assert http.sent[0].headers["Authorization"] == header
    assert http.sent[0].url == "http://api.test/v1/apps/web/machines"


def test_a_create_sends_what_was_asked_for_and_nothing_else(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(201, machine(nonce="n1"))]
    created = api.create_machine("web", config=CONFIG, region="nrt", min_secrets_version=4, lease_ttl=30)
    assert http.sent[0].json == {
        "config": CONFIG,
        "region": "nrt",
        "skip_launch": False,
        "skip_service_registration": False,
        "min_secrets_version": 4,
        "lease_ttl": 30,
    }
    assert (created.id, created.nonce) == ("148e21d7", "n1")
    assert "n1" not in repr(created)


def test_an_update_carries_the_version_it_was_decided_on_and_the_lease(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(200, machine(instance_id="02"))]
    api.update_machine("web", "148e21d7", config=CONFIG, current_version="01", nonce="n1", skip_launch=True)
    assert http.sent[0].json == {"config": CONFIG, "current_version": "01", "skip_launch": True}
    assert http.sent[0].headers["fly-machine-lease-nonce"] == "n1"


def test_names_are_escaped(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(204)]
    api.set_metadata("web", "m1", "a/b?c", "v")
    assert http.sent[0].path == "/apps/web/machines/m1/metadata/a%2Fb%3Fc"


# --- what comes back


def test_an_app_without_machines_or_secrets(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(200, []), answer(200, {"secrets": []}), answer(200, {"secrets": None})]
    assert api.list_machines("web") == []
    assert api.list_secrets("web") == []
    # Go writes an empty list like that.
    assert api.list_secrets("web") == []


def test_secrets_give_back_their_version(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(200, {"secrets": [], "version": 7})]
    assert api.set_secrets("web", {"A": "x", "B": None}) == 7
    assert http.sent[0].json == {"values": {"A": "x", "B": None}}


# --- errors


@pytest.mark.parametrize(
    ("status", "body", "kind", "exit"),
    [
        (400, {"error": "invalid config"}, "invalid", Exit.ERROR),
        (401, {"error": "no token"}, "unauthorized", Exit.UNREACHABLE),
        (403, {"error": "not yours"}, "unauthorized", Exit.UNREACHABLE),
        (403, {"error": "over the allowed quota"}, "capacity", Exit.ERROR),
        (404, {"error": "machine not found"}, "not_found", Exit.ERROR),
        (409, {"error": "lease currently held by x"}, "conflict", Exit.ERROR),
        (409, {"error": "aborted: could not reserve resource for machine"}, "capacity", Exit.ERROR),
        (412, {"error": "machine version changed"}, "precondition", Exit.ERROR),
        (422, {"error": "no room", "status": "insufficient_capacity"}, "capacity", Exit.ERROR),
        (422, {"error": "Name has already been taken", "status": "name_taken"}, "invalid", Exit.ERROR),
        (501, {"error": "x is not modelled by the local platform"}, "unsupported", Exit.ERROR),
        (400, None, "invalid", Exit.ERROR),
        (418, {"error": "a teapot"}, "invalid", Exit.ERROR),
    ],
)
def test_every_refusal_has_a_kind_a_place_and_an_exit_status(
    status: int, body: object, kind: str, exit: Exit, api: MachinesApi, http: ScriptedHttp
) -> None:
    http.script = [answer(200, machine(region="nrt")), answer(status, body)]
    api.get_machine("web", "148e21d7")
    with pytest.raises(ApiError) as caught:
        api.start("web", "148e21d7")
    assert (caught.value.kind, caught.value.status, caught.value.exit) == (kind, status, exit)
    assert caught.value.where == "app web, region nrt, machine 148e21d7"
    assert caught.value.code == f"api.{kind}"
    assert str(status) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(http.sent) == 2


def test_a_lease_error_in_its_other_shape_is_read_too(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(409, {"status": "error", "message": "machine ID x lease currently held by a@b.c"})]
    with pytest.raises(ApiError, match="currently held by") as caught:
        api.acquire_lease("web", "m1", 13)
    assert caught.value.kind == "conflict"


def test_the_request_id_is_part_of_the_error(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(400, {"error": "bad"}, fly_request_id="01ABC-iad")]
    with pytest.raises(ApiError, match="request 01ABC-iad"):
        api.start("web", "m1")


def test_no_error_ever_holds_the_token_a_secret_or_a_nonce(api: MachinesApi, http: ScriptedHttp) -> None:
    value = "postgres://user:pass@db\nsecond line"
    http.script = [
        answer(400, {"error": f"bad values: {value} for {TOKEN}"}),
        answer(400, {"error": "nonce abcdef123456 is not the holder's"}),
    ]
    with pytest.raises(ApiError) as about_secrets:
        api.set_secrets("web", {"DATABASE_URL": value})
    with pytest.raises(ApiError) as about_lease:
        api.start("web", "m1", nonce="abcdef123456")
    text = str(about_secrets.value) + repr(about_secrets.value) + str(about_lease.value)
    for secret in ("postgres", "pass@db", "second line", TOKEN, "abcdef123456"):
        assert secret not in text


def test_an_endless_error_is_cut(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(400, {"error": "x" * 10_000})]
    with pytest.raises(ApiError) as caught:
        api.start("web", "m1")
    assert len(str(caught.value)) < 500


# --- patience


def test_a_safe_call_is_tried_again_until_it_works(api: MachinesApi, http: ScriptedHttp, clock: ManualClock) -> None:
    http.script = [answer(502), HttpError("reset"), HttpError("timeout"), answer(200, [])]
    assert api.list_machines("web") == []
    assert len(http.sent) == 4
    assert sum(clock.slept) > 0


def test_retry_after_is_honoured(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(429, {"error": "rate limit exceeded"}, retry_after="7"), answer(200, [])]
    api.list_machines("web")
    assert http.sent[1].at - http.sent[0].at >= 7


def test_patience_ends(api: MachinesApi, http: ScriptedHttp, clock: ManualClock) -> None:
    began = clock.time
    http.script = [answer(503, {"error": "down"})] * 100
    with pytest.raises(ApiError) as caught:
        api.list_machines("web")
    assert caught.value.kind == "server"
    assert clock.time - began <= 30
    assert len(http.sent) > 3


def test_one_in_a_hurry_asks_once(api: MachinesApi, http: ScriptedHttp, clock: ManualClock) -> None:
    http.script = [answer(200, []), answer(503, {"error": "down"}), HttpError("timeout")]
    api.list_machines("web")
    with pytest.raises(ApiError, match="503"):
        api.get_machine("web", "m1", hurry=True)
    with pytest.raises(ApiError, match="no whole answer"):
        api.wait("web", "m1", "started", 2, hurry=True)
    assert (clock.slept, len(http.sent)) == ([], 3)


def test_a_server_that_never_answered_is_given_up_sooner(
    api: MachinesApi, http: ScriptedHttp, clock: ManualClock
) -> None:
    http.script = [HttpError("refused", "connection refused")] * 100
    with pytest.raises(ApiError) as caught:
        api.list_machines("web")
    assert (caught.value.kind, caught.value.exit) == ("network", Exit.UNREACHABLE)
    first = sum(clock.slept)
    assert 0 < first <= 3
    http.script = [answer(200, []), *http.script]
    api.list_machines("web")
    with pytest.raises(ApiError):
        api.list_machines("web")
    assert sum(clock.slept) - first > 10


def test_a_retry_after_beyond_all_patience_is_not_waited_for(
    api: MachinesApi, http: ScriptedHttp, clock: ManualClock
) -> None:
    http.script = [answer(429, retry_after="3600")]
    with pytest.raises(ApiError) as caught:
        api.list_machines("web")
    assert caught.value.kind == "rate_limited"
    assert clock.slept == []


LOST_CREATES = [answer(500), answer(408), answer(429), answer(429, machine()), HttpError("reset"), HttpError("timeout")]


@pytest.mark.parametrize("failure", LOST_CREATES)
def test_a_create_that_may_have_happened_is_never_sent_twice(
    failure: Script, api: MachinesApi, http: ScriptedHttp
) -> None:
    http.script = [failure]
    with pytest.raises(ApiError) as caught:
        api.create_machine("web", config=CONFIG, region="nrt")
    assert caught.value.ambiguous
    assert "region nrt" in caught.value.where
    assert len(http.sent) == 1


TOO_FAST = answer(429, {"error": "rate limit exceeded"})


@pytest.mark.parametrize("failure", [TOO_FAST, HttpError("refused"), HttpError("dns")])
def test_a_create_that_cannot_have_happened_is_sent_again(
    failure: Script, api: MachinesApi, http: ScriptedHttp
) -> None:
    http.script = [failure, answer(201, machine())]
    assert api.create_machine("web", config=CONFIG, region="nrt").id == "148e21d7"
    assert len(http.sent) == 2


def test_a_created_machine_is_found_by_its_tag(api: MachinesApi, http: ScriptedHttp) -> None:
    tagged = machine("m2", config={"image": "x", "metadata": {"flyo_create_id": "abc"}})
    dead = machine("m3", state="destroyed", config={"metadata": {"flyo_create_id": "abc"}})
    http.script = [answer(200, [machine("m1"), dead, tagged])] * 2
    found = api.find_created("web", "flyo_create_id", "abc")
    assert found is not None
    assert found.id == "m2"
    assert api.find_created("web", "flyo_create_id", "nobody") is None


LOST: list[Callable[[], Script]] = [lambda: HttpError("reset"), lambda: answer(504)]


@pytest.mark.parametrize("lost", LOST)
def test_an_update_whose_answer_got_lost_is_looked_up_and_not_repeated(
    lost: Callable[[], Script], api: MachinesApi, http: ScriptedHttp
) -> None:
    made = machine(instance_id="02", config={"image": CONFIG["image"]})
    http.script = [lost(), answer(200, made)]
    updated = api.update_machine("web", "148e21d7", config=CONFIG, current_version="01")
    assert updated.instance_id == "02"
    assert [each.method for each in http.sent] == ["POST", "GET"]


def test_an_update_that_did_not_arrive_is_made_again(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [HttpError("reset"), answer(200, machine(instance_id="01")), answer(200, machine(instance_id="02"))]
    assert api.update_machine("web", "148e21d7", config=CONFIG, current_version="01").instance_id == "02"
    assert [each.method for each in http.sent] == ["POST", "GET", "POST"]


def test_an_update_by_somebody_else_in_between_is_an_error(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [HttpError("reset"), answer(200, machine(instance_id="99"))]
    with pytest.raises(ApiError) as caught:
        api.update_machine("web", "148e21d7", config=CONFIG, current_version="01")
    assert caught.value.ambiguous


def test_a_lease_whose_answer_got_lost_is_found_by_its_description(api: MachinesApi, http: ScriptedHttp) -> None:
    held = {"status": "success", "data": {"nonce": "n9", "expires_at": 5, "description": "run 7"}}
    http.script = [HttpError("reset"), answer(200, held)]
    assert api.acquire_lease("web", "m1", 13, "run 7").nonce == "n9"


def test_a_lease_of_somebody_else_is_not_taken_for_ours(api: MachinesApi, http: ScriptedHttp) -> None:
    held = {"status": "success", "data": {"nonce": "n9", "expires_at": 5, "description": "somebody"}}
    refused = answer(409, {"message": "lease currently held by somebody"})
    http.script = [HttpError("reset"), answer(200, held), refused]
    with pytest.raises(ApiError) as caught:
        api.acquire_lease("web", "m1", 13, "run 7")
    assert caught.value.kind == "conflict"


@pytest.mark.parametrize("gone", [answer(400, {"error": "no such lease"}), answer(404, {"error": "not found"})])
def test_giving_back_a_lease_that_has_expired_is_no_error(gone: Script, api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [gone]
    api.release_lease("web", "m1", "n1")


def test_destroying_what_is_gone_is_no_error(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(404, {"error": "machine not found"})]
    api.destroy("web", "m1")
    assert http.sent[0].path.endswith("/machines/m1?force=true")


# --- waiting


def test_a_long_wait_is_several_calls_within_the_platforms_limit(
    api: MachinesApi, http: ScriptedHttp, clock: ManualClock
) -> None:
    def slow(seconds: float) -> Script:
        def wait(sent: Sent) -> HttpAnswer:
            clock.time += seconds
            return answer(408, {"error": "deadline_exceeded"})

        return wait

    http.script = [slow(60), slow(60), answer(200, {"ok": True})]
    assert api.wait("web", "m1", "started", 150)
    assert [each.path.split("?")[1] for each in http.sent] == [
        "state=started&timeout=60",
        "state=started&timeout=60",
        "state=started&timeout=30",
    ]


def test_a_wait_that_never_comes_true_says_so_in_time(api: MachinesApi, http: ScriptedHttp, clock: ManualClock) -> None:
    began = clock.time

    def tick(sent: Sent) -> HttpAnswer:
        clock.time += 5
        return answer(408)

    http.script = [tick] * 10
    assert not api.wait("web", "m1", "started", 5)
    assert clock.time - began < 8


def test_waiting_for_stopped_names_the_version_it_means(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(200, machine("m1", instance_id="07")), answer(200, {"ok": True})]
    assert api.wait("web", "m1", "stopped", 5)
    assert "instance_id=07" in http.sent[1].url


def test_a_machine_that_is_gone_is_destroyed(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(404, {"error": "machine not found"})]
    assert api.wait("web", "m1", "destroyed", 5)


def test_a_machine_that_is_gone_never_starts(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(404, {"error": "machine not found"})]
    with pytest.raises(ApiError) as caught:
        api.wait("web", "m1", "started", 5)
    assert caught.value.kind == "not_found"


# --- whose clock


@pytest.mark.parametrize(
    ("date", "ahead"), [("Fri, 15 Jan 2027 08:00:00 GMT", 0.0), ("Fri, 15 Jan 2027 07:00:00 GMT", -3600.0), ("soon", 0)]
)
def test_the_platforms_clock_is_learnt_from_its_answers(
    api: MachinesApi, http: ScriptedHttp, clock: ManualClock, date: str, ahead: float
) -> None:
    assert api.platform_time() == clock.now()
    http.script = [replace(answer(200, []), headers={"date": date})]
    api.list_machines("web")
    clock.time += 5
    assert api.platform_time() == pytest.approx(clock.now() + ahead)
