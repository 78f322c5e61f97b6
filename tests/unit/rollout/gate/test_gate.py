"""The gate by tables: what was seen, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flyctl_orchestrator.fleet.machine import Check, Machine, MachineEvent
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.project.model import Probe
from flyctl_orchestrator.rollout.gate.evidence import Evidence
from flyctl_orchestrator.rollout.gate.gate import LAG, SECONDS_BAD, SETTLE, STUCK_CREATED, TIMES_BAD, Expectation, judge

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

CASES: list[tuple[str, Evidence, float, str, str]] = [
    ("nothing seen yet", Evidence(since=0.0), 1.0, "wait", "unseen"),
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
    ("content, not yet looked at from outside", seen(NEW), 2.0, "probe", "unprobed"),
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
    ("crashed before the change", seen(replace(NEW, events=(exit_event(at=99.0),)), answers=(GOOD,)), 3.0, "pass", ""),
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


@pytest.mark.parametrize(("evidence", "now", "kind", "code"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_verdicts(evidence: Evidence, now: float, kind: str, code: str) -> None:
    verdict = judge(EXPECTED, evidence, now)
    assert (verdict.kind, verdict.code) == (kind, code), verdict


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
