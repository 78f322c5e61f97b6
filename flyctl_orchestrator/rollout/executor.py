"""Runs a plan: waves, bakes, and the way back when a wave does not pass."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.project.model import Probe, RolloutPolicy
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.context.outcome import EXITS, Excerpt, Outcome, OutcomeKind, Row
from flyctl_orchestrator.rollout.plan.left_out import but_left_out
from flyctl_orchestrator.rollout.plan.plan import Wave
from flyctl_orchestrator.rollout.plan.steps import AwaitReplacement
from flyctl_orchestrator.rollout.run.bake import bake
from flyctl_orchestrator.rollout.run.baseline import measure_baseline
from flyctl_orchestrator.rollout.run.flyctl_driver import EXCERPT_LINES, FlyctlDriver
from flyctl_orchestrator.rollout.run.lane import LaneRun
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.run.result_rows import rows_at_the_end
from flyctl_orchestrator.rollout.run.sentences import (
    forward_sentence,
    stopped_sentence,
    way_back_sentence,
    with_not_back,
)
from flyctl_orchestrator.rollout.run.snapshot import Snapshot, read_fleet
from flyctl_orchestrator.rollout.run.wave import WaveEnd, WaveRun
from flyctl_orchestrator.rollout.state.not_taken_back import NotTakenBack
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint
from flyctl_orchestrator.rollout.undo.not_taken_back import may_be_secrets, not_taken_back
from flyctl_orchestrator.rollout.undo.plan import plan_way_back
from flyctl_orchestrator.rollout.undo.restore_points import before_running
from flyctl_orchestrator.rollout.undo.run import WayBack, go_back

# A machine that has passed, and is ill at the end.
WORN = ("new", "unhealthy")
# Seconds a flyctl whose machines are all well may still take to see it, going forward and before going back.
FLYCTL_FORWARD, FLYCTL_BACK = 60.0, 3.0


class Executor:
    """One rollout from its first wave to its end."""

    def __init__(self, context: RolloutContext, record: Record, policy: RolloutPolicy) -> None:
        self._context = context
        self._record = record
        self._policy = policy
        self._limit = max(1, policy.max_unavailable)
        self._since = context.clock.monotonic()
        self._culprit = ""
        self._excerpt: Excerpt | None = None
        self._flyctl_said: tuple[str, ...] = ()
        self._last: Snapshot | None = None
        self._flyctl: FlyctlDriver | None = None

    def run(self) -> Outcome:
        """Run every wave, or go back. Once it has begun, it never leaves without an outcome that names what is amiss.

        Raises:
            FlyoError: it has not begun: the journal cannot be written.
        """
        for first in self._record.plan.waves[:1]:
            self._measure(first.regions)
        for number, wave in enumerate(self._record.plan.waves):
            # flyctl begins with the wave, before anything else is looked at.
            end, trouble = (WaveEnd("interrupted"), None) if self._stopped() else self._wave(number, wave)
            lost = trouble is not None or end.kind in ("failed", "inconclusive")
            if wave.final and lost and (trouble is not None or self._retired(wave)):
                return self._left_over(wave, trouble)
            if self._context.stop.requested and self._removing(wave):
                self._context.emit("interrupted")
                return self._stopped_removing(wave)
            if trouble is not None:
                return self._stop(self._reason(trouble.what, trouble.code), "failed", trouble)
            if end.kind == "interrupted" and not self._context.stop.requested:
                return self._stop((self._context.guard.lost(), "lock.lost"), "lost")
            if end.kind == "interrupted":
                self._context.emit("interrupted")
                return self._stop(("interrupted", "interrupted"), "interrupted")
            if end.kind != "passed":
                assert end.run is not None
                self._culprit = end.run.blames or end.run.machine_id or ""
                # Before anything goes back: afterwards its newest lines are about that.
                self._excerpt = self._last_words(end.run)
                where = "" if end.run.blames else f"{_called(end.run)}: "
                return self._stop(self._reason(f"{where}{end.run.reason}", end.run.code), end.kind)
        self._finish_flyctl(FLYCTL_FORWARD)
        # The last look was taken when the last machine passed; one more would only cost a second.
        return self._done(self._last.machines if self._last else read_fleet(self._context))

    # --- forward

    def _wave(self, number: int, wave: Wave) -> tuple[WaveEnd, FlyoError | None]:
        context, facts = self._context, {"wave": wave.name, "number": number + 1, "regions": list(wave.regions)}
        lanes = [
            {"lane": lane.name, "region": lane.region, "group": lane.group, "machine": lane.machine}
            for lane in wave.lanes
        ]
        if wave.flyctl is not None:
            self._finish_flyctl(FLYCTL_FORWARD)
        context.emit("wave.started", **facts, of=len(self._record.plan.waves), lanes=lanes)
        run = WaveRun(
            wave, context, self._record, stopped=self._stopped, keep_going=wave.final, meanwhile=self._measure
        )
        try:
            end = run.run()
            self._last, self._flyctl = run.last_snapshot, run.left or self._flyctl
            self._flyctl_said = run.flyctl_said
            if end.kind == "passed":
                end = bake(wave.bake, run.runs, context, self._record, stopped=self._stopped)
            if end.kind == "passed" and not wave.final and not self._agreed(wave, number):
                end = WaveEnd("interrupted")
        except FlyoError as error:
            context.emit("wave.failed", **facts, code=error.code, reason=error.what)
            return WaveEnd("failed"), error
        if end.kind == "passed":
            context.emit("wave.passed", **facts)
        else:
            lane = end.run
            known = {"code": lane.code, "reason": lane.reason, "machine": lane.machine_id} if lane else {}
            context.emit("wave.failed", **facts, verdict=end.kind, **known)
        return end, None

    def _measure(self, regions: Container[str] | None = None) -> None:
        """Ask how machines answer before anything is changed in their regions, and write down who is ill."""
        known = len(self._record.baseline)
        measure_baseline(self._context, self._record, regions)
        if regions is not None or len(self._record.baseline) > known:
            self._record.journal.write("baseline", ill=self._record.ill())

    def _finish_flyctl(self, patience: float) -> None:
        """Have flyctl come to its end, so that its release is closed and its leases are given back."""
        if self._flyctl is not None:
            self._flyctl.finish(patience)
            self._flyctl = None

    def _agreed(self, wave: Wave, number: int) -> bool:
        """Ask the user's own command whether a wave that has passed is good; False when there was no time to ask.

        Raises:
            FlyoError: it says no.
        """
        return self._context.hooks.require(
            "post-wave",
            until=self._stopped,
            wave=wave.name,
            wave_number=number + 1,
            regions=wave.regions,
            verdict="passed",
            image=self._record.ref,
            digest=self._record.digest,
        )

    def _removing(self, wave: Wave) -> bool:
        """Whether a scale has begun to remove what is too much: from there on it goes back no more."""
        begun = any(lane.name in self._record.runs for lane in wave.lanes)
        return self._record.plan.kind == "scale" and wave.final and begun

    def _retired(self, wave: Wave) -> bool:
        """Whether a final wave has begun to take away what it is about; until then everything can still go back.

        What an earlier rollout has left behind is missed by nobody.
        """
        surge = any(isinstance(step, AwaitReplacement) for lane in wave.lanes for step in lane.steps)
        runs = [run for lane in wave.lanes if (run := self._record.runs.get(lane.name)) is not None]
        awaited = [run for run in runs if any(isinstance(step, AwaitReplacement) for step in run.lane.steps)]
        return not surge or any(run.touched for run in awaited)

    def _stopped(self) -> bool:
        return self._context.stop.requested or bool(self._context.guard.lost())

    # --- the end, one way or the other

    def _stop(self, why: tuple[str, str], how: str, trouble: FlyoError | None = None) -> Outcome:
        what, code = why
        self._finish_flyctl(FLYCTL_BACK)
        machines = None if code == "blind" else read_fleet(self._context)
        if machines is None:
            return self._blind(what, code, trouble)
        point = before_running(self._record)
        runs = self._record.runs.values()
        failing = {run.machine_id for run in runs if run.machine_id and run.status in ("failed", "inconclusive")}
        wave = plan_way_back(point, machines, self._limit, failing=failing)
        if not wave.lanes:
            return self._untouched(what, code, how, machines, trouble)
        if how == "lost":
            # Whoever has the lock now may be at work on these very machines.
            next_ = "'flyo lock status' shows who holds it now; 'flyo deploy' goes on from what is there"
            return self._finish("inconclusive", f"{what}; stopped right there", machines, next=next_, code=code)
        if how == "inconclusive":
            return self._without_verdict(what, code, machines)
        if not self._policy.rollback and how != "interrupted":
            not_back = not_taken_back(self._context, self._record, point, wave)
            next_ = self._next(code, not_back) or "'flyo deploy' goes on from here"
            what = f"{what}; left as it is (no rollback)"
            return self._finish("mixed", what, machines, next=next_, code=code, not_back=not_back)
        return self._back(wave, point, what, code, how)

    def _without_verdict(self, what: str, code: str, machines: Mapping[str, Machine]) -> Outcome:
        """Nobody can tell: it stays as it is, which is said machine by machine, until somebody can."""
        rows = rows_at_the_end(machines, self._record, {})
        next_ = "'flyo status' shows how it is then; 'flyo deploy' goes on from there, 'flyo rollback' goes back"
        if code == "host":
            next_ = f"What does not answer cannot be changed, either way. Wait until it does: {next_}"
        return self._end("inconclusive", f"no verdict: {what}; {stopped_sentence(rows)}", rows, next=next_, code=code)

    def _left_over(self, wave: Wave, trouble: FlyoError | None) -> Outcome:
        """What was to be made is made and verified; only what was to go is still there: nothing to go back for."""
        self._finish_flyctl(FLYCTL_FORWARD)
        machines = read_fleet(self._context)
        if machines is None:
            return self._blind(trouble.what if trouble else "the platform does not answer", "blind", trouble)
        names = ", ".join(f"{lane.region} {lane.machine}" for lane in wave.lanes if lane.machine in machines)
        if not names:
            return self._done(machines)
        scale = self._record.plan.kind == "scale"
        rows = rows_at_the_end(machines, self._record, {})
        done = self._forward(rows)
        what = f"{done}, but what {'was too much' if scale else 'was replaced'} could not be removed: {names}"
        next_ = "The same 'flyo scale' goes on" if scale else "'flyo deploy' removes it"
        if ill := ", ".join(f"{row.region} {row.machine}" for row in rows if (row.fate, row.health) == WORN):
            what = f"not serving any more after it was verified: {ill}; so what was to go is kept: {names}"
            next_ = f"Look with 'flyo status'; once it serves, {next_[0].lower()}{next_[1:]}; 'flyo rollback' goes back"
        return self._finish("mixed", what, machines, next=next_, code="scale.left" if scale else "surge.left_over")

    def _stopped_removing(self, wave: Wave) -> Outcome:
        """Removing is not undone: what is gone is gone, what is still there serves again, and both are named."""
        machines = read_fleet(self._context)
        if machines is None:
            return self._blind("interrupted", "interrupted", None)
        gone = ", ".join(f"{lane.region} {lane.machine}" for lane in wave.lanes if lane.machine not in machines)
        left = ", ".join(f"{lane.region} {lane.machine}" for lane in wave.lanes if lane.machine in machines)
        what = f"interrupted; removed: {gone or 'nothing'}; still there: {left or 'nothing'}"
        next_ = "The same 'flyo scale' goes on"
        point = before_running(self._record)
        there = {id: machine for id, machine in point.machines.items() if id in machines}
        point = replace(point, machines=there, made_by=frozenset(), made_in=frozenset())
        undo = plan_way_back(point, machines, self._limit)
        if not undo.lanes:
            return self._finish("interrupted", what, machines, next=next_, code="interrupted")
        back = self._run_back(undo, point, "interrupted", "interrupted")
        if back.good:
            what = with_not_back(what, back.not_back)
            return self._end("interrupted", what, back.rows, next=next_, code="interrupted", not_back=back.not_back)
        what = with_not_back(f"{what}; not as it was: {back.amiss}", back.not_back)
        return self._end("mixed", what, back.rows, next=next_, code="interrupted", not_back=back.not_back)

    def _run_back(self, wave: Wave, point: RestorePoint, what: str, code: str) -> WayBack:
        context = self._context
        self._record.journal.forgive()
        return go_back(
            wave, point, self._record, context, reason=what, code=code, stopped=lambda: context.stop.insisted
        )

    def _back(self, wave: Wave, point: RestorePoint, what: str, code: str, how: str) -> Outcome:
        back = self._run_back(wave, point, what, code)
        if back.good:
            kind: OutcomeKind = "interrupted" if how == "interrupted" else "rolled_back"
            what = f"{what}; {way_back_sentence(back.rows, back.not_back)}"
            return self._end(
                kind, what, back.rows, next=self._next(code, back.not_back), code=code, not_back=back.not_back
            )
        halted = (
            self._context.guard.lost() or "stopped on the way back"
            if back.end.kind == "interrupted"
            else "the way back failed"
        )
        again = "'flyo rollback' goes on" if self._record.plan.kind == "deploy" else "'flyo scale' again"
        next_ = back.advice(again) or (
            "Look with 'flyo status'; 'flyo deploy' or 'flyctl machine update' puts these machines right"
        )
        what = with_not_back(f"{what}; {halted} ({back.amiss})", back.not_back)
        return self._end("mixed", what, back.rows, next=next_, code=code, not_back=back.not_back)

    def _untouched(
        self, what: str, code: str, how: str, machines: Mapping[str, Machine], trouble: FlyoError | None
    ) -> Outcome:
        kind: OutcomeKind = "interrupted" if how == "interrupted" else "untouched"
        not_back = not_taken_back(self._context, self._record, before_running(self._record), None)
        what = "; ".join(filter(None, [what, "nothing was changed on the fleet", not_back.command_said]))
        next_ = self._advice(code, not_back) or ("" if how == "interrupted" else self._put_right(code, trouble))
        outcome = self._finish(kind, what, machines, next=next_, code=code, not_back=not_back)
        token = trouble is not None and trouble.exit == Exit.UNREACHABLE
        return replace(outcome, exit=Exit.UNREACHABLE) if token else outcome

    def _blind(self, what: str, code: str, trouble: FlyoError | None) -> Outcome:
        touched = [run for run in self._record.runs.values() if run.touched]
        if not touched:
            outcome = self._finish("untouched", f"{what}; nothing was changed on the fleet", None, code=code)
            return replace(outcome, exit=Exit.UNREACHABLE)
        names = ", ".join(_called(run) for run in touched)
        perhaps = self._record.cordoned - self._record.closed
        for word, ids in (("cordoned", self._record.closed), ("perhaps cordoned", perhaps)):
            names += f"; {word}: {', '.join(sorted(ids))}" if ids else ""
        next_ = "When the platform answers again, 'flyo status' shows what is where and 'flyo deploy' goes on"
        return self._finish("inconclusive", f"{what}; not known: {names}", None, next=next_, code=code or "blind")

    def _last_words(self, run: LaneRun) -> Excerpt | None:
        """The last lines of what decided that it failed, since the change: of flyctl where that gave up, else of it."""
        if run.code == "flyctl":
            lines: Sequence[str] = self._flyctl_said
            source = "flyctl"
        else:
            machine = run.blames or run.machine_id
            since = self._record.began if run.blames else max(self._record.began, run.after_event)
            lines = self._context.newest_lines(machine, EXCERPT_LINES, since) if machine else ()
            source = f"machine {machine}" if run.blames else f"{run.lane.region} {machine}"
        return Excerpt(source, tuple(lines)) if lines else None

    def _where_to_look(self) -> str:
        return f"See what it wrote: {self._context.logs_of(self._culprit)}" if self._culprit else ""

    def _next(self, code: str, not_back: NotTakenBack) -> str:
        """Where to look, and which secrets to set back where they may be the cause."""
        if code == "command":
            return "Correct the release, or the command: it stands in flyo.toml"
        if code == "changed_meanwhile":
            # What the app writes tells nothing about who else is at work.
            return "Look at it with 'flyo status --machines'; roll out again once nobody else changes it"
        return ". ".join(filter(None, [self._where_to_look(), self._page(code), self._advice(code, not_back)]))

    def _page(self, code: str) -> str:
        """What to do about a first release's health page that nobody named: an app need not have one at "/"."""
        guessed = code == "probe" and not self._record.baseline and self._context.probe.path == Probe().path
        named = "If another page tells that the app is well, name it: [probe] path in flyo.toml"
        return f"{named}; paths = [] there leaves / alone" if guessed else ""

    def _advice(self, code: str, not_back: NotTakenBack) -> str:
        return not_back.advice(self._again) if may_be_secrets(code, not_back) else ""

    def _put_right(self, code: str, trouble: FlyoError | None) -> str:
        if code == "disappeared":
            return f"{self._again} makes it anew"
        return (trouble.next if trouble else "") or f"Put that right, then {self._again}"

    @property
    def _again(self) -> str:
        return "'flyo scale' again" if self._record.plan.kind == "scale" else "'flyo deploy' again"

    def _reason(self, what: str, code: str) -> tuple[str, str]:
        return what, code or "failed"

    def _done(self, machines: Mapping[str, Machine] | None) -> Outcome:
        """Every machine has passed. One that somebody has destroyed since is named."""
        if machines is None:
            seen = [run.last_seen for run in self._record.runs.values() if run.last_seen is not None]
            machines = {**self._record.before, **{machine.id: machine for machine in seen}}
        rows = rows_at_the_end(machines, self._record, {})
        if gone := ", ".join(f"{row.region} {row.machine}" for row in rows if row.fate == "missing"):
            what = f"every machine has passed the gate, but is not there any more: {gone}"
            return self._finish("mixed", what, machines, next="'flyo deploy' makes it anew", code="disappeared")
        done = self._forward(rows) + but_left_out(self._record.plan.left_out)
        return self._end("done", f"{done}{self._record.proof}", rows)

    def _forward(self, rows: Sequence[Row]) -> str:
        plan = self._record.plan
        return forward_sentence(rows, plan.kind, plan.groups)

    def _finish(
        self,
        kind: OutcomeKind,
        what: str,
        machines: Mapping[str, Machine] | None,
        *,
        next: str = "",
        code: str = "",
        not_back: NotTakenBack | None = None,
    ) -> Outcome:
        return self._end(
            kind, what, rows_at_the_end(machines, self._record, {}), next=next, code=code, not_back=not_back
        )

    def _end(
        self,
        kind: OutcomeKind,
        what: str,
        rows: Sequence[Row],
        *,
        next: str = "",
        code: str = "",
        not_back: NotTakenBack | None = None,
    ) -> Outcome:
        seconds = self._context.clock.monotonic() - self._since
        excerpt = None if kind == "done" else self._excerpt
        outcome = Outcome(kind, what, tuple(rows), next, code, seconds, EXITS[kind], excerpt, not_back)
        self._record.journal.forgive()
        kept = {"not_taken_back": not_back.as_dict()} if not_back else {}
        self._record.journal.write("end", outcome=kind, exit=int(outcome.exit), what=what, **kept)
        return outcome


def _called(run: LaneRun) -> str:
    """Where a lane's machine is and what to call it, which may not be there yet."""
    region, replaces = run.lane.region, run.lane.replaces
    if run.machine_id:
        return f"{region} {run.machine_id}"
    return f"{region}, in the place of {replaces}" if replaces else f"{region}, a new machine"
