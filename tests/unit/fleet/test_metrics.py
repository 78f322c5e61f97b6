"""The client of Fly's Prometheus: what it asks, and what it makes of answers of every kind."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.metrics import Metrics, MetricsError
from tests.unit.fleet.fleet_doubles import ManualClock, ScriptedHttp


def metrics(*answers: Any) -> tuple[Metrics, ScriptedHttp]:
    http = ScriptedHttp(ManualClock(), list(answers))
    return Metrics("https://api.fly.test/", "fm2_secret", http, lambda app: "my org"), http


def found(*rows: tuple[str, str, str]) -> HttpAnswer:
    result = [{"metric": {"instance": i, "status": s}, "value": [1_800_000_000.5, v]} for i, s, v in rows]
    said = {"status": "success", "data": {"resultType": "vector", "result": result}}
    return HttpAnswer(200, {}, json.dumps(said).encode())


def test_it_asks_for_the_answers_of_each_machine_by_status() -> None:
    client, http = metrics(found())
    assert client.answers("shop") == {}
    (sent,) = http.sent
    url = urlsplit(sent.url)
    assert (url.netloc, url.path) == ("api.fly.test", "/prometheus/my%20org/api/v1/query")
    query = 'sum by (instance, status) (fly_app_http_responses_count{app="shop"})'
    assert parse_qs(url.query) == {"query": [query]}
    assert sent.headers["Authorization"] == "FlyV1 fm2_secret"


def test_or_for_those_of_the_last_seconds() -> None:
    client, http = metrics(found())
    client.answers("shop", 600.0)
    query = 'sum by (instance, status) (increase(fly_app_http_responses_count{app="shop"}[600s]))'
    assert parse_qs(urlsplit(http.sent[0].url).query) == {"query": [query]}


def test_statuses_are_put_together_by_their_first_digit() -> None:
    client, _ = metrics(
        found(("m1", "200", "12"), ("m1", "204", "3"), ("m1", "503", "1.6"), ("m2", "404", "7"), ("m2", "500", "0"),
              ("m2", "", "9"), ("m2", "0.2", "0.3"))
    )  # fmt: skip
    assert client.answers("shop") == {"m1": Counter({2: 15, 5: 2}), "m2": Counter({4: 7})}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HttpError("timeout", "no answer within 3 s"), "the metrics API did not answer (no answer within 3 s)"),
        (HttpAnswer(401, {}, b"unauthorized"), "the metrics API answered 401 (unauthorized)"),
        (
            HttpAnswer(400, {}, b'{"status":"error","errorType":"bad_data","error":"parse error near fm2_secret"}'),
            "the metrics API answered 400 (parse error near [hidden])",
        ),
        (HttpAnswer(503, {}, b""), "the metrics API answered 503"),
        (HttpAnswer(200, {}, b'{"status":"error","error":"too many samples"}'), "(too many samples)"),
        (found(("m1", "200", "1e308")), "a value of the metrics is no number of requests (1e+308)"),
        (HttpAnswer(302, {"location": "https://elsewhere"}), "the metrics API answered 302"),
        (HttpAnswer(200, {}, b"<html>"), "the answer of the metrics API cannot be read: it is not JSON"),
        (HttpAnswer(200, {}, b""), "the answer of the metrics API cannot be read: it is empty"),
        (HttpAnswer(200, {}, b'{"status":"error"}'), "cannot be read"),
        (HttpAnswer(200, {}, b'{"status":"success","data":null}'), "cannot be read"),
        (found(("m1", "200", "many")), "a value of the metrics is not a number"),
        (found(("m1", "200", "inf")), "a value of the metrics is not a number"),
        (found(("m1", "200", "nan")), "a value of the metrics is not a number"),
    ],
)
def test_what_is_not_understood_is_an_error_in_one_line(answer: Any, words: str) -> None:
    client, _ = metrics(answer)
    with pytest.raises(MetricsError) as caught:
        client.answers("shop")
    assert words in str(caught.value) and "fm2_secret" not in str(caught.value) and "\n" not in str(caught.value)


def test_the_organization_is_asked_for_once_and_may_be_refused() -> None:
    asked: list[str] = []

    def organization(app: str) -> str:
        asked.append(app)
        if app == "theirs":
            raise ApiError("not yours", kind="unauthorized", where="app theirs", status=403)
        return "mine"

    client = Metrics("http://fly.test", "token", ScriptedHttp(ManualClock(), [found(), found()]), organization)
    client.answers("shop")
    client.answers("shop")
    assert asked == ["shop"]
    with pytest.raises(MetricsError, match="not yours"):
        client.answers("theirs")
