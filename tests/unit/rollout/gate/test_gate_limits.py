"""The gate at its very limits: the last moment at which it waits, the first at which it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flyctl_orchestrator.fleet.machine import Check, Machine
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.project.model import Probe
from flyctl_orchestrator.rollout.gate.comparison import grade
from flyctl_orchestrator.rollout.gate.evidence import Evidence
from flyctl_orchestrator.rollout.gate.gate import (
    LAG,
    SECONDS_BAD,
    STUCK_CREATED,
    TIMES_BAD,
    Expectation,
    clearly_bad,
    judge,
)
from flyctl_orchestrator.rollout.gate.verdict import Verdict
from tests.unit.rollout.gate.test_gate import BAD, EXPECTED, GOOD, NEW, SILENT

LATER = 1000.0
"""When these changes were made: what is reckoned from the wrong moment is far off then."""
JUDGED = replace(EXPECTED, deadline=LATER + 60.0)


def since(*readings: tuple[float, Machine | None], answers: tuple[tuple[float, Answer], ...] = ()) -> Evidence:
    """Evidence about a change made at LATER; readings and answers come so many seconds after it."""
    evidence = Evidence(since=LATER)
    for after, machine in readings:
        evidence.see(machine, LATER + after, right=machine is not None and EXPECTED.right(machine))
    for after, answer in answers:
        evidence.hear(answer, LATER + after)
    return evidence


def verdict(evidence: Evidence, after: float, expected: Expectation = JUDGED) -> Verdict:
    return judge(expected, evidence, LATER + after)


@pytest.mark.parametrize("state", ["failed", "launch_failed"])
def test_a_machine_that_the_platform_could_not_run_fails(state: str) -> None:
    said = verdict(since((1.0, replace(NEW, state=state))), 2.0)
    assert (said.kind, said.code) == ("fail", "failed")
    assert said.reason == f"the platform could not run it (state {state})"


def test_a_machine_may_be_created_for_a_while_before_it_counts_as_never_started() -> None:
    created = replace(NEW, state="created")
    assert verdict(since((1.0, created)), STUCK_CREATED).code == "moving"
    assert verdict(since((1.0, created)), STUCK_CREATED + 0.1).code == "created"


def test_an_answer_at_the_moment_of_the_start_counts() -> None:
    assert verdict(since((1.0, NEW), answers=((1.0, GOOD),)), 2.0).kind == "pass"
    assert verdict(since((1.0, NEW), answers=((0.9, GOOD),)), 2.0).reason == "not yet looked at from outside"


def test_bad_answers_are_enough_by_number_and_by_time() -> None:
    def bad(number: int, first: float = 1.0) -> Evidence:
        return since((1.0, NEW), answers=tuple((first + each / 100, BAD) for each in range(number)))

    assert verdict(bad(TIMES_BAD), 1.0 + SECONDS_BAD).kind == "fail"
    assert verdict(bad(TIMES_BAD), 0.9 + SECONDS_BAD).kind == "probe"
    assert verdict(bad(TIMES_BAD - 1), 1.0 + SECONDS_BAD).kind == "probe"


def test_where_there_is_less_time_bad_answers_need_no_more_than_that() -> None:
    hurried = replace(JUDGED, deadline=LATER + 4.0)
    evidence = since((0.0, NEW), answers=tuple((each / 100, BAD) for each in range(TIMES_BAD)))
    assert SECONDS_BAD > 4.0
    assert verdict(evidence, 4.0, hurried).reason == "answered 500"
    assert verdict(evidence, 3.9, hurried).kind == "probe"


def test_a_critical_check_is_reckoned_from_when_it_was_first_seen() -> None:
    sick = replace(NEW, checks=(Check("up", "critical", "500 Internal Server Error"),))
    evidence = since((0.0, NEW), (20.0, sick), (20.0 + SECONDS_BAD, sick))
    assert verdict(evidence, 19.9 + SECONDS_BAD).kind == "wait"
    assert verdict(evidence, 20.0 + SECONDS_BAD).kind == "fail"


def test_the_digest_decides_where_it_is_known_whatever_the_name() -> None:
    renamed = replace(NEW, image="registry.fly.io/shop:other")
    assert EXPECTED.right(renamed)
    retagged = replace(NEW, digest="sha256:other")
    assert not EXPECTED.right(retagged)
    reverted = since((1.0, retagged), (1.0 + LAG, retagged))
    assert verdict(reverted, 1.0 + LAG).code == "reverted"


def test_of_another_image_by_name_the_name_decides_without_a_digest() -> None:
    by_name = replace(JUDGED, digest=None)
    other = replace(NEW, instance_id="v1")
    evidence = since((1.0, other), (1.0 + LAG, other))
    said = verdict(evidence, 1.0 + LAG, by_name)
    assert (said.kind, said.code) == ("fail", "version"), "the image is the one that is wanted"


@pytest.mark.parametrize(("status", "code"), [(200, "identity"), (299, "identity"), (300, "probe"), (199, "probe")])
def test_a_wrong_answer_with_a_good_status_is_one_of_another_machine(status: int, code: str) -> None:
    answer = Answer(ok=False, status=status, latency_s=0.1, error="wrong")
    said = verdict(since((1.0, NEW), answers=((2.0, answer),)), 3.0)
    assert (said.code, said.reason) == (code, "wrong")


def test_silence_after_an_answer_is_not_the_network_of_this_computer() -> None:
    unknown = replace(JUDGED, baseline=None)
    answered = since((1.0, NEW), answers=((2.0, BAD), (3.0, SILENT)))
    assert verdict(answered, 61.0, unknown).kind == "fail"
    assert verdict(since((1.0, NEW), answers=((2.0, SILENT), (3.0, SILENT))), 61.0, unknown).kind == "inconclusive"


def test_a_good_answer_is_never_clearly_bad() -> None:
    assert not clearly_bad(EXPECTED, GOOD)
    assert clearly_bad(EXPECTED, BAD)
    assert not clearly_bad(EXPECTED, SILENT)


def test_a_slow_answer_is_told_with_the_times_of_both() -> None:
    slow = replace(GOOD, latency_s=30.0)
    before = replace(JUDGED, baseline=Answer(ok=True, status=200, latency_s=10.0), probe=Probe(latency_factor=2.0))
    said = verdict(since((1.0, NEW), answers=((2.0, slow),)), 3.0, before)
    assert (said.code, said.reason) == ("latency", "it answered in 30000 ms, before it took 10000 ms")


def test_no_answer_is_as_bad_as_a_broken_one() -> None:
    assert grade(SILENT) == grade(BAD) > grade(GOOD)
