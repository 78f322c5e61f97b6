"""The gate by tables: what was seen, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flyctl_orchestrator.fleet.machine import Check, Machine, MachineEvent
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.project.model import Probe
from flyctl_orchestrator.rollout.gate.comparison import ELSEWHERE
from flyctl_orchestrator.rollout.gate.evidence import Evidence
from flyctl_orchestrator.rollout.gate.gate import (
    LAG,
    SECONDS_BAD,
    SETTLE,
    STUCK_CREATED,
    TIMES_BAD,
    Expectation,
    judge,
    too_slow,
)

PORTS = [{"port": 443, "handlers": ["tls", "http"]}]
CHECK = {"type": "http", "path": "/up", "grace_period": "4s"}
CONFIG: dict[str, Any] = {"services": [{"ports": PORTS, "checks": [CHECK]}]}
GOOD = Answer(ok=True, status=200, latency_s=0.05, region="fra", machine="m1")
PASSING = (Check("servicecheck-00-http-8080", "passing"),)
CRITICAL = (Check("servicecheck-00-http-8080", "critical", "HTTP GET /up: 500 Internal Server Error"),)
REFUSED = (Check("servicecheck-00-http-8080", "critical", "connect: connection refused"),)
NEW = Machine(
    "m1", "m1", "shop", "fra", "started", "v2", "registry.fly.io/shop:two", "sha256:two", config=CONFIG, checks=PASSING
)  # fmt: skip
OLD = replace(NEW, instance_id="v1", image="registry.fly.io/shop:one", digest="sha256:one")
EXPECTED = Expectation(
    region="fra",
    ref="registry.fly.io/shop:two",
    digest="sha256:two",
    instance=None,
    before="v1",
    after_event=100.0,
    baseline=Answer(ok=True, status=200, latency_s=0.1),
    probe=Probe(),
    deadline=60.0,
)


def seen(*machines: Machine | None, at: float = 1.0, every: float = 1.0, answers: tuple[Answer, ...] = ()) -> Evidence:
    """Evidence from readings `every` so many seconds, the first one `at`, and then answers at the same pace."""
    evidence = Evidence(since=0.0)
    now = at
    for machine in machines:
        evidence.see(machine, now, right=machine is not None and EXPECTED.right(machine))
        now += every
    for number, answer in enumerate(answers):
        evidence.hear(answer, now + number * every)
    return evidence


def exit_event(at: float = 101.0, code: int | None = 1, *, asked: bool = False) -> MachineEvent:
    return MachineEvent("exit", "stopped", "flyd", at, exit_code=code, requested_stop=asked)


BAD = Answer(ok=False, status=500, latency_s=0.1, error="answered 500")
GATEWAY = Answer(ok=False, status=502, latency_s=0.1, error="answered 502")
SILENT = Answer(ok=False, error="connection refused")
LATE = replace(GOOD, latency_s=2.0)
WRONG = Answer(ok=False, status=200, latency_s=0.1, region="ams", error="answered from region ams, not fra")
NO_CHECKS = replace(NEW, checks=(), config={})
WORKER_EXIT = replace(NO_CHECKS, events=(exit_event(code=0),), state="stopped")


SICK = "check servicecheck-00-http-8080 is critical (HTTP GET /up: 500 Internal Server Error)"
REASONS = {
    "nothing seen yet": "not seen yet",
    "gone": "the machine is gone",
    "destroying": "the machine is gone",
    "host lost": "its host is unreachable",
    "still the old version": "it still shows its former version",
    "reverted": "it runs another image than the one deployed (sha256:one)",
    "starting": "it is starting",
    "cannot start": "the platform could not run it (state failed)",
    "stopped by the proxy": "it is stopped",
    "suspended by the proxy": "it is suspended",
    "just created": "it is created",
    "stuck in created": "it was created and never started",
    "no check yet": "no check has reported yet",
    "check critical at first": SICK,
    "answers 500 to its check for too long": SICK,
    "does not listen yet": "check servicecheck-00-http-8080 is critical (connect: connection refused)",
    "never listens": "check servicecheck-00-http-8080 is critical (connect: connection refused), and the time is over",
    "content, not yet looked at from outside": "not yet looked at from outside",
    "a bad answer is no verdict": "answered 500",
    "many bad ones are": "answered 500",
    "many bad ones in no time are not": "answered 500",
    "the proxy's own errors are not": "answered 502",
    "until the time is over": "answered 502, and the time is over",
    "wrong region": "answered from region ams, not fra",
    "slow always": "it answered in 2000 ms, before it took 100 ms",
    "crashed": "the app ended with exit code 1",
    "crashed and back up": "the app ended with exit code 1",
    "ended well, but serves": "the app ended with exit code 0",
    "a worker settles": "it has been started for 4 s",
}


def cases() -> list[tuple[str, Evidence, float, str, str]]:
    """What was seen, when it is judged, and the verdict; made anew for every test."""
    return [
        ("nothing seen yet", Evidence(since=0.0), 1.0, "wait", "blind"),
        ("gone", seen(None), 2.0, "fail", "disappeared"),
        ("destroying", seen(replace(NEW, state="destroying")), 2.0, "fail", "disappeared"),
        ("host lost", seen(replace(NEW, host_status="unreachable")), 2.0, "wait", "host"),
        ("still the old version", seen(OLD), 2.0, "wait", "version"),
        ("reverted", seen(OLD, OLD, every=LAG), LAG + 1.0, "fail", "reverted"),
        ("starting", seen(replace(NEW, state="starting")), 2.0, "wait", "moving"),
        ("cannot start", seen(replace(NEW, state="failed")), 2.0, "fail", "failed"),
        ("stopped by the proxy", seen(replace(NEW, state="stopped")), 2.0, "asleep", "asleep"),
        ("suspended by the proxy", seen(replace(NEW, state="suspended")), 2.0, "asleep", "asleep"),
        ("just created", seen(replace(NEW, state="created")), 2.0, "wait", "moving"),
        ("stuck in created", seen(replace(NEW, state="created")), STUCK_CREATED + 1, "asleep", "created"),
        ("no check yet", seen(replace(NEW, checks=())), 2.0, "wait", "checks"),
        ("check critical at first", seen(replace(NEW, checks=CRITICAL)), 2.0, "wait", "checks"),
        (
            "answers 500 to its check for too long",
            seen(*[replace(NEW, checks=CRITICAL)] * 12),
            1.0 + SECONDS_BAD,
            "fail",
            "checks",
        ),
        ("does not listen yet", seen(*[replace(NEW, checks=REFUSED)] * 12), 30.0, "wait", "checks"),
        ("never listens", seen(*[replace(NEW, checks=REFUSED)] * 12), 60.0, "fail", "checks"),
        ("content, not yet looked at from outside", seen(NEW), 2.0, "probe", ""),
        ("all well", seen(NEW, answers=(GOOD,)), 3.0, "pass", ""),
        ("a bad answer is no verdict", seen(NEW, answers=(BAD,)), 3.0, "probe", "probe"),
        ("a good one after bad ones is", seen(NEW, answers=(BAD, BAD, GOOD)), 5.0, "pass", ""),
        ("many bad ones are", seen(NEW, answers=(BAD,) * 12), 14.0, "fail", "probe"),
        ("many bad ones in no time are not", seen(NEW, every=0.1, answers=(BAD,) * 12), 2.0, "probe", "probe"),
        ("the proxy's own errors are not", seen(NEW, answers=(GATEWAY,) * 20), 25.0, "probe", "probe"),
        ("until the time is over", seen(NEW, answers=(GATEWAY,) * 20), 60.0, "fail", "probe"),
        ("wrong region", seen(NEW, answers=(WRONG,) * 12), 14.0, "fail", "identity"),
        ("slow once", seen(NEW, answers=(LATE, GOOD)), 4.0, "pass", ""),
        ("slow always", seen(NEW, answers=(LATE,) * 12), 14.0, "fail", "latency"),
        ("crashed", seen(replace(NEW, events=(exit_event(),))), 2.0, "fail", "exited"),
        ("crashed and back up", seen(replace(NEW, events=(exit_event(),)), answers=(GOOD,)), 3.0, "fail", "exited"),
        ("stopped on request", seen(replace(NEW, events=(exit_event(asked=True),)), answers=(GOOD,)), 3.0, "pass", ""),
        (
            "crashed before the change",
            seen(replace(NEW, events=(exit_event(at=99.0),)), answers=(GOOD,)),
            3.0,
            "pass",
            "",
        ),
        (
            "ended well, but serves",
            seen(replace(NEW, state="stopped", events=(exit_event(code=0),))),
            2.0,
            "fail",
            "exited",
        ),
        ("a worker settles", seen(NO_CHECKS, at=0.0), SETTLE - 1, "wait", "settling"),
        ("a worker has settled", seen(NO_CHECKS, at=0.0), SETTLE, "pass", ""),
        ("cordoned: checks decide alone", seen(replace(NEW, cordoned=True)), 2.0, "pass", ""),
    ]


@pytest.mark.parametrize("name", [case[0] for case in cases()])
def test_verdicts(name: str) -> None:
    evidence, now, kind, code = next(case[1:] for case in cases() if case[0] == name)
    verdict = judge(EXPECTED, evidence, now)
    assert (verdict.kind, verdict.code) == (kind, code), verdict
    assert verdict.reason == REASONS.get(name, ""), "and in these words"


def test_no_data_at_the_end_is_no_verdict() -> None:
    for evidence in (Evidence(since=0.0), seen(replace(NEW, host_status="unreachable"))):
        assert judge(EXPECTED, evidence, 61.0).kind == "inconclusive"
    blind = seen(NEW)
    blind.fail_to_see("no connection")
    assert judge(EXPECTED, blind, 61.0).kind == "inconclusive"


def test_a_machine_that_is_well_is_asked_once_though_the_time_is_over() -> None:
    late = seen(NEW)
    assert judge(EXPECTED, late, 61.0).kind == "probe"
    late.hear(GOOD, 61.0)
    assert judge(EXPECTED, late, 61.0).kind == "pass"
    sick = seen(NEW, answers=(BAD,))
    assert judge(EXPECTED, sick, 61.0).kind == "fail"


def test_an_app_nobody_ever_reached_is_no_verdict_but_one_that_was_reached_before_is() -> None:
    evidence = seen(NEW, answers=(SILENT,) * 10)
    assert judge(replace(EXPECTED, baseline=None), evidence, 61.0).kind == "inconclusive"
    assert judge(replace(EXPECTED, baseline=SILENT), evidence, 61.0).kind == "inconclusive"
    assert judge(EXPECTED, evidence, 61.0).kind == "fail"


def test_answers_from_before_a_restart_do_not_count() -> None:
    evidence = seen(NEW, answers=(GOOD,))
    evidence.see(replace(NEW, state="starting"), 10.0, right=True)
    evidence.see(NEW, 12.0, right=True)
    assert judge(EXPECTED, evidence, 13.0).kind == "probe"


def test_as_many_good_answers_in_a_row_as_asked_for() -> None:
    strict = replace(EXPECTED, probe=Probe(passes=3))
    assert judge(strict, seen(NEW, answers=(GOOD, GOOD)), 5.0).kind == "probe"
    assert judge(strict, seen(NEW, answers=(GOOD, BAD, GOOD, GOOD)), 7.0).kind == "probe"
    assert judge(strict, seen(NEW, answers=(BAD, GOOD, GOOD, GOOD)), 7.0).kind == "pass"


def test_the_latency_budget_has_a_floor_and_a_switch() -> None:
    quick_before = replace(EXPECTED, baseline=Answer(ok=True, latency_s=0.01))
    assert judge(quick_before, seen(NEW, answers=(replace(GOOD, latency_s=0.4),)), 3.0).kind == "pass"
    off = replace(EXPECTED, probe=Probe(latency_factor=0.0))
    assert judge(off, seen(NEW, answers=(LATE,)), 3.0).kind == "pass"


def test_without_digests_the_reference_decides() -> None:
    expected = replace(EXPECTED, digest=None)
    same = replace(NEW, image="registry.fly.io/shop:two@sha256:two")
    assert judge(expected, seen(same, answers=(GOOD,)), 3.0).kind == "pass"
    assert judge(expected, seen(OLD, OLD, every=LAG), LAG + 1).kind == "fail"


def test_going_back_to_an_ill_machine_asks_for_the_right_version_only() -> None:
    lenient = replace(EXPECTED, strict=False)
    ill = replace(NEW, checks=CRITICAL)
    assert judge(lenient, seen(ill), 2.0).kind == "pass"
    assert judge(lenient, seen(replace(ill, state="replacing")), 2.0).kind == "wait"
    assert judge(lenient, seen(OLD), 2.0).kind == "wait"


def test_a_bad_streak_needs_both_number_and_time() -> None:
    few = seen(NEW, answers=(BAD,) * (TIMES_BAD - 1))
    assert judge(EXPECTED, few, 30.0).kind == "probe"


def exited(code: int | None, **more: Any) -> Evidence:
    return seen(replace(NEW, events=(exit_event(code=code),), **more))


@pytest.mark.parametrize(
    ("evidence", "kind", "reason"),
    [
        (exited(None), "fail", "the app ended by itself"),
        (exited(0), "fail", "the app ended with exit code 0"),
        (seen(WORKER_EXIT), "asleep", "it is stopped"),
        (seen(replace(WORKER_EXIT, events=(exit_event(code=1),))), "fail", "the app ended with exit code 1"),
        (seen(replace(WORKER_EXIT, events=(exit_event(code=None),))), "asleep", "it is stopped"),
        # One that was asked for and one that was not: it is the one that was not that counts.
        (
            seen(replace(NEW, events=(exit_event(asked=True), exit_event(code=7)))),
            "fail",
            "the app ended with exit code 7",
        ),
        (
            seen(replace(WORKER_EXIT, events=(exit_event(code=0), exit_event(code=7)))),
            "fail",
            "the app ended with exit code 7",
        ),
        (seen(replace(NEW, events=(exit_event(at=100.0),))), "probe", "not yet looked at from outside"),
        (
            seen(replace(NEW, events=(MachineEvent("start", "started", "flyd", 101.0),))),
            "probe",
            "not yet looked at from outside",
        ),
    ],
)
def test_what_an_end_means_depends_on_who_asked_for_it_and_what_the_machine_is_for(
    evidence: Evidence, kind: str, reason: str
) -> None:
    verdict = judge(EXPECTED, evidence, 2.0)
    assert (verdict.kind, verdict.reason) == (kind, reason)


def test_a_machine_that_only_has_to_be_what_it_was_may_end_and_move() -> None:
    lenient = replace(EXPECTED, strict=False)
    assert judge(lenient, exited(1), 2.0).kind == "pass"
    for state in ("starting", "stopping", "replacing"):
        verdict = judge(lenient, seen(replace(NEW, state=state)), 2.0)
        assert (verdict.kind, verdict.code, verdict.reason) == ("wait", "moving", f"it is {state}")
    assert judge(lenient, seen(replace(NEW, state="created")), 2.0).kind == "pass"


def test_a_version_of_somebody_elses_is_told_from_a_reverted_image() -> None:
    other = replace(NEW, instance_id="v3")
    named = replace(EXPECTED, instance="v2")
    evidence = Evidence(since=0.0)
    for now in (1.0, 1.0 + LAG):
        evidence.see(other, now, right=named.right(other))
    verdict = judge(named, evidence, 1.0 + LAG)
    assert (verdict.kind, verdict.code) == ("fail", "version")
    assert verdict.reason == "its version is not the one deployed: another client has changed it"
    assert judge(named, evidence, 0.9 + LAG).kind == "wait"
    assert named.right(NEW) and not named.right(OLD) and EXPECTED.right(other) and not EXPECTED.right(OLD)


def test_of_an_image_without_a_digest_its_name_is_told() -> None:
    old = replace(OLD, digest=None)
    verdict = judge(EXPECTED, seen(old, old, every=LAG), LAG + 1.0)
    assert verdict.reason == "it runs another image than the one deployed (registry.fly.io/shop:one)"


HIDDEN = replace(EXPECTED, hidden=True, sure=False)
SHY = replace(NEW, cordoned=True)


def test_a_hidden_machine_that_nobody_can_reach_is_judged_by_its_checks_after_a_while() -> None:
    for answers in ((SILENT,) * 12, (GATEWAY,) * 12):
        evidence = seen(SHY, answers=answers)
        first = evidence.answers[0].at
        assert judge(HIDDEN, evidence, first + SECONDS_BAD - 0.1).kind == "probe"
        verdict = judge(HIDDEN, evidence, first + SECONDS_BAD)
        assert (verdict.kind, verdict.code, verdict.reason) == ("pass", "probe", answers[0].error)
    silent = seen(SHY, answers=(SILENT,) * 12)
    assert judge(replace(HIDDEN, sure=True), silent, 14.0).kind == "probe", "it could be reached if it were well"
    assert judge(replace(HIDDEN, hidden=False), seen(NEW, answers=(SILENT,) * 12), 14.0).kind == "probe"
    unchecked = replace(SHY, checks=(), config={"services": [{"ports": PORTS}]})
    assert judge(HIDDEN, seen(unchecked, answers=(SILENT,) * 12), 14.0).kind == "probe", "nothing else speaks for it"
    assert judge(HIDDEN, seen(SHY, answers=(*(SILENT,) * 11, BAD)), 14.0).kind == "probe"


def test_a_hidden_machine_is_asked_and_one_that_a_person_has_cordoned_is_not() -> None:
    assert judge(HIDDEN, seen(SHY), 2.0).kind == "probe"
    assert judge(replace(HIDDEN, hidden=False), seen(SHY), 2.0).kind == "pass"


def test_what_is_said_when_the_time_is_over() -> None:
    unseen, lost = Evidence(since=0.0), seen(replace(NEW, host_status="unreachable"))
    for evidence, code, reason in ((unseen, "blind", "not seen yet"), (lost, "host", "its host is unreachable")):
        verdict = judge(EXPECTED, evidence, 61.0)
        assert (verdict.kind, verdict.code, verdict.reason) == ("inconclusive", code, reason)
    unseen.fail_to_see("no connection")
    assert judge(EXPECTED, unseen, 1.0).reason == judge(EXPECTED, unseen, 61.0).reason == "no connection"
    silent = seen(NEW, answers=(SILENT,) * 10)
    verdict = judge(replace(EXPECTED, baseline=None), silent, 61.0)
    assert (verdict.code, verdict.reason) == ("unreachable", "connection refused")
    blind = seen(replace(NEW, checks=()))
    blind.fail_to_see("no connection")
    verdict = judge(EXPECTED, blind, 61.0)
    assert (verdict.kind, verdict.code, verdict.reason) == ("inconclusive", "blind", "no connection")
    moving = judge(EXPECTED, seen(replace(NEW, state="starting")), 61.0)
    assert (moving.kind, moving.code, moving.reason) == ("fail", "moving", "it is starting, and the time is over")


def test_a_page_that_was_always_elsewhere_may_be_so_again() -> None:
    moved = Answer(ok=False, status=302, latency_s=0.05, error="answered 302")
    assert judge(EXPECTED, seen(NEW, answers=(moved,) * 12), 14.0).kind == "fail"
    usual = replace(EXPECTED, usual=ELSEWHERE)
    assert judge(usual, seen(NEW, answers=(moved,)), 3.0).kind == "pass"
    assert judge(usual, seen(NEW, answers=(BAD,) * 12), 14.0).kind == "fail"
    twice = replace(usual, probe=Probe(passes=2))
    verdict = judge(twice, seen(NEW, answers=(moved,)), 3.0)
    assert (verdict.code, verdict.reason) == ("passes", "it answered well, but not yet often enough in a row")


def test_an_answer_at_the_limit_is_not_too_slow() -> None:
    assert not too_slow(EXPECTED, replace(GOOD, latency_s=0.5)) and too_slow(EXPECTED, replace(GOOD, latency_s=0.501))
    slow_before = replace(EXPECTED, baseline=Answer(ok=True, latency_s=0.3))
    assert not too_slow(slow_before, replace(GOOD, latency_s=0.85)) and too_slow(
        slow_before, replace(GOOD, latency_s=0.95)
    )
    for baseline in (None, Answer(ok=True), Answer(ok=False, latency_s=0.1)):
        assert not too_slow(replace(EXPECTED, baseline=baseline), LATE)
    assert not too_slow(EXPECTED, replace(GOOD, latency_s=None))


def test_a_former_version_of_the_same_image_is_the_platforms_doing() -> None:
    former = replace(NEW, instance_id="v1")
    expected = replace(EXPECTED, instance="v2", former="v1")
    evidence = Evidence(since=0.0)
    for now in (1.0, 1.0 + LAG):
        evidence.see(former, now, right=False)
    verdict = judge(expected, evidence, 1.0 + LAG)
    assert (verdict.kind, verdict.code) == ("fail", "reverted")
    assert "former version again" in verdict.reason
