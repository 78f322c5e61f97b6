"""Counts of answers, asked as Fly.io's Prometheus is asked."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.api.promql import METRIC, parse
from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from tests.unit.local.faults.test_faults_board import add
from tests.unit.local.simulated_fly import Answer, Fly

WEB = {"services": [{"internal_port": 8080, "ports": [{"port": 80, "handlers": ["http"]}]}]}


def ask(fly: Fly, query: str, path: str = "query", **more: Any) -> Answer:
    """One query."""
    return fly.call("GET", f"/prometheus/personal/api/v1/{path}?{urlencode({'query': query, **more})}")


def counts(fly: Fly, query: str, **more: Any) -> dict[tuple[str, ...], str]:
    """The values of an instant query by the values of their labels."""
    answer = ask(fly, query, **more)
    assert answer.status == 200, answer
    assert (answer.body["status"], answer.body["data"]["resultType"]) == ("success", "vector")
    return {tuple(one["metric"].values()): one["value"][1] for one in answer.body["data"]["result"]}


@pytest.fixture
def busy(fly: Fly) -> Fly:
    """Two machines, of which the one in fra has failed 3 of 10 requests in the last 10 s; 20 older ones were good."""
    for region in ("fra", "iad"):
        fly.started(WEB, region=region)
    fly.after(2)
    for _ in range(20):
        assert fly.visit(fly_local_region="fra").status == 200
    fly.after(120)
    add(fly, "error-share", region="fra", times=3, set={"share": 1.0, "status": 503})
    for _ in range(10):
        fly.visit(fly_local_region="fra")
        fly.after(0.5)
    assert fly.visit(fly_local_region="iad").status == 200
    return fly


def test_a_client_counts_answers_by_machine_and_status(busy: Fly) -> None:
    fra, iad = (one["id"] for one in busy.call("GET", "/v1/apps/shop/machines").body)
    query = f'sum by (instance, status) (increase({METRIC}{{app="shop"}}[30s]))'
    assert counts(busy, query) == {(fra, "200"): "7", (fra, "503"): "3", (iad, "200"): "1"}
    assert counts(busy, query.replace("30s", "5m"))[(fra, "200")] == "27"
    assert counts(busy, f'sum(increase({METRIC}{{app="shop"}}[30s])) by (region)') == {("fra",): "10", ("iad",): "1"}
    assert counts(busy, f"sum(increase({METRIC}[30s]))") == {(): "11"}
    assert counts(busy, f'sum by (region) (rate({METRIC}{{region="fra"}}[20s]))') == {("fra",): "0.5"}


def test_labels_are_matched_by_text_and_by_expression(busy: Fly) -> None:
    def by_status(matchers: str) -> dict[tuple[str, ...], str]:
        return counts(busy, f"sum by (status) (increase({METRIC}{{{matchers}}}[1m]))")

    assert by_status('app="shop",status=~"5.."') == {("503",): "3"}
    assert by_status('app="shop",status!~"5.."') == {("200",): "8"}
    assert by_status("app='shop', region!=\"fra\"") == {("200",): "1"}
    assert by_status('status=~"5"') == {}, "an expression is about the whole value"
    assert by_status('app="another"') == {}


def test_the_counters_themselves_have_every_label_and_never_fall(busy: Fly) -> None:
    (shown,) = ask(busy, f'{METRIC}{{region="fra",status="200"}}').body["data"]["result"]
    machine = busy.call("GET", "/v1/apps/shop/machines?region=fra").body[0]
    assert (shown["metric"]["__name__"], shown["metric"]["instance"]) == (METRIC, machine["id"])
    assert list(shown["metric"]) == ["__name__", "app", "region", "host", "instance", "status"]
    assert len(shown["metric"]["host"]) == 4
    assert shown["value"][1] == "27"
    before = busy.simulation.clock.now() - 60
    assert counts(busy, f'sum({METRIC}{{region="fra"}})', time=before) == {(): "20"}


def test_a_range_query_has_a_value_for_each_step(busy: Fly) -> None:
    now = int(busy.simulation.clock.now())
    query = f'sum by (region) (increase({METRIC}{{region="fra"}}[1m]))'
    answer = ask(busy, query, "query_range", start=now - 120, end=now, step="60")
    (line,) = answer.body["data"]["result"]
    assert answer.body["data"]["resultType"] == "matrix"
    assert line["metric"] == {"region": "fra"}
    assert [moment for moment, _ in line["values"]] == [now - 120, now - 60, now]
    assert [value for _, value in line["values"]][1:] == ["0", "10"]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 400, "query is missing"),
        (f"sum by (instance) (increase({METRIC}[30s])", 400, "is not complete"),
        (f'{METRIC}{{colour="red"}}', 400, "has no label 'colour'; it has: app, region, host, instance, status"),
        (f'{METRIC}{{app=~"("}}', 400, "is no regular expression"),
        (f"increase({METRIC}[soon])", 400, "range: 'soon' is not a duration"),
        (f"increase({METRIC}[2h])", 400, "remembers 60 minutes"),
        ("fly_edge_http_responses_count", 501, "'fly_edge_http_responses_count' in"),
        (f"avg(increase({METRIC}[30s]))", 501, "'avg'"),
        (f"sum(increase({METRIC}[30s])) / 2", 501, "'/'"),
        (f"sum(increase({METRIC}[30s])) > 0", 501, "'>'"),
        ("histogram_quantile(0.95, x)", 501, "'histogram_quantile'"),
        ("up", 501, "not modelled by the local platform; it understands sum by"),
    ],
)
def test_what_is_not_understood_is_refused_and_says_so(fly: Fly, query: str, status: int, said: str) -> None:
    answer = ask(fly, query)
    assert answer.status == status
    assert said in answer.body["error"]


def test_other_addresses_and_organizations_are_refused(fly: Fly) -> None:
    assert fly.call("GET", "/prometheus/personal/api/v1/series").status == 501
    assert fly.call("GET", f"/prometheus/another/api/v1/query?query={METRIC}").status == 404
    assert ask(fly, METRIC, "query_range", start=0, end=9e9, step=1).status == 400
    assert ask(fly, METRIC, time="yesterday").status == 400


def test_a_token_of_one_app_counts_that_app_only(busy: Fly) -> None:
    busy.call("POST", "/v1/apps", {"name": "other", "org_slug": "personal"})
    token = busy.platform.tokens.create("deploy", app="other").token
    answer = busy.call("GET", f"/prometheus/personal/api/v1/query?query={METRIC}", authorization=f"Bearer {token}")
    assert (answer.status, answer.body["data"]["result"]) == (200, [])


def test_errors_of_the_proxy_are_nobodys_answers(fly: Fly) -> None:
    machine = fly.started({**WEB, "image": fly.push("deaf", Behaviour(healthy_seconds=None))})["id"]
    assert fly.visit(fly_force_instance_id=machine).status == 502
    assert counts(fly, METRIC) == {}


def test_a_destroyed_app_has_no_counts(busy: Fly) -> None:
    busy.call("DELETE", "/v1/apps/shop")
    assert counts(busy, METRIC) == {}


@given(st.lists(st.tuples(st.floats(0, 3), st.sampled_from([200, 404, 500])), max_size=60), st.integers(1, 90))
def test_increase_is_what_was_counted_in_the_last_seconds(visits: list[tuple[float, int]], window: int) -> None:
    fly = Fly()
    machine = fly.platform.kernel.machines[fly.started(WEB)["id"]]
    happened = []
    for pause, status in visits:
        fly.after(pause)
        fly.platform.traffic.count(machine, status)
        happened.append((int(fly.simulation.clock.now()), str(status)))
    now = fly.simulation.clock.now() + 0.002
    recent = Counter(status for second, status in happened if second > now - window)
    seen = counts(fly, f"sum by (status) (increase({METRIC}[{window}s]))")
    assert {status: int(value) for (status,), value in seen.items() if value != "0"} == dict(recent)


@given(st.text(alphabet='sumbyincreaserate(){}[]=~!,"\\ 0123456789s_' + METRIC, max_size=80))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        parse(text)
    except PlatformError as refusal:
        assert refusal.status in (400, 501)
