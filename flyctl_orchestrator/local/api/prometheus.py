"""Metrics of the proxy, asked as Fly.io's Prometheus is asked: instant and range queries of one counter.

There is no scraping: an answer is counted the moment it goes to the client. Fly.io's figures come some 15 s later.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flyctl_orchestrator.local.api.promql import METRIC, Query, bad_data, parse
from flyctl_orchestrator.local.api.routing import route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.base.duration import seconds
from flyctl_orchestrator.local.core.traffic import KEPT_SECONDS, Labels, Series
from flyctl_orchestrator.local.platform import Platform

MOST_POINTS = 11_000
Vector = dict[tuple[tuple[str, str], ...], float]


@route("GET", "/prometheus/{org}/api/v1/query", op="prometheus.query", limit=None)
def query(platform: Platform, request: Request) -> Response:
    """Count the answers of machines: sum by (…), increase and rate of fly_app_http_responses_count."""
    asked = _asked(platform, request)
    moment = _moment(platform, request, "time")
    _check_age(platform, asked, moment)
    found = _evaluated(platform, request, asked, moment)
    result = [{"metric": dict(labels), "value": [moment, _text(value)]} for labels, value in found.items()]
    return _success("vector", result)


@route("GET", "/prometheus/{org}/api/v1/query_range", op="prometheus.query_range", limit=None)
def query_range(platform: Platform, request: Request) -> Response:
    """The same at several moments, one step after the other."""
    asked = _asked(platform, request)
    start, end = _moment(platform, request, "start"), _moment(platform, request, "end")
    step = seconds(request.arg("step"), 0.0, "step")
    if step <= 0 or end < start or (end - start) / step >= MOST_POINTS:
        raise bad_data(f"step must be more than 0, and start to end at most {MOST_POINTS} of them")
    _check_age(platform, asked, start)
    lines: dict[tuple[tuple[str, str], ...], list[list[float | str]]] = defaultdict(list)
    for number in range(math.floor((end - start) / step) + 1):
        moment = start + number * step
        for labels, value in _evaluated(platform, request, asked, moment).items():
            lines[labels].append([moment, _text(value)])
    return _success("matrix", [{"metric": dict(labels), "values": values} for labels, values in lines.items()])


# The same as a form, as Prometheus' clients like to send long queries.
route("POST", "/prometheus/{org}/api/v1/query", op="prometheus.query.form", limit=None)(query)
route("POST", "/prometheus/{org}/api/v1/query_range", op="prometheus.query_range.form", limit=None)(query_range)


def _asked(platform: Platform, request: Request) -> Query:
    platform.apps.organization_of(request.params["org"])
    text = request.arg("query")
    if not text.strip():
        raise bad_data("query is missing")
    return parse(text)


def _moment(platform: Platform, request: Request, name: str) -> float:
    """A moment as seconds since the epoch or in RFC 3339; now when nothing is said."""
    said = request.arg(name)
    if not said:
        return platform.clock.now()
    try:
        moment = float(said)
    except ValueError:
        try:
            moment = datetime.fromisoformat(said).timestamp()
        except ValueError:
            moment = math.nan
    if not math.isfinite(moment):
        raise bad_data(f"{name}={said[:40]!r} is no moment")
    return moment


def _check_age(platform: Platform, asked: Query, moment: float) -> None:
    if moment - asked.window < platform.clock.now() - KEPT_SECONDS:
        raise bad_data(f"the local platform remembers {KEPT_SECONDS // 60} minutes, and this query looks further back")


def _evaluated(platform: Platform, request: Request, asked: Query, moment: float) -> Vector:
    token = platform.tokens.authenticate(request.headers.get("authorization", ""))
    only = token.app if token is not None else None
    found: Vector = defaultdict(float)
    for labels, series in platform.traffic.series():
        if (only is None or labels.app == only) and all(one.holds(labels) for one in asked.matchers):
            found[_kept(asked, labels)] += _value(asked, series, moment, platform.clock.now())
    return found


def _kept(asked: Query, labels: Labels) -> tuple[tuple[str, str], ...]:
    """The labels that a result has; the counter itself has its name, too."""
    every: Mapping[str, str] = labels._asdict()
    if asked.by is not None:
        return tuple((name, every[name]) for name in asked.by)
    own = () if asked.function else (("__name__", METRIC),)
    return (*own, *every.items())


def _value(asked: Query, series: Series, moment: float, now: float) -> float:
    if not asked.function:
        return series.total - series.between(moment, now)
    added = series.between(moment - asked.window, moment)
    return added / asked.window if asked.function == "rate" else added


def _text(value: float) -> str:
    return f"{value:.15g}"


def _success(kind: str, result: list[dict[str, Any]]) -> Response:
    return Response(200, {"status": "success", "data": {"resultType": kind, "result": result}})
