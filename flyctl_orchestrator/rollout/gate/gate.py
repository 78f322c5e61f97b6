"""The gate: from what was seen of a machine to a verdict. Pure; nothing here asks anybody anything.

A pass needs all of it: the wanted image and version, started, every platform check passing, and the probe from
outside answered by that very machine in that region, in time. One clear sign to the contrary is a fail, at once. When
the time is over and there is no data to judge, the verdict is inconclusive: that is for a person to decide.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.project.model import Probe
from flyctl_orchestrator.rollout.gate.address import heard_address, patience_for, told_address
from flyctl_orchestrator.rollout.gate.checkup import Checkup, grace_of, looks_at
from flyctl_orchestrator.rollout.gate.comparison import GOOD, grade
from flyctl_orchestrator.rollout.gate.evidence import Evidence, TimedAnswer
from flyctl_orchestrator.rollout.gate.verdict import Verdict
from flyctl_orchestrator.rollout.state.metadata import same_image

# Seconds a machine without checks and without a public service has to stay started.
SETTLE = 5.0
# Seconds during which a reading may still show the old version: the platform's list is not updated at once.
LAG = 5.0
# A clearly bad answer, this many times in a row and over this many seconds, is not a slow start any more.
TIMES_BAD = 5
SECONDS_BAD = 8.0
# Given by the proxy, or by an app that is still warming up.
NOT_READY = frozenset({408, 425, 429, 502, 503, 504})
MOVING = frozenset({"created", "creating", "starting", "updating", "replacing", "restarting", "stopping", "suspending"})
# Seconds after which a machine that was only created is asked to start.
STUCK_CREATED = 8.0


@dataclass(frozen=True)
class Expectation:
    """What a machine must turn out to be.

    Attributes:
        ref, digest: of the image; the digest decides where both sides know it.
        instance: the version it must have, None when any but `before` will do.
        before: the version it must no longer have, None for a new machine.
        former: the version that was changed; a machine that has it again was put back by the platform.
        after_event: newest event before the change, in seconds of the platform's clock.
        baseline: the same machine's or region's answer before the rollout, None when there was none.
        usual: the grade of answer that the health path usually gave there.
        deadline: when the time is over, in seconds of the monotonic clock.
        strict: False only asks for image and version, not for health.
        hidden: this rollout keeps it cordoned for now, and it is asked by its id.
        sure: whether it can be reached by its id while it is hidden.
    """

    region: str
    ref: str | None
    digest: str | None
    instance: str | None
    before: str | None
    after_event: float
    baseline: Answer | None
    probe: Probe
    deadline: float
    strict: bool = True
    hidden: bool = False
    sure: bool = True
    usual: int = GOOD
    former: str | None = None

    def right(self, machine: Machine) -> bool:
        """Whether a machine runs what it should."""
        version = machine.instance_id == self.instance if self.instance else machine.instance_id != self.before
        return version and same_image(machine, self.ref, self.digest)


def judge(expected: Expectation, seen: Evidence, now: float) -> Verdict:
    """The verdict on one machine at this moment.

    Args:
        now: seconds of the monotonic clock.
    """
    verdict = _judge_platform(expected, seen, now)
    if verdict.kind == "probe":
        verdict = _judge_answers(expected, seen, now)
    # Where others left no time to ask a machine that is well by the platform's word, it is asked once all the same.
    unasked = verdict.kind == "probe" and not verdict.code and not seen.blind
    if not verdict.final and not unasked and now >= expected.deadline:
        return _at_the_end(expected, seen, verdict)
    return verdict


def judge_again(expected: Expectation, seen: Evidence, now: float) -> Verdict:
    """The verdict on a machine that has passed, by the platform's word alone: whether it still is what it was.

    A start explains nothing any more: a check that stays critical is a fail, whatever it says.
    """
    verdict = _judge_platform(expected, seen, now)
    if verdict.kind == "probe":
        return Verdict("pass")
    ill_for = now - (seen.critical_since if seen.critical_since is not None else now)
    if verdict.kind == "wait" and ill_for >= SECONDS_BAD:
        return Verdict("fail", "checks", f"{verdict.reason}, and it had passed before")
    return verdict


def _judge_platform(expected: Expectation, seen: Evidence, now: float) -> Verdict:
    machine = seen.machine
    if seen.readings == 0:
        return Verdict("wait", "blind", seen.blind or "not seen yet")
    if machine is None or machine.gone:
        return Verdict("fail", "disappeared", "the machine is gone")
    if machine.host_status != "ok":
        return Verdict("wait", "host", f"its host is {machine.host_status}")
    if ended := _ended(expected, seen):
        return ended
    if machine.state in ("failed", "launch_failed"):
        return Verdict("fail", "failed", f"the platform could not run it (state {machine.state})")
    if not expected.right(machine):
        return _judge_odd(expected, seen, machine, now)
    if not expected.strict:
        if machine.state in MOVING - {"created"}:
            return Verdict("wait", "moving", f"it is {machine.state}")
        return Verdict("pass")
    if machine.state in ("stopped", "suspended"):
        return Verdict("asleep", "asleep", f"it is {machine.state}")
    if machine.state == "created" and now - seen.since > STUCK_CREATED:
        return Verdict("asleep", "created", "it was created and never started")
    if machine.state != "started":
        return Verdict("wait", "moving", f"it is {machine.state}")
    return _judge_checks(machine, looks_at(machine, hidden=expected.hidden), seen, now)


def _ended(expected: Expectation, seen: Evidence) -> Verdict | None:
    """A machine that ended by itself is a fail at once; there is no waiting out the time."""
    if not expected.strict:
        return None
    machine = seen.machine
    for event in seen.events_after(expected.after_event):
        if event.type != "exit" or event.requested_stop:
            continue
        code = event.exit_code
        if code in (0, None) and machine is not None and not looks_at(machine).anything:
            continue
        said = "by itself" if code is None else f"with exit code {code}"
        return Verdict("fail", "exited", f"the app ended {said}")
    return None


def _judge_odd(expected: Expectation, seen: Evidence, machine: Machine, now: float) -> Verdict:
    if seen.odd_since is not None and now - seen.odd_since >= LAG:
        if not same_image(machine, expected.ref, expected.digest):
            what = machine.digest or machine.image
            return Verdict("fail", "reverted", f"it runs another image than the one deployed ({what})")
        if machine.instance_id == expected.former:
            return Verdict(
                "fail", "reverted", "it runs its former version again: the platform did not keep the new one"
            )
        return Verdict("fail", "version", "its version is not the one deployed: another client has changed it")
    return Verdict("wait", "version", "it still shows its former version")


def _judge_checks(machine: Machine, checkup: Checkup, seen: Evidence, now: float) -> Verdict:
    started_for = now - (seen.started_at if seen.started_at is not None else now)
    if machine.has_checks and not machine.checks:
        return Verdict("wait", "checks", "no check has reported yet")
    bad = [check for check in machine.checks if check.status != "passing"]
    if bad:
        reason = f"check {bad[0].name} is {bad[0].status}" + _said(bad[0].output)
        critical_for = now - (seen.critical_since if seen.critical_since is not None else now)
        if told := told_address(bad[0].output):
            over = started_for >= grace_of(machine) and critical_for >= patience_for(told)
            return Verdict("fail" if over else "wait", "address", told)
        clear = _clear_answer(bad[0].output) and started_for >= grace_of(machine)
        if clear and critical_for >= SECONDS_BAD:
            return Verdict("fail", "checks", reason)
        return Verdict("wait", "checks", reason)
    if checkup.http:
        return Verdict("probe")
    if not checkup.checks and started_for < SETTLE:
        return Verdict("wait", "settling", f"it has been started for {started_for:.0f} s")
    return Verdict("pass")


def _judge_answers(expected: Expectation, seen: Evidence, now: float) -> Verdict:
    """Judge what the probe heard since the machine was last seen to start."""
    start = max(seen.since, seen.started_at if seen.started_at is not None else seen.since)
    heard = [each for each in seen.answers if each.at >= start]
    if not heard:
        return Verdict("probe", "", "not yet looked at from outside")
    last = heard[-1].answer
    good = 0
    for each in reversed(heard):
        if not fine(expected, each.answer):
            break
        good += 1
    if good >= max(1, expected.probe.passes):
        return Verdict("pass")
    clear = 0
    for each in reversed(heard):
        if not clearly_bad(expected, each.answer):
            break
        clear += 1
    code, reason = _why(expected, last)
    if told := heard_address(seen, start, now):
        return Verdict("fail", "address", told)
    if not clear and _out_of_reach(expected, seen, heard, now):
        return Verdict("pass", code, reason)
    if clear >= TIMES_BAD and now - heard[-clear].at >= min(SECONDS_BAD, expected.deadline - seen.since):
        return Verdict("fail", code, reason)
    return Verdict("probe", code, reason)


def _out_of_reach(expected: Expectation, seen: Evidence, heard: Sequence[TimedAnswer], now: float) -> bool:
    """Whether a hidden machine whose checks pass just cannot be asked yet; the look after uncordoning decides then."""
    if not expected.hidden or expected.sure or seen.machine is None or not seen.machine.has_checks:
        return False
    silent = all(each.answer.status is None or each.answer.status in NOT_READY for each in heard)
    return silent and now - heard[0].at >= SECONDS_BAD


def too_slow(expected: Expectation, answer: Answer) -> bool:
    """Whether a good answer took longer than its budget: some times what it took before, but never below the floor."""
    factor, before = expected.probe.latency_factor, expected.baseline
    if not factor or before is None or not before.ok or before.latency_s is None or answer.latency_s is None:
        return False
    return answer.latency_s > max(expected.probe.latency_floor, factor * before.latency_s)


def fine(expected: Expectation, answer: Answer) -> bool:
    """Whether an answer of the health path is good, or no worse than it usually was before, and quick enough."""
    if not expected.probe.named and not answer.ok:
        # It is not ready yet, or asked too often; broken it may not be in any case.
        return False
    return grade(answer) <= expected.usual and not too_slow(expected, answer)


def clearly_bad(expected: Expectation, answer: Answer) -> bool:
    """Whether an answer was given by a running app and is wrong, which a slow start does not explain."""
    if fine(expected, answer):
        return False
    return answer.ok or (answer.status is not None and answer.status not in NOT_READY)


def _why(expected: Expectation, answer: Answer) -> tuple[str, str]:
    if answer.ok and too_slow(expected, answer):
        assert answer.latency_s is not None and expected.baseline is not None
        before = expected.baseline.latency_s or 0.0
        return "latency", f"it answered in {answer.latency_s * 1000:.0f} ms, before it took {before * 1000:.0f} ms"
    if fine(expected, answer):
        return "passes", "it answered well, but not yet often enough in a row"
    if answer.ok:
        return "probe", f"it answered {answer.status}, and better before the change"
    wrong_one = answer.stray or (answer.status is not None and 200 <= answer.status < 300)
    return "identity" if wrong_one else "probe", answer.error or "the probe failed"


def _at_the_end(expected: Expectation, seen: Evidence, last: Verdict) -> Verdict:
    """The time is over: a fail when there is evidence, inconclusive when there is none."""
    if seen.blind or last.code in ("blind", "host"):
        return Verdict("inconclusive", "blind" if seen.blind else last.code, seen.blind or last.reason)
    answer = seen.last_answer
    never_reached = answer is not None and all(each.answer.status is None for each in seen.answers)
    if last.kind == "probe" and never_reached and not (expected.baseline and expected.baseline.ok):
        # The platform's own checks pass and no probe ever got an answer, before or after: it may well be our network.
        return Verdict("inconclusive", "unreachable", last.reason)
    return Verdict("fail", last.code, f"{last.reason}, and the time is over")


def _said(output: str) -> str:
    words = " ".join(output.split())[:160]
    return f" ({words})" if words else ""


def _clear_answer(output: str) -> bool:
    """Whether a check's output tells of a wrong HTTP status, and not of a server that is not there yet."""
    found = re.search(r"\b([345]\d\d)\b", output)
    return found is not None and int(found[1]) not in NOT_READY
