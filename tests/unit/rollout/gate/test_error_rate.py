"""The sequential test and the bounds: by hand, by exact computation of how often it errs, and by its properties."""

from __future__ import annotations

import math
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.rollout.gate.error_rate import ErrorCount, ErrorTest, at_least, at_most

# One error in 200 before; a release that turns one good answer in 20 into an error must not pass.
BEFORE = 0.005
TEST = ErrorTest(excess=0.05, clean=40, risk=0.001, most=240)
SMALL = ErrorTest(excess=0.5, clean=4, risk=0.01, most=12)


def after(asked: int, errors: int, before: float = BEFORE) -> list[ErrorCount]:
    return [ErrorCount(asked, errors, before)]


# --- by hand


def test_clean_answers_are_enough() -> None:
    assert TEST.decide(after(39, 0)) == "more"
    assert TEST.decide(after(40, 0)) == "pass"
    assert (TEST.wanted([]), TEST.wanted(after(39, 0)), TEST.wanted(after(40, 0))) == (40, 1, 0)


def test_an_error_is_outweighed_by_so_many_good_answers() -> None:
    # With a share `excess` more errors, a good answer is less likely by the factor 1 - excess, and an error more likely
    # by 1 + excess * (1 - before) / before.
    weight = math.log(1 + 0.05 * 0.995 / 0.005) / -math.log(0.95)
    assert TEST.weight(BEFORE) == pytest.approx(weight) == pytest.approx(46.66, abs=0.01)
    assert TEST.score(after(100, 1)) == pytest.approx(99 - weight)
    assert (TEST.decide(after(87, 1)), TEST.decide(after(88, 1))) == ("more", "pass")
    assert TEST.wanted(after(60, 1)) == 28


def test_the_rarer_errors_were_the_more_each_of_them_weighs() -> None:
    weights = [TEST.weight(before) for before in (0.001, 0.005, 0.05, 0.5)]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] == pytest.approx(math.log(1.05) / -math.log(0.95))


def test_counts_of_several_kinds_are_added() -> None:
    counts = [ErrorCount(10, 1, 0.1), ErrorCount(20, 0, 0.005), ErrorCount(5, 5, 0.5)]
    score = 9 - TEST.weight(0.1) + 20 - 5 * TEST.weight(0.5)
    assert TEST.score(counts) == pytest.approx(score)


def test_it_is_refused_when_it_lacks_too_many() -> None:
    debt = math.log((1 - 0.95**40) / 0.001) / -math.log(0.95)
    assert TEST.decide(after(3, 3)) == "fail" and 3 * TEST.weight(BEFORE) > debt
    assert TEST.decide(after(2, 2)) == "more" and 2 * TEST.weight(BEFORE) < debt
    # The third error comes too late: the good answers before it count.
    first = next(good for good in range(50) if TEST.decide(after(good + 3, 3)) == "more")
    assert first == math.floor(3 * TEST.weight(BEFORE) - debt) + 1
    assert TEST.wanted(after(3, 3)) == 0


def test_the_likelier_side_decides_after_the_last_answer() -> None:
    few, many = after(240, 4), after(240, 6)
    assert TEST.score(few) > 0 > TEST.score(many)
    assert (TEST.decide(few), TEST.decide(many)) == ("pass", "fail")
    assert TEST.decide(after(239, 5)) == "more"
    assert TEST.wanted(after(239, 5)) == 1


def test_what_may_well_be_chance_is_not_refused() -> None:
    """Where every second answer was an error, 240 of them cannot tell whether it has become 52 %."""
    usual = 240 * (0.5 - 0.5 * TEST.weight(0.5))
    luck = usual - 3.0902 * math.sqrt(240 * 0.25) * (1 + TEST.weight(0.5))
    worst = max(errors for errors in range(240) if TEST.decide(after(240, errors, 0.5)) == "pass")
    score = TEST.score(after(240, worst, 0.5))
    assert luck < score < luck + 1 + TEST.weight(0.5) and score < 0
    assert 141 <= worst <= 145
    # What is known of several kinds of answers is added up, whichever comes last: together they may come to -56.3.
    for order in (1, -1):
        assert TEST.decide([ErrorCount(120, 30, 0.2), ErrorCount(120, 80, 0.5)][::order]) == "pass", -52.7
        assert TEST.decide([ErrorCount(120, 34, 0.2), ErrorCount(120, 80, 0.5)][::order]) == "fail", -70.9
    mixed = [ErrorCount(120, 76, 0.5), ErrorCount(120, 2, BEFORE)]
    assert TEST.decide(mixed) == "pass" and TEST.score(mixed) < 0
    assert TEST.decide([ErrorCount(120, 76, BEFORE), ErrorCount(120, 2, 0.5)]) == "fail"


# --- how often it errs, computed exactly


@cache
def chances(test: ErrorTest, rate: float) -> tuple[float, float, float]:
    """How likely a release with this error rate passes and fails, and how many answers it takes on average."""
    alive, passed, failed, answers = {0: 1.0}, 0.0, 0.0, 0.0
    for asked in range(1, test.most + 1):
        following: dict[int, float] = {}
        for errors, chance in alive.items():
            answers += chance
            for more, share in ((0, 1 - rate), (1, rate)):
                if share:
                    following[errors + more] = following.get(errors + more, 0.0) + chance * share
        alive = {}
        for errors, chance in following.items():
            decision = test.decide(after(asked, errors))
            passed += chance if decision == "pass" else 0.0
            failed += chance if decision == "fail" else 0.0
            if decision == "more":
                alive[errors] = chance
    assert not alive
    return passed, failed, answers


@pytest.mark.parametrize(("rate", "most"), [(0.5, 0.0001), (0.2, 0.01), (0.1, 0.05), (0.05, 0.20)])
def test_releases_with_errors_pass_no_more_often_than_promised(rate: float, most: float) -> None:
    assert chances(TEST, rate)[0] <= most


def test_a_release_as_good_as_before_is_refused_no_more_often_than_promised() -> None:
    assert chances(TEST, BEFORE)[1] <= TEST.risk
    passed, failed, answers = chances(TEST, 0.0)
    assert (passed, failed) == (1.0, 0.0) and answers == pytest.approx(40.0)


def test_the_more_errors_the_fewer_pass_and_bad_ones_are_found_out_soon() -> None:
    passes = [chances(TEST, rate)[0] for rate in (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)]
    assert passes == sorted(passes, reverse=True)
    assert chances(TEST, 0.5)[2] < 7 and chances(TEST, 0.2)[2] < 20


# --- properties

COUNTS = st.lists(
    st.tuples(st.integers(0, 60), st.floats(0, 1), st.floats(0.001, 0.9)).map(
        lambda row: ErrorCount(row[0], round(row[0] * row[1]), row[2])
    ),
    max_size=4,
)
TESTS = st.builds(
    ErrorTest,
    excess=st.floats(0.01, 0.9),
    clean=st.integers(1, 60),
    risk=st.floats(0.0001, 0.05),
    most=st.integers(1, 300),
)


@given(TESTS, COUNTS)
def test_what_is_wanted_decides_it_and_one_less_does_not(test: ErrorTest, counts: list[ErrorCount]) -> None:
    wanted = test.wanted(counts)
    assert (wanted > 0) == (test.decide(counts) == "more")
    if wanted:
        assert test.decide([*counts, ErrorCount(wanted, 0, 0.5)]) in ("pass", "fail")
        if wanted > 1:
            assert test.decide([*counts, ErrorCount(wanted - 1, 0, 0.5)]) == "more"


@given(TESTS, COUNTS, st.floats(0.001, 0.9))
def test_a_good_answer_never_makes_it_worse_nor_an_error_better(
    test: ErrorTest, counts: list[ErrorCount], before: float
) -> None:
    order = {"fail": 0, "more": 1, "pass": 2}
    good, bad = [*counts, ErrorCount(1, 0, before)], [*counts, ErrorCount(1, 1, before)]
    assert test.score(bad) < test.score(counts) < test.score(good)
    if sum(count.asked for count in counts) + 1 < test.most:
        assert order[test.decide(bad)] <= order[test.decide(counts)] <= order[test.decide(good)]


# --- bounds


def binomial(errors: int, asked: int, rate: float) -> float:
    return sum(math.comb(asked, k) * rate**k * (1 - rate) ** (asked - k) for k in range(errors + 1))


@pytest.mark.parametrize(("errors", "asked"), [(0, 1), (0, 40), (1, 40), (3, 40), (20, 40), (39, 40), (7, 300)])
def test_the_bound_is_where_so_few_errors_become_unlikely(errors: int, asked: int) -> None:
    bound = at_most(errors, asked)
    assert binomial(errors, asked, bound) == pytest.approx(0.05, rel=1e-6)
    assert binomial(errors, asked, at_most(errors, asked, 0.8)) == pytest.approx(0.2, rel=1e-6)
    assert at_least(asked - errors, asked) == pytest.approx(1 - bound)
    assert at_least(asked - errors, asked, 0.8) == pytest.approx(1 - at_most(errors, asked, 0.8))


def test_known_bounds() -> None:
    assert at_most(0, 40) == pytest.approx(1 - 0.05 ** (1 / 40)) == pytest.approx(0.0722, abs=1e-4)
    assert at_most(5, 5) == at_most(0, 0) == 1.0
    assert at_least(0, 5) == at_least(0, 0) == 0.0
    assert at_least(5, 5) == pytest.approx(0.05 ** (1 / 5))


@pytest.mark.parametrize("asked", [5, 40])
def test_the_bound_covers_the_truth_as_often_as_it_says(asked: int) -> None:
    for rate in (0.01, 0.05, 0.2, 0.5, 0.9):
        chance = [math.comb(asked, k) * rate**k * (1 - rate) ** (asked - k) for k in range(asked + 1)]
        assert sum(chance[k] for k in range(asked + 1) if at_most(k, asked) >= rate) >= 0.95 - 1e-9
        assert sum(chance[k] for k in range(asked + 1) if at_least(k, asked) <= rate) >= 0.95 - 1e-9


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_more_errors_never_lower_a_bound(errors: int, good: int) -> None:
    asked = errors + good
    assert 0.0 <= at_least(errors, asked) <= errors / max(1, asked) + 1e-12
    assert errors / max(1, asked) - 1e-12 <= at_most(errors, asked) <= 1.0
    assert at_most(errors, asked) <= at_most(errors + 1, asked + 1)
