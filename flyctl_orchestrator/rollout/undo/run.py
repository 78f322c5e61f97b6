"""Goes back to an earlier state because somebody asked for it: `flyo rollback` and `flyo deploy --abort`.

The short way: no canary, no bake, all regions at once within the limit, every machine proved by the same gate. It is
never taken back by itself: what cannot be put right is named.
"""

from __future__ import annotations

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine, present
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.context.outcome import EXITS, Outcome, OutcomeKind
from flyctl_orchestrator.rollout.plan.plan import Wave
from flyctl_orchestrator.rollout.run.lane import LaneRun
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.run.result_rows import rows_at_the_end
from flyctl_orchestrator.rollout.run.wave import WaveEnd, WaveRun


def go_back(wave: Wave, record: Record, context: RolloutContext, *, name: str, done: str, again: str) -> Outcome:
    """Run a way back to its end, and say what became of every machine.

    Args:
        record: with the state to come back to as `before`; its journal has its beginning already.
        name: what the journal calls the end when it went well; else it stays open, and can be resumed.
        done: what to say when it went well.
        again: what to type to finish it when it did not.
    """
    since = context.clock.monotonic()
    record.journal.write("rollback.begin", reason="asked for", lanes=[lane.name for lane in wave.lanes])
    context.emit("rollback.started", reason="asked for", code="", machines=len(wave.lanes))
    run = WaveRun(
        wave, context, record, stopped=lambda: context.stop.requested or bool(context.guard.lost()), keep_going=True
    )
    end = run.run() if wave.lanes else WaveEnd("passed")
    context.emit("rollback.finished", ok=end.kind == "passed", verdict=end.kind)
    backs = {each.machine_id: each for each in run.runs if each.machine_id and each.lane.action == "restore"}
    rows = tuple(rows_at_the_end(_read(context), record, backs))
    seconds = context.clock.monotonic() - since
    kind, what, code = _told(end, run.runs, done)
    next_ = "" if kind == "done" else f"{again}; 'flyo status' shows what is where"
    outcome = Outcome(kind, what, rows, next_, code, seconds, EXITS[kind])
    record.journal.forgive()
    ended = ("end", name) if kind == "done" else ("halt", kind)
    record.journal.write(ended[0], outcome=ended[1], exit=int(outcome.exit), what=what)
    return outcome


def _told(end: WaveEnd, runs: list[LaneRun], done: str) -> tuple[OutcomeKind, str, str]:
    if end.kind == "passed":
        return "done", done, ""
    bad = [run for run in runs if run.status != "passed"]
    names = "; ".join(f"{run.lane.region} {run.machine_id or run.lane.name}: {_why(run)}" for run in bad)
    if end.kind == "interrupted":
        return "mixed", f"interrupted on the way back; not there yet: {names}", "interrupted"
    code = end.run.code if end.run else ""
    if end.kind == "inconclusive":
        return "inconclusive", f"no verdict on the way back: {names}", code
    return "mixed", f"the way back failed: {names}", code


def _why(run: LaneRun) -> str:
    return run.reason or run.busy or "not begun" if run.status != "running" else run.busy or "under way"


def _read(context: RolloutContext) -> dict[str, Machine] | None:
    try:
        return present(context.api.list_machines(context.app))
    except ApiError as error:
        context.emit("warning", code="unread", what=error.what)
        return None
