"""The pages of an app's logs: what is asked for, and what is made of answers of every kind."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.log_pages import LogPages
from tests.unit.fleet.fleet_doubles import ManualClock, ScriptedHttp

TOKEN = "fm2_geheim"


def pages(*answers: Any, **only: Any) -> tuple[LogPages, ScriptedHttp]:
    http = ScriptedHttp(ManualClock(), list(answers))
    return LogPages("https://api.fly.test/", TOKEN, http, "shop", **only), http


def page(*messages: str, token: str | None = None, **more: Any) -> HttpAnswer:
    usual = {"timestamp": "2026-11-30T07:00:00Z", "level": "info", "instance": "m1", "region": "iad"} | more
    data = [{"id": "x", "attributes": usual | {"message": each, "meta": {}}} for each in messages]
    return HttpAnswer(200, {}, json.dumps({"data": data, "meta": {"next_token": token}}).encode())


def test_the_next_page_begins_where_the_last_one_ended() -> None:
    reader, http = pages(page("one", token="t1"), page(token=None), page("two", token="t2"), page(), region="fra")
    assert [[line.message for line in reader.next_page()] for _ in range(4)] == [["one"], [], ["two"], []]
    asked = [parse_qs(urlsplit(sent.url).query, keep_blank_values=True) for sent in http.sent]
    assert [each["next_token"] for each in asked] == [[""], ["t1"], ["t1"], ["t2"]]
    assert {(*each["region"], *each["instance"]) for each in asked} == {("fra", "")}
    assert urlsplit(http.sent[0].url).path == "/api/v1/apps/shop/logs"
    assert http.sent[0].headers["Authorization"] == f"FlyV1 {TOKEN}"


def test_go_writes_an_empty_list_as_null() -> None:
    reader, _ = pages(HttpAnswer(200, {}, b'{"data": null, "meta": {}}'))
    assert reader.next_page() == []


def test_a_line_shows_no_value_of_a_query_unless_it_is_asked_for_as_it_was_written() -> None:
    written = "GET /in?token=hunter22&n=1 200 postgres://shop:hunter22@db/shop"
    body = json.dumps({"data": [{"attributes": {"timestamp": "2026-11-30T07:00:00Z", "message": written}}]}).encode()

    def message(raw: bool) -> str:
        http = ScriptedHttp(ManualClock(), [HttpAnswer(200, {}, body)])
        (line,) = LogPages("https://api.fly.test", "fm2_x", http, "shop", raw=raw).next_page()
        return line.message

    assert message(raw=False) == "GET /in?token=[hidden]&n=1 200 postgres://shop:[hidden]@db/shop"
    assert message(raw=True) == written


def test_a_line_has_its_place_and_no_password_of_a_url() -> None:
    reader, _ = pages(
        page("cannot reach postgres://me:hunter22@db/app", level="error", timestamp="2026-11-30T07:00:01.5Z")
    )
    (line,) = reader.next_page()
    assert (line.level, line.region, line.machine, line.at.microsecond) == ("error", "iad", "m1", 500_000)
    assert line.message == "cannot reach postgres://me:[hidden]@db/app"


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (HttpError("refused", "connection refused"), "api.network", "no answer (connection refused)"),
        (HttpError("timeout", f"timed out {TOKEN}"), "api.timeout", "no answer (timed out [hidden])"),
        (HttpAnswer(401, {}, b'{"error": "bad token"}'), "api.unauthorized", "it was refused (bad token)"),
        (HttpAnswer(404, {}, b'{"error": "Could not find App"}'), "api.not_found", "it was refused (Could not find"),
        (HttpAnswer(502, {}, b"<html>"), "api.server", "the answer of api.fly.test (502) cannot be read"),
        (HttpAnswer(302, {"location": "https://login"}), "api.unreadable", "answered 302, a redirect to https://login"),
        (HttpAnswer(200, {}, b"<html>"), "api.unreadable", "it is not JSON"),
        (HttpAnswer(200, {}, b"{}"), "api.unreadable", "cannot be read"),
        (HttpAnswer(200, {}, b'{"data": [{"attributes": {"message": 1}}]}'), "api.unreadable", "cannot be read"),
    ],
)
def test_what_is_no_page_is_an_error_and_never_an_empty_one(answer: Any, code: str, words: str) -> None:
    reader, _ = pages(answer)
    with pytest.raises(ApiError) as caught:
        reader.next_page()
    assert (caught.value.code, caught.value.where) == (code, "app shop")
    assert words in caught.value.what and TOKEN not in str(caught.value)


@given(st.binary(max_size=200), st.sampled_from([200, 204, 301, 400, 404, 429, 500, 503]))
def test_no_answer_at_all_gets_through_as_anything_but_lines_or_an_error(body: bytes, status: int) -> None:
    reader, _ = pages(HttpAnswer(status, {}, body))
    try:
        lines = reader.next_page()
        assert status in (200, 204) and all(isinstance(line.message, str) for line in lines)
    except ApiError as error:
        assert error.code.startswith("api.")


@given(st.text(max_size=40))
def test_any_timestamp_has_a_place_in_the_order(ts: str) -> None:
    reader, _ = pages(page("one", timestamp=ts), page("two"))
    (first,), (second,) = reader.next_page(), reader.next_page()
    assert sorted([first, second], key=lambda line: line.at)
