"""Watches the machines of a wave from the moment each has passed its gate, and gathers what the verdict rests on.

A machine that ends, is reverted, falls ill or answers worse than before fails the wave. The wave has passed when every
machine was watched long enough and enough answers are known. What is asked is spread over that time.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.gate.checkup import looks_at
from flyctl_orchestrator.rollout.gate.comparison import Comparison, Place
from flyctl_orchestrator.rollout.gate.evidence import Evidence
from flyctl_orchestrator.rollout.gate.gate import judge_again
from flyctl_orchestrator.rollout.gate.verdict import Verdict
from flyctl_orchestrator.rollout.gate.wave_evidence import ON_THE_WAY_BACK, STRICTNESS, WaveEvidence
from flyctl_orchestrator.rollout.plan.steps import Gate, PutToSleep
from flyctl_orchestrator.rollout.run.count_users import UserCount
from flyctl_orchestrator.rollout.run.do_gate import approve, expectation, tell_answer, wake
from flyctl_orchestrator.rollout.run.lane import LaneRun
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.run.step_context import StepContext
from flyctl_orchestrator.rollout.run.tell_watch import tell_evidence, tell_finished, tell_lost, tell_started

# Requests at the same time: to one machine, as many as when it was measured before the change; and to all of them, so
# that answers are not kept waiting by ourselves.
ABREAST, AT_ONCE = 2, 32
# Seconds between two looks, at most and at least.
TICK, SOON = 2.0, 0.05
# Seconds between two readings of machines that are asked from outside meanwhile and answer well.
CALM = 5.0
# The share of a machine's watch after which the time of its answers counts: before that it warms up. Where there is no
# watch everything is asked at once, and times tell nothing.
WARM = 0.5


@dataclass
class Watched:
    """One machine under watch.

    Attributes:
        gate: the one it has passed.
        since: when it passed, in seconds of the monotonic clock.
        evidence: what was seen of it.
        asked: whether it is asked from outside.
        verdict: the newest one, by the platform's word.
        amiss: whether it has answered badly since it was last read.
    """

    run: LaneRun
    gate: Gate
    since: float
    evidence: Evidence
    asked: bool = False
    verdict: Verdict = field(default_factory=lambda: Verdict("pass"))
    amiss: bool = False

    @property
    def id(self) -> str:
        """The machine's."""
        return self.run.machine_id or ""

    @property
    def read_at(self) -> float:
        """When it was last read."""
        return self.evidence.read_at or self.since


Row = tuple[Watched, Machine, Sequence[str]]
"""Pages that a machine is to be asked for, one after the other."""


class WaveWatch:
    """The watch over one wave.

    Args:
        runs: the lanes of the wave; those that prove a machine are watched once it has passed.
        seconds: for which each machine is watched at least.
        back: whether it is the way back, where nobody asks how quick it is.
        baking: whether everything has passed already: those that fall asleep may sleep.

    Attributes:
        over: whether there is nothing left to watch for.
        doubted: whether one has answered so badly that it fails, unless a reading of it says otherwise.
    """

    def __init__(
        self,
        context: RolloutContext,
        record: Record,
        runs: Sequence[LaneRun],
        seconds: float,
        *,
        back: bool = False,
        baking: bool = False,
    ) -> None:
        self._context = context
        self._record = record
        self._seconds = seconds
        self._back = back
        self._baking = baking
        self._runs = [run for run in runs if any(isinstance(step, Gate) and step.strict for step in run.lane.steps)]
        self._watched: dict[str, Watched] = {}
        self._evidence: WaveEvidence | None = None
        self._users = UserCount(context, record, seconds)
        self._lock = threading.Lock()
        self._started = False
        self.doubted = False
        self.over = not self._runs

    # --- what the wave wants to know

    def holds(self, run: LaneRun) -> bool:
        """Whether a lane has to wait for the watch: no machine is put to sleep before it is over."""
        return not self.over and run.passed is not None and isinstance(run.step, PutToSleep)

    @property
    def machines(self) -> list[str]:
        """Ids of the machines under watch."""
        return [each.id for each in self._alive]

    @property
    def pause(self) -> float:
        """Seconds until another look is worth it."""
        left = self._end - self._context.clock.monotonic()
        return SOON if self.doubted else max(SOON, min(TICK, left)) if left > 0 else TICK

    @property
    def calm(self) -> bool:
        """Whether a reading would tell nothing that is needed now: all were read lately, and answer well since.

        A machine that has ended is silent from outside; one that was started again since says so in the next reading.
        """
        now = self._context.clock.monotonic()
        if self.doubted or self._pending or any(each.amiss or not each.asked for each in self._alive):
            return False
        return all(now - each.read_at < CALM and (now < self._end or each.read_at >= self._end) for each in self._alive)

    @property
    def _end(self) -> float:
        """When the last of them was watched long enough."""
        return max((each.since for each in self._alive), default=0.0) + self._seconds

    # --- one look

    def look(self, ctx: StepContext, *, blind: bool) -> None:
        """Judge what was read of the machines, ask them what is due, and decide.

        Args:
            blind: whether nothing could be read for so long that waiting on makes no sense.
        """
        if self.over:
            return
        self._begin(ctx)
        for each in self._alive:
            if blind:
                self._lose(each, ctx, "inconclusive", "blind", ctx.snapshot.error)
            else:
                self._see(each, ctx)
        self._ask(ctx)
        if not self._back:
            self._users.look({each.id: each.since for each in self._alive})
        self._decide(ctx)

    @property
    def _alive(self) -> list[Watched]:
        return [each for each in self._watched.values() if each.run.status not in ("failed", "inconclusive")]

    @property
    def _pending(self) -> list[LaneRun]:
        return [run for run in self._runs if run.passed is None and not run.over]

    @property
    def _sharing(self) -> int:
        """How many machines share the answers that are needed; of those to come it is not known yet."""
        return max(1, len(self._pending) + sum(each.asked for each in self._alive))

    def _begin(self, ctx: StepContext) -> None:
        """Take over the machines that have passed since the last look."""
        new = [run for run in self._runs if run.passed is not None and run.lane.name not in self._watched]
        if new and not self._watched:
            self._evidence = self._new_evidence()
        for run in new:
            assert run.passed is not None and run.last_seen is not None
            seen = run.evidence or Evidence(since=run.passed_at)
            each = self._watched[run.lane.name] = Watched(run, run.passed, run.passed_at, seen)
            if self._evidence is not None and self._reachable(run.last_seen, run.passed):
                each.asked = True
                self._evidence.expect(each.id, Place.of(run.last_seen))
        if self._watched and not self._pending and not self._started:
            self._started = True
            tell_started(self._context.emit, self._seconds, len(self._alive), baking=self._baking)

    def _new_evidence(self) -> WaveEvidence | None:
        probe, pages = self._context.probe, self._record.pages
        if probe.evidence == "off":
            return None
        strictness = ON_THE_WAY_BACK if self._back else STRICTNESS[probe.evidence]
        # Pages of which the app has said before that it is asked too often are left alone.
        asked = [page for page in probe.pages if page == probe.path or not pages.limited(page)]
        comparison = Comparison(pages, replace(probe, latency_factor=0.0) if self._back else probe)
        return WaveEvidence(strictness, comparison, asked)

    def _reachable(self, machine: Machine, gate: Gate) -> bool:
        return looks_at(machine, hidden=gate.hidden and self._context.edge.reaches_cordoned).http

    def _see(self, each: Watched, ctx: StepContext) -> None:
        run, evidence = each.run, each.evidence
        if ctx.snapshot.error:
            evidence.fail_to_see(ctx.snapshot.error)
        if not ctx.fresh(run):
            return
        each.amiss = False
        machine, expected = ctx.seen(run), expectation(each.gate, run, ctx)
        evidence.see(machine, ctx.now, right=machine is not None and expected.right(machine))
        run.last_seen = machine or run.last_seen
        each.verdict = judge_again(expected, evidence, ctx.now)
        if each.verdict.kind in ("fail", "inconclusive"):
            self._lose(each, ctx, "failed", each.verdict.code, each.verdict.reason)
        elif each.verdict.kind == "asleep":
            self._asleep(each, ctx)

    def _asleep(self, each: Watched, ctx: StepContext) -> None:
        """The proxy has put it to sleep, which is no fault of the machine."""
        if self._baking:
            each.asked, each.verdict = False, Verdict("pass")
            if self._evidence is not None:
                self._evidence.forget(each.id)
            return
        try:
            wake(each.run, ctx)
        except ApiError as error:
            ctx.phase(each.run, "waiting", error.what)

    # --- requests

    def _due(self, each: Watched, now: float) -> list[str]:
        """What a machine is to be asked at this moment: its requests are spread evenly, the last one at the end."""
        if not each.asked or self._evidence is None:
            return []
        due = self._evidence.due(each.id, self._sharing)
        sent = self._evidence.heard[each.id].sent
        part = min(1.0, (now - each.since) / self._seconds) if self._seconds > 0 else 1.0
        return due[: max(0, 1 + math.floor((sent + len(due) - 1) * part) - sent)]

    def _ask(self, ctx: StepContext) -> None:
        """Ask what is due; once the watch is over, also what the answers make necessary, before the next look."""
        now = ctx.now
        while rows := self._rows(now):
            chains = [rows[start::AT_ONCE] for start in range(min(AT_ONCE, len(rows)))]
            self._context.concurrency.each(self._ask_in_turn, chains)
            if self._halted() or self._context.clock.monotonic() - now >= TICK:
                return

    def _rows(self, now: float) -> list[Row]:
        """Who is to be asked for what; the requests of one row go one after the other."""
        rows: list[Row] = []
        for each in self._alive:
            machine = each.run.last_seen
            if machine is not None and machine.state == "started":
                pages = self._due(each, now)
                rows += [(each, machine, pages[start::ABREAST]) for start in range(min(ABREAST, len(pages)))]
        return rows

    def _halted(self) -> bool:
        return self._context.stop.insisted if self._back else self._context.stop.requested

    def _ask_in_turn(self, rows: Sequence[Row]) -> None:
        for each, machine, pages in rows:
            for page in pages:
                if self._halted():
                    return
                self._hear(each, machine, page, self._context.ask(machine, page))

    def _hear(self, each: Watched, machine: Machine, page: str, answer: Answer) -> None:
        warm = self._seconds > 0 and self._context.clock.monotonic() - each.since >= WARM * self._seconds
        with self._lock:
            assert self._evidence is not None
            wrong = self._evidence.hear(each.id, page, answer, warm=warm)
            each.amiss = each.amiss or bool(wrong)
            if not wrong:
                self._record.note_guess(self._context.probe, page, answer)
            self._users.ours(each.id, answer.status)
        if page == self._context.probe.path:
            each.run.latency_s = answer.latency_s
        tell_answer(self._context, each.run, machine, page, answer, wrong)

    # --- the verdict

    def _decide(self, ctx: StepContext) -> None:
        now, (verdict, machine) = ctx.now, self._users.judge()
        if verdict.kind == "pass" and self._evidence is not None:
            verdict, machine = self._evidence.judge(self._sharing)
            tell_evidence(self._context.emit, self._evidence, self._wanted(), baking=self._baking)
        bad = [each for each in self._alive if verdict.kind == "fail" and each.id == machine]
        # The platform may know better what is wrong with it, and is asked first.
        self.doubted = any(not ctx.snapshot.error and not ctx.fresh(each.run) for each in bad)
        if self.doubted:
            return
        for each in bad:
            self._lose(each, ctx, "failed", verdict.code, verdict.reason)
        if self._pending:
            return
        if not self._alive:
            # All of them are lost: no answer comes any more that a verdict could wait for.
            self.over = True
            return
        if verdict.kind == "pass" and all(self._through(each) for each in self._alive):
            self._finish(ctx)
        elif now >= max(each.since for each in self._watched.values()) + self._seconds + self._context.timeout:
            for each in self._alive:
                self._give_up(each, ctx, verdict)

    def _through(self, each: Watched) -> bool:
        return each.verdict.kind == "pass" and each.read_at >= each.since + self._seconds

    def _wanted(self) -> int:
        assert self._evidence is not None
        asked = [each.id for each in self._alive if each.asked]
        return self._evidence.asked + sum(len(self._evidence.due(id, self._sharing)) for id in asked)

    def _finish(self, ctx: StepContext) -> None:
        if not self._baking:
            self._context.concurrency.each(lambda each: approve(each.gate, each.run, ctx), self._alive)
        if self._evidence is not None:
            good = self._evidence.asked - self._evidence.errors
            self._record.answers.update(asked=self._evidence.asked, good=good)
        if self._started:
            guess = self._record.guess
            tell_finished(self._context.emit, self._seconds, self._evidence, guess, baking=self._baking)
        self.over = True

    def _give_up(self, each: Watched, ctx: StepContext, verdict: Verdict) -> None:
        """The time is over: a fail when there is evidence, inconclusive when there is none."""
        own = each.verdict if each.verdict.kind != "pass" else verdict
        dark = own.code in ("evidence", "host", "blind") or each.evidence.blind
        self._lose(each, ctx, "inconclusive" if dark else "failed", own.code, f"{own.reason}, and the time is over")

    def _lose(
        self, each: Watched, ctx: StepContext, status: Literal["failed", "inconclusive"], code: str, why: str
    ) -> None:
        run = each.run
        run.status, run.code, run.reason = status, code, why
        if self._evidence is not None:
            self._evidence.forget(each.id)
        ctx.phase(run, status, why)
        self._record.journal.write("watch.failed", lane=run.lane.name, machine=run.machine_id, code=code, reason=why)
        tell_lost(self._context.emit, run)
