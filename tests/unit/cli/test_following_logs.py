"""Lines of several pages in one order, and how often a failing look is tried again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flyctl_orchestrator.cli.look.logs import FAILURES, Follower, Wanted
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.log_pages import LogLine, LogPages
from tests.unit.fleet.fleet_doubles import ManualClock, ScriptedHttp

DOWN = HttpError("reset", "connection reset")


def stream(*answers: Any) -> LogPages:
    return LogPages("https://api.fly.test", "fm2_x", ScriptedHttp(ManualClock(), list(answers)), "shop")


def page(region: str, *seconds: int) -> HttpAnswer:
    rows = [
        {"attributes": {"timestamp": f"2026-11-30T07:00:{s:02}Z", "message": str(s), "region": region}} for s in seconds
    ]
    return HttpAnswer(200, {}, json.dumps({"data": rows, "meta": {}}).encode())


def test_regions_are_merged_by_time() -> None:
    follower = Follower([stream(page("iad", 1, 4, 5)), stream(page("fra", 2, 3, 9))], print)
    assert [(line.region, line.message) for line in follower.look()] == [
        ("iad", "1"), ("fra", "2"), ("fra", "3"), ("iad", "4"), ("iad", "5"), ("fra", "9"),
    ]  # fmt: skip


def test_a_failure_while_following_is_said_once_and_forgotten_after_an_answer() -> None:
    said: list[str] = []
    follower = Follower([stream(DOWN, DOWN, page("iad", 1), DOWN, page("iad", 2))], said.append)
    assert [len(follower.look_again()) for _ in range(5)] == [0, 0, 1, 0, 1]
    assert said == ["warning: the logs cannot be read: no answer (connection reset); asking again"] * 2


def test_it_gives_up_after_many_failures_in_a_row() -> None:
    follower = Follower([stream(*[DOWN] * FAILURES)], lambda line: None)
    assert [follower.look_again() for _ in range(FAILURES - 1)] == [[]] * (FAILURES - 1)
    with pytest.raises(ApiError):
        follower.look_again()


@pytest.mark.parametrize("status", [401, 404])
def test_what_does_not_get_better_ends_at_once(status: int) -> None:
    follower = Follower([stream(HttpAnswer(status, {}, b'{"error": "no"}'))], lambda line: None)
    with pytest.raises(ApiError):
        follower.look_again()


@pytest.mark.parametrize(
    ("regions", "machines", "kept"),
    [
        ((), (), True),
        (("iad",), (), True),
        (("fra",), (), False),
        (("fra", "iad"), ("m1",), True),
        ((), ("m2",), False),
    ],
)
def test_only_what_was_asked_for(regions: tuple[str, ...], machines: tuple[str, ...], kept: bool) -> None:
    line = LogLine("2026-11-30T07:00:00Z", "info", "iad", "m1", "hello")
    assert Wanted(10, regions, machines).keep(line) is kept
