"""What counts as an error, by tables: how a page answered before, and what it answers now."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.project.model import Probe
from flyctl_orchestrator.rollout.gate.comparison import (
    BROKEN,
    ELSEWHERE,
    ENOUGH_TIMES,
    GOOD,
    RARE,
    REFUSED,
    Baseline,
    Comparison,
    Place,
    grade,
)

FRA, NRT = Place("fra", "app"), Place("nrt", "app")
PROBE = Probe(path="/up", paths=("/",))


def answer(status: int | None, seconds: float | None = 0.05) -> Answer:
    ok = status is not None and 200 <= status < 300
    return Answer(ok=ok, status=status, latency_s=seconds, error=None if ok else f"answered {status}")


ELSEWHERE_ANSWER = Answer(ok=False, status=200, latency_s=0.05, error="answered from region ams, not fra")


def compare(before: dict[tuple[Place, str], list[Answer]], probe: Probe = PROBE) -> Comparison:
    baseline = Baseline()
    for (place, path), answers in before.items():
        for each in answers:
            baseline.add(place, path, each)
    return Comparison(baseline, probe)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(200), GOOD),
        (answer(299), GOOD),
        (answer(300), ELSEWHERE),
        (answer(399), ELSEWHERE),
        (answer(400), REFUSED),
        (answer(499), REFUSED),
        (answer(500), BROKEN),
        (answer(503), BROKEN),
        (answer(199), BROKEN),
        (answer(100), BROKEN),
        (answer(600), BROKEN),
        (answer(None), BROKEN),
        (ELSEWHERE_ANSWER, BROKEN),
    ],
)
def test_grades(given: Answer, expected: int) -> None:
    assert grade(given) == expected


def test_a_place_is_a_region_and_a_process_group() -> None:
    assert Place.of(Machine("m", "m", "shop", "fra", "started", "v1", group="web")) == Place("fra", "web")


@pytest.mark.parametrize(
    ("before", "now", "wrong"),
    [
        (200, answer(200), ""),
        (200, answer(204), ""),
        (200, answer(302), ""),
        (200, answer(404), "404"),
        (200, answer(500), "500"),
        (200, answer(None), "no answer"),
        (200, ELSEWHERE_ANSWER, "answered by another machine"),
        (302, answer(200), ""),
        (302, answer(302), ""),
        (302, answer(404), "404"),
        (404, answer(404), ""),
        (404, answer(403), ""),
        (404, answer(200), ""),
        (404, answer(500), "500"),
        (500, answer(500), ""),
        (500, answer(None), ""),
        (500, answer(200), ""),
    ],
)
def test_a_page_is_compared_with_what_it_was(before: int, now: Answer, wrong: str) -> None:
    known = {(FRA, "/up"): [answer(200)], (FRA, "/"): [answer(before)] * 3}
    assert compare(known).error(FRA, "/", now) == wrong


@pytest.mark.parametrize(
    ("before", "now", "wrong"),
    [
        (200, answer(200), ""),
        (200, answer(302), "302"),
        (200, answer(404), "404"),
        (302, answer(302), ""),
        (302, answer(404), "404"),
        (404, answer(404), ""),
        (404, answer(500), "500"),
        (500, answer(404), "404"),
        (500, answer(500), "500"),
        (500, answer(None), "no answer"),
    ],
)
def test_the_health_page_has_to_answer_by_itself_and_is_never_good_when_broken(
    before: int, now: Answer, wrong: str
) -> None:
    assert compare({(FRA, "/up"): [answer(before)] * 3}).error(FRA, "/up", now) == wrong


def test_of_a_page_nobody_knows_only_the_health_page_has_to_be_there() -> None:
    comparison = compare({})
    errors = [comparison.error(FRA, "/", answer(status)) for status in (200, 302, 404, 500)]
    assert errors == ["", "", "", "500"]
    errors = [comparison.error(FRA, "/up", answer(status)) for status in (200, 302, 404, 500)]
    assert errors == ["", "302", "404", "500"]


def test_the_commonest_answer_is_the_usual_one_and_the_worse_one_of_two() -> None:
    mixed = [answer(200)] * 3 + [answer(404)] * 2
    assert compare({(FRA, "/"): mixed}).usual(FRA, "/") == ELSEWHERE
    assert compare({(FRA, "/"): [*mixed, answer(404)]}).usual(FRA, "/") == REFUSED


@pytest.mark.parametrize("broken", [1, 5, 95])
def test_a_page_that_was_sometimes_broken_is_compared_by_how_often(broken: int) -> None:
    comparison = compare({(FRA, "/"): [answer(200)] * 5 + [answer(500)] * broken})
    assert comparison.usual(FRA, "/") == ELSEWHERE
    assert comparison.error(FRA, "/", answer(500)) == "500"
    assert comparison.before(FRA, "/") > broken / (broken + 5) * 0.8


def test_where_a_region_is_asleep_others_tell_what_is_usual() -> None:
    comparison = compare({(FRA, "/"): [answer(404)] * 3})
    assert comparison.error(NRT, "/", answer(404)) == ""
    assert compare({(FRA, "/"): [answer(404)] * 9, (NRT, "/"): [answer(200)]}).error(NRT, "/", answer(404)) == "404"
    other_page = compare({(FRA, "/"): [answer(200)] * 3, (FRA, "/old"): [answer(404)] * 9})
    assert other_page.error(NRT, "/", answer(404)) == "404" and other_page.error(NRT, "/old", answer(404)) == ""


def test_too_many_requests_are_no_answer_to_judge_by() -> None:
    comparison = compare({(FRA, "/"): [answer(429)] * 9 + [answer(200)]})
    assert comparison.usual(FRA, "/") == ELSEWHERE
    assert comparison.errors_before("/") == (0, 1)
    assert comparison.baseline.limited("/") and not comparison.baseline.limited("/up")
    assert not compare({(FRA, "/"): [answer(200)] * 9}).baseline.limited("/")


# --- how often there were errors before


def test_rare_errors_cannot_be_told_from_none() -> None:
    assert compare({}).before(FRA, "/") == RARE
    assert compare({(FRA, "/"): [answer(200)] * 500}).before(FRA, "/") == RARE


def test_errors_that_were_there_before_count_for_less() -> None:
    answers = [answer(200)] * 19 + [answer(500)]
    comparison = compare({(FRA, "/"): answers})
    assert comparison.errors_before("/") == (1, 20)
    average = 1.1 / 40
    here = (1 + 10 * average) / 30
    assert comparison.before(FRA, "/") == pytest.approx(here + math.sqrt(here * (1 - here) / 30))
    assert comparison.before(NRT, "/") == pytest.approx(average + math.sqrt(average * (1 - average) / 10))
    assert comparison.before(FRA, "/up") == RARE


def test_a_region_that_was_ill_before_is_compared_with_itself() -> None:
    ill, well = [answer(200)] * 12 + [answer(500)] * 8, [answer(200)] * 20
    comparison = compare({(FRA, "/"): ill, (NRT, "/"): well})
    assert comparison.errors_in(FRA, "/") == 8 and comparison.errors_in(NRT, "/") == 0
    assert comparison.before(FRA, "/") > 0.3 > 0.1 > comparison.before(NRT, "/") > RARE


def test_a_page_that_was_always_broken_was_never_in_error() -> None:
    known = {(FRA, "/up"): [answer(200)], (FRA, "/"): [answer(500)] * 20}
    assert compare(known).errors_before("/") == (0, 20)


# --- times


def test_an_answer_that_takes_much_longer_than_usual_is_an_error() -> None:
    comparison = compare({(FRA, "/"): [answer(200, 0.3)] * 10})
    assert comparison.slow(FRA, "/") == pytest.approx(0.9)
    assert comparison.error(FRA, "/", answer(200, 0.89)) == ""
    assert comparison.error(FRA, "/", answer(200, 0.91)) == "over 900 ms"
    assert comparison.error(FRA, "/", answer(200, None)) == ""
    assert compare({(FRA, "/"): [answer(200, 0.01)] * 10}).error(FRA, "/", answer(200, 0.5)) == ""
    assert comparison.error(FRA, "/", answer(500, 0.91)) == "500"


def test_nothing_is_slow_below_the_floor() -> None:
    assert compare({(FRA, "/"): [answer(200, 0.01)] * 10}).slow(FRA, "/") == 0.5
    assert compare({(FRA, "/"): [answer(200, 0.01)] * 10}, replace(PROBE, latency_floor=0.02)).slow(
        FRA, "/"
    ) == pytest.approx(0.03)


def test_slow_is_what_is_slow_for_that_region_and_nothing_is_where_little_is_known() -> None:
    few = [answer(200, 0.3)] * (ENOUGH_TIMES - 1)
    assert compare({(FRA, "/"): few}).slow(FRA, "/") is None
    assert compare({(FRA, "/"): [*few, answer(None, None)]}).slow(FRA, "/") is None
    assert compare({(FRA, "/"): [*few, answer(200, 0.3)]}).slow(FRA, "/") is not None
    assert compare({(FRA, "/"): [*few, answer(200, 0.3)]}).slow(NRT, "/") is None
    off = replace(PROBE, latency_factor=0.0)
    assert compare({(FRA, "/"): [answer(200, 0.3)] * 9}, off).slow(FRA, "/") is None


def test_slow_answers_before_are_errors_before() -> None:
    times = [answer(200, 0.1)] * 18 + [answer(200, 2.0)] * 2
    assert compare({(FRA, "/"): times}).errors_before("/") == (2, 20)


# --- what is kept


def test_a_baseline_knows_how_much_it_knows_of_a_place() -> None:
    baseline = Baseline()
    baseline.add(FRA, "/", answer(200))
    baseline.add(FRA, "/up", answer(200))
    baseline.add(NRT, "/", answer(404))
    assert (baseline.asked(FRA), baseline.asked(NRT), baseline.asked(Place("syd", "app"))) == (2, 1, 0)
    assert baseline.places("/") == [FRA, NRT] and baseline.places("/up") == [FRA]
    assert list(baseline.of(NRT, "/")) == [answer(404)] and list(baseline.of(NRT, "/up")) == []


@pytest.mark.parametrize("down", [500, 502, 503, 504, None])
def test_where_all_was_broken_the_answers_tell_nothing_about_a_page(down: int | None) -> None:
    comparison = compare({(FRA, "/up"): [answer(down)] * 3, (FRA, "/"): [answer(down)] * 20})
    assert (comparison.usual(FRA, "/"), comparison.usual(FRA, "/up")) == (REFUSED, GOOD)
    assert comparison.error(FRA, "/", answer(500)) == "500"
    assert comparison.before(FRA, "/") == RARE and comparison.slow(FRA, "/") is None
    assert comparison.baseline.times(FRA, "/") == 20


def test_of_a_machine_that_was_down_nothing_is_learned_about_pages() -> None:
    baseline = Baseline()
    for path in ("/up", "/"):
        for _ in range(10):
            baseline.add(FRA, path, answer(200, 0.3), "up")
            baseline.add(FRA, path, answer(502, 0.001), "down")
    comparison = Comparison(baseline, PROBE)
    assert baseline.asked(FRA) == 40 and list(baseline.of(FRA, "/")) == [answer(200, 0.3)] * 10
    assert comparison.errors_before("/") == (0, 10) and comparison.before(FRA, "/") == RARE
    assert comparison.error(FRA, "/", answer(502)) == "502"
    assert comparison.slow(FRA, "/") == pytest.approx(0.9)


def test_a_page_that_was_broken_while_the_app_was_up_may_stay_so() -> None:
    comparison = compare({(FRA, "/up"): [answer(200)] * 3, (FRA, "/"): [answer(503)] * 20})
    assert comparison.error(FRA, "/", answer(503)) == ""


def test_where_all_was_broken_the_answers_of_other_regions_count() -> None:
    comparison = compare({(FRA, "/"): [answer(502)] * 20, (NRT, "/"): [answer(404)] * 20})
    assert comparison.usual(FRA, "/") == REFUSED and comparison.error(FRA, "/", answer(404)) == ""
