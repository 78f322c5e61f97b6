"""Answers to users: what is counted as theirs, and what follows from it."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from flyctl_orchestrator.rollout.gate.traffic import UsersAnswers


def counted(good: int = 0, errors: int = 0, refused: int = 0) -> Counter[int]:
    return Counter({2: good, 5: errors, 4: refused})


def test_what_was_counted_before_and_what_we_asked_ourselves_is_not_the_users() -> None:
    answers = UsersAnswers(Counter())
    answers.ours("m", 200)
    answers.see("m", counted(100, 7))
    for status in (200, 204, 503, None):
        answers.ours("m", status)
    answers.see("m", counted(130, 9, 5))
    assert answers.of("m") == Counter({2: 28, 5: 1, 4: 5})
    assert (answers.asked, answers.errors) == (34, 1)


def test_answers_of_ours_that_are_not_counted_yet_make_nothing_less_than_nothing() -> None:
    answers = UsersAnswers(Counter())
    answers.see("m", counted(10))
    for _ in range(5):
        answers.ours("m", 200)
    answers.see("m", counted(12))
    assert (answers.asked, answers.errors) == (0, 0)


def test_a_counter_that_begins_anew_is_noticed() -> None:
    answers = UsersAnswers(Counter())
    answers.see("m", counted(1000, 3))
    answers.see("m", counted(1010, 3))
    answers.see("m", counted(20, 1))
    assert answers.of("m") == Counter({2: 20, 5: 1})
    answers.see("m", counted(25, 1))
    assert answers.of("m") == Counter({2: 25, 5: 1})


def test_nobody_has_asked() -> None:
    verdict, machine = UsersAnswers(Counter()).judge()
    assert (verdict.kind, machine, UsersAnswers(Counter()).of("m")) == ("pass", "", Counter())
    answers = UsersAnswers(counted(50, 1))
    answers.see("m", counted(5))
    assert answers.judge()[0].kind == "pass" and (answers.asked, answers.errors) == (0, 0)


def test_errors_for_users_are_a_fail_that_names_the_worst_machine() -> None:
    answers = UsersAnswers(counted(5000, 20))
    for machine, errors in (("a", 3), ("b", 40), ("c", 0)):
        answers.see(machine, counted())
        answers.see(machine, counted(200, errors))
    verdict, machine = answers.judge()
    assert (verdict.kind, verdict.code, machine) == ("fail", "traffic", "b")
    assert verdict.reason == (
        "43 of 643 requests of users were answered with 5xx, before the change 20 of 5,020: "
        "error rate above 5.1 % (95 %)"
    )


def test_users_errors_that_were_there_before_are_none_of_the_release() -> None:
    answers = UsersAnswers(counted(900, 100))
    answers.see("m", counted())
    answers.see("m", counted(900, 100))
    assert answers.judge()[0].kind == "pass"
    new = UsersAnswers(Counter())
    new.see("m", counted())
    new.see("m", counted(900, 100))
    assert new.judge()[0].kind == "fail"
    assert "before the change" not in new.judge()[0].reason


@pytest.mark.parametrize(
    ("before", "share"),
    [
        (counted(), 0.005),
        (counted(10_000), 0.005),
        (counted(900, 100), 100.1 / 1020 + math.sqrt(100.1 / 1020 * (1 - 100.1 / 1020) / 1020)),
        (counted(30, 1, 9), 1.1 / 60 + math.sqrt(1.1 / 60 * (1 - 1.1 / 60) / 60)),
    ],
)
def test_how_often_there_were_errors_before(before: Counter[int], share: float) -> None:
    assert UsersAnswers(before).share_before == pytest.approx(share)


def test_what_users_ask_for_and_may_not_have_is_no_error() -> None:
    answers = UsersAnswers(counted(100))
    answers.see("m", counted())
    answers.see("m", counted(10, refused=500))
    assert answers.judge()[0].kind == "pass" and answers.asked == 510
