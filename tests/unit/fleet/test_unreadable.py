"""Answers of the Machines API that are not understood: asked for again, then an error, and never an empty value."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from tests.unit.fleet.fleet_doubles import ManualClock, ScriptedHttp, answer, machine

TOKEN = "fo1_very-secret-token"
PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"
WHOLE = json.dumps([machine("m1"), machine("m2")]).encode()

Ask = Callable[[MachinesApi], object]
READS: dict[str, Ask] = {
    "list": lambda api: api.list_machines("web"),
    "get": lambda api: api.get_machine("web", "m1"),
    "versions": lambda api: api.list_versions("web", "m1"),
    "lease": lambda api: api.find_lease("web", "m1"),
    "metadata": lambda api: api.get_metadata("web", "m1"),
    "secrets": lambda api: api.list_secrets("web"),
    "app": lambda api: api.get_app("web"),
    "set secrets": lambda api: api.set_secrets("web", {"A": "x"}),
}
DONE: dict[str, Ask] = {
    "start": lambda api: api.start("web", "m1"),
    "stop": lambda api: api.stop("web", "m1"),
    "suspend": lambda api: api.suspend("web", "m1"),
    "cordon": lambda api: api.cordon("web", "m1"),
    "uncordon": lambda api: api.uncordon("web", "m1"),
    "destroy": lambda api: api.destroy("web", "m1"),
    "wait": lambda api: api.wait("web", "m1", "started", 5),
    "release": lambda api: api.release_lease("web", "m1", "n1"),
    "set metadata": lambda api: api.set_metadata("web", "m1", "a", "b"),
    "delete metadata": lambda api: api.delete_metadata("web", "m1", "a"),
}
NEVER_RIGHT = [
    HttpAnswer(200, {"content-type": "text/html"}, PAGE),
    HttpAnswer(200, {}, b'{"a": [1, 2'),
    HttpAnswer(200, {}, b'{"a": NaN}'),
    HttpAnswer(200, {}, b'{"a": 1} {"b": 2}'),
    HttpAnswer(200, {}, b"\xff\xfe{}"),
    HttpAnswer(200, {}, b'"a string"'),
    HttpAnswer(200, {}, b"7"),
    HttpAnswer(200, {}, b"null"),
    HttpAnswer(200, {}, b"[" * 200_000),
    HttpAnswer(200, {}, b'{"a":' * 200_000),
    HttpAnswer(301, {"location": "https://login.test/"}, PAGE),
    HttpAnswer(302, {"location": "https://login.test/"}),
    HttpAnswer(304),
    HttpAnswer(307, {}, WHOLE),
    HttpAnswer(404, {}, b"404 page not found\n"),
    HttpAnswer(404, {"content-type": "text/html"}, PAGE),
    HttpAnswer(404, {}, WHOLE),
    HttpAnswer(405, {}, PAGE),
    HttpAnswer(410),
    HttpAnswer(418, {}, WHOLE),
]
EMPTY = [HttpAnswer(200), HttpAnswer(204), HttpAnswer(200, {}, b"[]" * 2), HttpAnswer(200, {}, b"   ")]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def http(clock: ManualClock) -> ScriptedHttp:
    return ScriptedHttp(clock)


@pytest.fixture
def api(clock: ManualClock, http: ScriptedHttp) -> MachinesApi:
    return MachinesApi("https://api.test/", TOKEN, http, clock, random.Random(1))


def unreadable(ask: Ask, api: MachinesApi) -> ApiError:
    with pytest.raises(ApiError) as caught:
        ask(api)
    error = caught.value
    assert (error.kind, error.code, error.exit) == ("unreadable", "api.unreadable", Exit.UNREACHABLE)
    assert str(error).isprintable()
    assert len(str(error)) < 500
    return error


@pytest.mark.parametrize("strange", [*NEVER_RIGHT, *EMPTY], ids=lambda each: f"{each.status} {each.body[:12]!r}")
@pytest.mark.parametrize("ask", READS.values(), ids=READS)
def test_what_is_read_is_understood_or_an_error(
    ask: Ask, strange: HttpAnswer, api: MachinesApi, http: ScriptedHttp
) -> None:
    http.script = [strange] * 100
    error = unreadable(ask, api)
    assert error.status == strange.status
    assert len(http.sent) > 1


@pytest.mark.parametrize("strange", NEVER_RIGHT, ids=lambda each: f"{each.status} {each.body[:12]!r}")
@pytest.mark.parametrize("ask", DONE.values(), ids=DONE)
def test_what_is_done_is_acknowledged_or_an_error(
    ask: Ask, strange: HttpAnswer, api: MachinesApi, http: ScriptedHttp
) -> None:
    http.script = [strange] * 100
    assert unreadable(ask, api).ambiguous


@pytest.mark.parametrize("done", [HttpAnswer(200, {}, b'{"ok": true}'), HttpAnswer(202, {}, b"{}"), HttpAnswer(204)])
@pytest.mark.parametrize("ask", DONE.values(), ids=DONE)
def test_what_is_done_needs_no_words(ask: Ask, done: HttpAnswer, api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [done]
    ask(api)


def test_an_answer_is_what_it_is_whatever_it_is_called(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [HttpAnswer(200, {"content-type": "text/html"}, b"\n " + WHOLE + b"\n")]
    assert [machine.id for machine in api.list_machines("web")] == ["m1", "m2"]


@pytest.mark.parametrize("cut", range(1, len(WHOLE), 97))
def test_half_an_answer_is_none(cut: int, api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [HttpAnswer(200, {}, WHOLE[:cut])] * 100
    unreadable(READS["list"], api)


def test_one_strange_answer_is_asked_for_again(api: MachinesApi, http: ScriptedHttp) -> None:
    good = answer(200, [machine("m1"), machine("m2")])
    http.script = [good, *(strange for each in NEVER_RIGHT[:4] for strange in (each, good))]
    for _ in range(5):
        assert len(api.list_machines("web")) == 2


def test_there_is_more_patience_with_a_server_that_made_sense_before(
    api: MachinesApi, http: ScriptedHttp, clock: ManualClock
) -> None:
    http.script = [NEVER_RIGHT[0]] * 100
    unreadable(READS["list"], api)
    first = sum(clock.slept)
    assert 0 < first <= 3
    http.script = [answer(200, []), *[NEVER_RIGHT[0]] * 100]
    api.list_machines("web")
    unreadable(READS["list"], api)
    assert 10 < sum(clock.slept) - first <= 30


LISTS: list[list[dict[str, Any]]] = [
    [machine("m1"), machine("m1")],
    [machine("m1"), {}],
    [machine("m1"), {"id": "m2"}],
    [machine("m1", state=None)],
    [machine("m1", config=None)],
    [machine("m1", config="x")],
    [machine("m1", region="")],
]


@pytest.mark.parametrize("body", LISTS)
def test_a_list_with_one_machine_that_is_none_is_no_list(
    body: list[dict[str, Any]], api: MachinesApi, http: ScriptedHttp
) -> None:
    http.script = [answer(200, body)] * 100
    unreadable(READS["list"], api)


def test_an_answer_about_another_machine_is_none(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(200, machine("m2")), answer(200, machine("m1"))]
    assert api.get_machine("web", "m1").id == "m1"


@pytest.mark.parametrize(
    ("strange", "text"),
    [
        (NEVER_RIGHT[0], "the answer of api.test (200) cannot be read: it is not JSON; it begins with <!DOCTYPE html>"),
        (HttpAnswer(200, {}, WHOLE[:-9]), '(200) cannot be read: it is broken JSON; it begins with [{"id": "m1"'),
        (HttpAnswer(200, {}, b"null"), "(200) cannot be read: expected array, got null; it begins with null"),
        (HttpAnswer(204), "could not list the machines: api.test answered 204 with an empty body"),
        (NEVER_RIGHT[11], "api.test answered 302, a redirect to https://login.test/"),
        (HttpAnswer(200, {}, b'[{"a": ' + b"[" * 200_000), "nested too deeply"),
        (answer(200, [{"id": "m1"}]), "object missing required field region - at $[0]"),
        (answer(200, [machine("a b")]), "expected str in another format - at $[0].id"),
        (NEVER_RIGHT[15], "(404) cannot be read"),
    ],
)
def test_the_error_says_where_and_how_it_begins(
    strange: HttpAnswer, text: str, api: MachinesApi, http: ScriptedHttp
) -> None:
    http.script = [strange] * 100
    error = unreadable(READS["list"], api)
    assert text in str(error)
    assert str(error).startswith("app web: could not list the machines: ")


@pytest.mark.parametrize(
    "body",
    [
        f"<p>{TOKEN}</p>".encode(),
        b"<p>fo1_very-\x00secret-token</p>",
        "<p>fo1_very-\u200b\u202esecret-token".encode(),
        b"x" * 60 + TOKEN.encode(),
        b'{"status": "success", "data": {"nonce": "n0nce-of-a-lease", "expires_at": "soon"}}',
        b'{"data": {"nonce":"n0nce-of-a-lease',
        b'{"token":  "n0nce-of-a-lease"}',
    ],
)
def test_how_it_begins_holds_no_secret(body: bytes, api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [HttpAnswer(200, {}, body)] * 100
    error = str(unreadable(READS["lease" if b"{" in body else "list"], api))
    for secret in (TOKEN, "secret-token", "n0nce-of-a-lease"):
        assert secret not in error


def test_how_it_begins_is_clean(api: MachinesApi, http: ScriptedHttp) -> None:
    body = "\x1b]0;title\x07\x9b31m::add-mask::x\r\n\u202eevil\u2028\u200b" + "y" * 5000
    http.script = [HttpAnswer(200, {}, body.encode("utf-8", "surrogatepass"))] * 100
    error = str(unreadable(READS["list"], api))
    assert error.isprintable()
    assert "::" not in error.splitlines()[0][:2]


def test_where_a_redirect_leads_is_clean_and_holds_no_secret(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [HttpAnswer(302, {"location": f"https://x/?t={TOKEN}\x1b[31m" + "y" * 500})] * 100
    error = str(unreadable(READS["list"], api))
    assert TOKEN not in error


# --- what may only be done once


def test_a_create_with_a_strange_answer_may_have_happened(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [NEVER_RIGHT[0]]
    error = unreadable(lambda api: api.create_machine("web", config={}, region="nrt"), api)
    assert error.ambiguous
    assert len(http.sent) == 1


def test_an_update_with_a_strange_answer_is_looked_up(api: MachinesApi, http: ScriptedHttp) -> None:
    made = machine("m1", instance_id="02", config={"image": "two"})
    http.script = [NEVER_RIGHT[0], NEVER_RIGHT[1], answer(200, made)]
    updated = api.update_machine("web", "m1", config={"image": "two"}, current_version="01")
    assert updated.instance_id == "02"
    assert [each.method for each in http.sent] == ["POST", "GET", "GET"]


def test_a_lease_with_a_strange_answer_is_looked_up(api: MachinesApi, http: ScriptedHttp) -> None:
    held = {"status": "success", "data": {"nonce": "n9", "expires_at": 5, "description": "run 7"}}
    http.script = [answer(201, {"status": "success", "data": {"expires_at": 5}}), answer(200, held)]
    assert api.acquire_lease("web", "m1", 13, "run 7").nonce == "n9"


# --- refusals


def test_a_refusal_that_is_no_json_is_quoted(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [HttpAnswer(403, {}, b"<h1>Corporate proxy</h1>\x1b[2J")]
    with pytest.raises(ApiError, match="403 <h1>Corporate proxy</h1>") as caught:
        api.list_machines("web")
    assert caught.value.kind == "unauthorized"
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("status", [500, 501, 502, 520, 599, 777])
def test_a_server_in_trouble_is_asked_again(status: int, api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [HttpAnswer(status, {}, PAGE), answer(200, [])]
    assert api.list_machines("web") == []


@pytest.mark.parametrize("after", ["²", "٣", "1e9", "-1", "nan", "inf", "1.2.3", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_retry_after_that_is_no_number_is_none(after: str, api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [answer(429, retry_after=after), answer(200, [])]
    assert api.list_machines("web") == []


def test_what_is_no_answer_of_http_is_unreadable(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [HttpError("unreadable", "it is larger than 32 MB")] * 100
    assert "the answer of api.test cannot be read: it is larger than 32 MB" in str(unreadable(READS["list"], api))


def test_no_answer_within_the_time_is_nobody_there(api: MachinesApi, http: ScriptedHttp) -> None:
    http.script = [HttpError("timeout")] * 100
    with pytest.raises(ApiError, match=r"no whole answer from api\.test within 30 s") as caught:
        api.list_machines("web")
    assert caught.value.exit == Exit.UNREACHABLE
