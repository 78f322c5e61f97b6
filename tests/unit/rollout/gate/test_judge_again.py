"""A machine that has passed: what the platform may have against it afterwards, and how checks are read."""

from __future__ import annotations

from dataclasses import replace

from flyctl_orchestrator.fleet.machine import Check
from flyctl_orchestrator.rollout.gate.gate import SECONDS_BAD, judge, judge_again
from flyctl_orchestrator.rollout.gate.verdict import Verdict
from tests.unit.rollout.gate.test_gate import BAD, CHECK, CRITICAL, EXPECTED, NEW, PORTS, REFUSED, exited, seen


def test_a_machine_that_has_passed_is_well_as_long_as_the_platform_has_nothing_against_it() -> None:
    assert judge_again(EXPECTED, seen(NEW), 2.0) == Verdict("pass")
    assert judge_again(EXPECTED, seen(replace(NEW, cordoned=True)), 2.0) == Verdict("pass")
    assert judge_again(EXPECTED, seen(NEW, answers=(BAD,) * 12), 99.0) == Verdict("pass"), (
        "answers are counted elsewhere"
    )
    assert judge_again(EXPECTED, seen(replace(NEW, state="suspended")), 2.0).kind == "asleep"
    assert judge_again(EXPECTED, exited(1), 2.0).code == "exited"
    assert judge_again(EXPECTED, seen(None), 2.0).code == "disappeared"


def test_a_check_that_fails_for_long_after_the_first_pass_is_a_fail_whatever_it_says() -> None:
    refused = seen(*[replace(NEW, checks=REFUSED)] * 12)
    began = refused.critical_since
    assert began == 1.0
    assert judge_again(EXPECTED, refused, began + SECONDS_BAD - 0.1).kind == "wait"
    verdict = judge_again(EXPECTED, refused, began + SECONDS_BAD)
    assert (verdict.kind, verdict.code) == ("fail", "checks")
    assert verdict.reason == (
        "check servicecheck-00-http-8080 is critical (connect: connection refused), and it had passed before"
    )
    assert judge(EXPECTED, refused, began + SECONDS_BAD).kind == "wait", "a slow start explains it"
    refused.see(NEW, 13.0, right=True)
    refused.see(replace(NEW, checks=REFUSED), 14.0, right=True)
    assert judge_again(EXPECTED, refused, 14.0 + SECONDS_BAD - 0.1).kind == "wait", "it was well in between"


def test_output_of_a_check_is_cut_and_put_on_one_line() -> None:
    loud = (Check("live", "critical", "a\n  b " + "x" * 200), Check("other", "critical", ""))
    assert judge(EXPECTED, seen(replace(NEW, checks=loud)), 2.0).reason == f"check live is critical (a b {'x' * 156})"
    assert judge(EXPECTED, seen(replace(NEW, checks=loud[1:])), 2.0).reason == "check other is critical"


def test_a_check_within_its_grace_period_proves_nothing() -> None:
    long = replace(
        NEW, checks=CRITICAL, config={"services": [{"ports": PORTS, "checks": [{**CHECK, "grace_period": "20s"}]}]}
    )
    evidence = seen(*[long] * 12)
    assert judge(EXPECTED, evidence, 1.0 + SECONDS_BAD).kind == judge(EXPECTED, evidence, 20.9).kind == "wait"
    assert judge(EXPECTED, evidence, 21.0).kind == "fail"
