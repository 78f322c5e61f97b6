"""Runs the gate on one machine: feeds it readings and probes until it has a verdict."""

from __future__ import annotations

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.fleet.redact import without_queries
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.gate.comparison import Comparison, Place
from flyctl_orchestrator.rollout.gate.evidence import Evidence
from flyctl_orchestrator.rollout.gate.gate import Expectation, fine, judge
from flyctl_orchestrator.rollout.gate.verdict import Verdict
from flyctl_orchestrator.rollout.plan.steps import Gate
from flyctl_orchestrator.rollout.run.lane import LaneRun, StepFailed, StepInconclusive
from flyctl_orchestrator.rollout.run.step_context import StepContext, patient
from flyctl_orchestrator.rollout.state.metadata import VERIFIED

# Times in a row that the user's own command may refuse a machine.
REFUSALS = 3
PHASES = {"checks": "checking", "moving": "starting", "settling": "checking", "asleep": "waking", "created": "waking"}


def do_gate(step: Gate, run: LaneRun, ctx: StepContext) -> bool:
    """Look once more at the machine.

    Raises:
        StepFailed: it must not stay like this.
        StepInconclusive: there was nothing to judge by.
    """
    evidence = run.evidence = run.evidence or Evidence(since=ctx.now)
    expected = expectation(step, run, ctx)
    if ctx.snapshot.error:
        evidence.fail_to_see(ctx.snapshot.error)
    elif not ctx.fresh(run):
        return False
    else:
        machine = ctx.seen(run)
        evidence.see(machine, ctx.now, right=machine is not None and expected.right(machine))
        run.last_seen = machine or run.last_seen
    verdict = judge(expected, evidence, ctx.now)
    if verdict.kind == "probe" and evidence.machine is not None:
        evidence.hear(_probe(run, ctx, evidence.machine, expected), ctx.now)
        verdict = judge(expected, evidence, ctx.now)
    return _heed(verdict, step, run, ctx)


def expectation(step: Gate, run: LaneRun, ctx: StepContext) -> Expectation:
    """What the lane's machine must turn out to be: new, or as it was when the lane puts it back."""
    record, context = ctx.record, ctx.rollout
    back = run.lane.action == "restore"
    before = run.before
    former = run.base or (None if back else before)
    ref, digest = record.image_of(run)
    baseline = record.baseline_for(run.last_seen) if run.last_seen else None
    place = Place(run.lane.region, run.lane.group)
    return Expectation(
        region=run.lane.region,
        ref=ref,
        digest=digest,
        instance=run.instance,
        before=former.instance_id if former else None,
        former=run.former or (former.instance_id if former else None),
        after_event=run.after_event,
        baseline=baseline,
        probe=context.probe,
        deadline=run.deadline if run.deadline is not None else ctx.now + context.timeout,
        strict=step.strict,
        hidden=step.hidden,
        sure=context.edge.reaches_cordoned,
        usual=Comparison(record.pages, context.probe).usual(place, context.probe.path),
    )


def _probe(run: LaneRun, ctx: StepContext, machine: Machine, expected: Expectation) -> Answer:
    last = run.evidence.last_answer if run.evidence else None
    ctx.phase(run, "probing", (last.error if last else None) or "")
    answer = ctx.rollout.look(machine)
    run.latency_s = answer.latency_s
    wrong = "" if fine(expected, answer) else answer.error or "too slow"
    if not wrong:
        ctx.record.note_guess(ctx.rollout.probe, ctx.rollout.probe.path, answer)
    tell_answer(ctx.rollout, run, machine, ctx.rollout.probe.path, answer, wrong)
    return answer


def tell_answer(context: RolloutContext, run: LaneRun, machine: Machine, path: str, answer: Answer, wrong: str) -> None:
    """Tell what a machine has answered; `wrong` is "" when it is no error."""
    context.emit(
        "probe.answered",
        lane=run.lane.name,
        region=machine.region,
        machine=machine.id,
        path=without_queries(path),
        ok=not wrong,
        status=answer.status,
        latency_s=answer.latency_s,
        release=answer.release,
        answered_region=answer.region,
        answered_machine=answer.machine,
        error=(answer.error or wrong) if wrong else None,
    )


def _heed(verdict: Verdict, step: Gate, run: LaneRun, ctx: StepContext) -> bool:
    if verdict.kind == "pass" and not _commanded(step, run, ctx):
        return False
    if verdict.kind == "pass":
        _passed(step, run, ctx)
        return True
    if verdict.kind == "fail":
        raise StepFailed(verdict.code, verdict.reason)
    if verdict.kind == "inconclusive":
        raise StepInconclusive(verdict.code, verdict.reason)
    run.busy = verdict.reason
    if verdict.kind == "asleep":
        wake(run, ctx)
    if verdict.kind != "probe":
        ctx.phase(run, PHASES.get(verdict.code, "waiting"), verdict.reason)
    return False


def _commanded(step: Gate, run: LaneRun, ctx: StepContext) -> bool:
    """Whether the user's own command, if there is one, agrees that the machine is good."""
    machine = run.evidence.machine if run.evidence else None
    if run.lane.action == "restore" or not step.verifies or machine is None:
        return True
    if machine.standbys and machine.resting:
        # There is nobody to ask.
        return True
    ran = ctx.rollout.hooks.run(
        "probe", until=lambda: ctx.rollout.stop.requested, machine=machine.id, region=machine.region
    )
    if ran.end in ("none", "ok"):
        return True
    run.busy = f"[probe] command {ran.said}"
    run.refusals += 1
    if run.refusals >= REFUSALS:
        raise StepFailed("command", run.busy)
    return False


def wake(run: LaneRun, ctx: StepContext) -> None:
    """Start a machine that was seen asleep.

    The proxy may put a machine to sleep while it is looked at; that is no fault of the machine.

    Raises:
        ApiError: the platform refuses, and will go on doing so.
    """
    assert run.machine_id is not None
    try:
        ctx.rollout.api.start(ctx.rollout.app, run.machine_id)
    except ApiError as error:
        if patient(error) is None:
            raise
    ctx.acted(run)


def _passed(step: Gate, run: LaneRun, ctx: StepContext) -> None:
    machine = run.evidence.machine if run.evidence else None
    assert machine is not None
    if run.lane.action != "restore":
        ctx.record.firsts.setdefault(machine.group, machine)
    if step.strict and not any(isinstance(later, Gate) for later in run.lane.steps[run.index + 1 :]):
        # What it was found to be is only true when it has been watched; until then it is not called verified.
        run.passed, run.passed_at = step, ctx.now
        ctx.phase(run, "watching")
    else:
        approve(step, run, ctx)


def approve(step: Gate, run: LaneRun, ctx: StepContext) -> None:
    """Call a machine verified, here and on the machine itself.

    Args:
        step: the gate that it has passed.
    """
    machine = run.last_seen
    assert machine is not None
    run.approved = True
    if run.lane.action == "restore":
        ctx.phase(run, "restored")
        return
    if machine.standbys and machine.resting:
        ctx.phase(run, "asleep", machine.state)
    else:
        ctx.phase(run, "healthy" if step.verifies else "opening")
    if step.verifies and (step.strict or machine.standbys):
        _mark(machine, run, ctx)


def _mark(machine: Machine, run: LaneRun, ctx: StepContext) -> None:
    context, verification = ctx.rollout, ctx.record.verification_of(machine, run)
    try:
        context.api.set_metadata(context.app, machine.id, VERIFIED, str(verification))
    except ApiError as error:
        # The machine is good; the next deploy will look at it once more, that is all.
        what = f"{error.what}; the next deploy looks at it once more"
        context.emit("warning", code="unmarked", machine=machine.id, what=what)
