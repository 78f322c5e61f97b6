"""Runs one wave: admits lanes within the region's limit, looks at all machines at once, moves every lane on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.plan.plan import Lane, Wave
from flyctl_orchestrator.rollout.plan.steps import (
    FlyctlCreate,
    FlyctlUpdate,
    Gate,
    PutToSleep,
    UpdateMachine,
)
from flyctl_orchestrator.rollout.run.flyctl_driver import FlyctlDriver
from flyctl_orchestrator.rollout.run.lane import Busy, LaneRun, StepFailed, StepInconclusive
from flyctl_orchestrator.rollout.run.perform import perform
from flyctl_orchestrator.rollout.run.polling import PollSchedule
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.run.snapshot import Poller, Snapshot
from flyctl_orchestrator.rollout.run.step_context import StepContext, patient
from flyctl_orchestrator.rollout.run.watch import WaveWatch

# Seconds between two looks: the platform allows one list of an app's machines per second, single machines more often.
TICK = 1.0
TICK_BESIDE_FLYCTL = 0.5
# Seconds after which all are looked at, even while one that boots with others is to tell for them.
SEEN_ALL = 3.0
# Seconds between two lists while flyctl runs: it lists machines, too, gives up on a 429, and shares our rate limit.
LIST_BESIDE_FLYCTL = 3.0
# As many machines are read one by one: at every look, and at the first one after a list.
FEW, MANY = 24, 128
# Seconds between two looks at flyctl alone, when every machine is through.
TICK_FOR_FLYCTL = 0.1

EndKind = Literal["passed", "failed", "inconclusive", "interrupted"]


@dataclass(frozen=True)
class WaveEnd:
    """How a wave ended; `run` is the lane that decided it, None when all passed or somebody interrupted."""

    kind: EndKind
    run: LaneRun | None = None


class WaveRun:
    """One wave while it runs.

    Args:
        stopped: asked before every look: whether to stop where we are.
        keep_going: whether a failed lane leaves the others running (going back) or ends the wave (going forward).
        meanwhile: done once, when there is nothing to do but wait for machines, or before the wave passes.

    Attributes:
        left: a flyctl that still ran when every machine had passed; `finish` it before another one is started, and
            before the rollout ends.
    """

    def __init__(
        self,
        wave: Wave,
        context: RolloutContext,
        record: Record,
        *,
        stopped: Callable[[], bool],
        keep_going: bool = False,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        self._wave = wave
        self._context = context
        self._record = record
        self._stopped = stopped
        self._keep_going = keep_going
        self._meanwhile = meanwhile
        self._poller = Poller(context)
        self._schedule = PollSchedule(context)
        self._flyctl: FlyctlDriver | None = None
        self.left: FlyctlDriver | None = None
        self._looks = 0
        self._began = context.clock.monotonic()
        self.last_snapshot: Snapshot | None = None
        self.runs = [self._prepare(lane) for lane in wave.lanes]
        back = wave.watch is None
        self._watch = WaveWatch(context, record, self.runs, context.watch_back if back else wave.watch or 0, back=back)

    def _prepare(self, lane: Lane) -> LaneRun:
        before = self._record.before_of(lane.machine)
        newest = before.events[0].timestamp_s if before and before.events else 0.0
        return LaneRun(lane, lane.machine, before, after_event=newest)

    def run(self) -> WaveEnd:
        """Run it to its end. No call is under way any more when this returns."""
        # flyctl changes machines from the moment it runs, whether a step has been noted or not.
        self._record.journal.write("wave.begin", wave=self._wave.name)
        for run in self.runs:
            if isinstance(run.lane.steps[0], FlyctlUpdate | FlyctlCreate):
                run.touched = True
                self._record.runs[run.lane.name] = run
        self._start_flyctl()
        try:
            while True:
                if self._stopped():
                    return WaveEnd("interrupted")
                end = self._look()
                if (end is None and self._all_boot()) or end == WaveEnd("passed"):
                    self._use_the_time()
                if end is not None:
                    return end
                self._rest()
        finally:
            flyctl = self._flyctl if self.left is None else None
            if flyctl is not None and flyctl.end(self._poller.next_number) and not self._poller.blind:
                self._clear_leases()
            if flyctl is not None:
                self._note_release_command(flyctl)

    @property
    def flyctl_said(self) -> tuple[str, ...]:
        """The last lines of the wave's flyctl; none where it had none."""
        return tuple(self._flyctl.said) if self._flyctl is not None else ()

    def _start_flyctl(self) -> None:
        """Let flyctl loose as soon as the machines it is to change are there."""
        chosen = self._wave.flyctl
        if chosen is None or self._flyctl is not None:
            return
        lanes = [run for run in self.runs if run.lane.by_flyctl]
        if any(run.index < next(at for at, step in enumerate(run.lane.steps) if step.by_flyctl) for run in lanes):
            return
        if chosen.clones:
            chosen = replace(chosen, machines=tuple(run.machine_id or "" for run in lanes))
        self._flyctl = FlyctlDriver(self._context, chosen, self._record.ref, limit=self._wave.limit)

    def _all_boot(self) -> bool:
        running = [run for run in self.runs if run.status == "running" and not self._watch.holds(run)]
        return all(isinstance(run.step, Gate) for run in running)

    def _use_the_time(self) -> None:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()

    def _rest(self) -> None:
        """Let time pass until another look is worth its calls."""
        if self._flyctl is None or not self._flyctl.active:
            self._schedule.rest(self.runs, TICK if self._watch.over else self._watch.pause)
        elif any(run.status == "running" and run.with_flyctl for run in self.runs):
            self._flyctl.listen(TICK_BESIDE_FLYCTL)
        else:
            through = all(run.over for run in self.runs) and self._watch.over
            self._schedule.rest(self.runs, TICK_FOR_FLYCTL if through else TICK_BESIDE_FLYCTL)

    def _clear_leases(self) -> None:
        """Give back what an interrupted flyctl still holds: it allows itself half a second for that, and misses it.

        Only on machines it has changed, for those it held a moment ago.
        """
        for run in self.runs:
            if not (run.lane.by_flyctl and run.index and run.machine_id):
                continue
            try:
                lease = self._context.api.find_lease(self._context.app, run.machine_id)
                if lease is not None:
                    self._context.api.release_lease(self._context.app, run.machine_id, lease.nonce)
            except ApiError as error:
                # It expires by itself, in 13 seconds at the latest.
                what = f"{error.what}; it ends by itself within a minute"
                self._context.emit("warning", code="lease_kept", machine=run.machine_id, what=what)

    def _look(self) -> WaveEnd | None:
        """Everything that can be done at one moment."""
        self._admit()
        if self._flyctl is not None:
            self._flyctl.poll(self._poller.next_number)
            self._note_release_command(self._flyctl)
        # What comes first changes something and needs no reading; the list's rate limit is for what comes after.
        through = all(run.over for run in self.runs) and self._watch.over
        watched = all(run.over or self._watch.holds(run) for run in self.runs) and self._watch.calm
        snapshot = self._read() if self._looks and not through and not watched else self._poller.none()
        self._looks += 1
        self.last_snapshot = snapshot.over(self.last_snapshot) or self.last_snapshot
        ctx = StepContext(self._context, self._record, snapshot, self._flyctl)
        running = [run for run in self.runs if run.status == "running"]
        self._advance_all(ctx, running)
        # Those that waited for the configuration that flyctl has just given to another one need not wait for a look.
        self._advance_all(ctx, [run for run in running if isinstance(run.step, UpdateMachine) and not run.touched])
        # Places that have just become free are not left empty until the next look.
        while (end := self._end()) is None and (admitted := self._admit()):
            self._advance_all(ctx, admitted)
        self._start_flyctl()
        self._resume_flyctl()
        self._watch.look(ctx, blind=self._poller.blind)
        if self._watch.over:
            self._advance_all(ctx, [run for run in running if run.passed])
        return end or self._end()

    def _note_release_command(self, flyctl: FlyctlDriver) -> None:
        """Write down how far it came: whoever goes back, from here or later, has to say that it ran."""
        if flyctl.release_command not in ("", self._record.release_command):
            self._record.release_command = flyctl.release_command
            self._record.journal.write("release_command", ran=flyctl.release_command)

    def _advance_all(self, ctx: StepContext, runs: list[LaneRun]) -> None:
        active = [run for run in runs if run.status == "running" and ctx.now >= run.not_before]
        self._context.concurrency.each(lambda run: self._advance(run, ctx), active)

    def _read(self) -> Snapshot:
        if self._watch.doubted:
            return self._poller.read(None)
        running = [run for run in self.runs if run.status == "running"]
        ids = [run.machine_id for run in running if run.machine_id]
        if self._flyctl is not None and self._flyctl.active:
            expecting = any(isinstance(run.step, FlyctlCreate) for run in running)
            ids = self._near(running) or ids or self._watch.machines[:FEW]
            lists = (expecting or not ids) and self._poller.since_list >= LIST_BESIDE_FLYCTL
            whole = lists or (self._flyctl.resting and not self._seen_since(self._flyctl))
            return self._poller.read(None if whole else ids)
        near = self._near(running)
        since = self._poller.since_list
        if self._wave.watch:
            # What came before has just looked at all of it, and so will the watch: such a wave begins without a list.
            since = min(since, self._context.clock.monotonic() - self._began)
        due = since >= SEEN_ALL or min(since, self._schedule.since_near) >= TICK
        few = 0 < len(near) <= (FEW if self._poller.rounds else MANY)
        lists = due or not few or (len(near) > 1 and self._poller.may_list)
        return self._poller.read(None if lists else near)

    def _near(self, running: list[LaneRun]) -> list[str]:
        """The machines that are worth a look between two lists: those that may be ready, where all others boot."""
        return [run.machine_id or "" for run in self._schedule.worth_a_look(running)] if self._all_boot() else []

    def _resume_flyctl(self) -> None:
        """Have a flyctl that failed for something that passes run again, for what it has not changed yet."""
        if self._flyctl is None or not self._flyctl.resting or not self._seen_since(self._flyctl):
            return
        lanes = [run for run in self.runs if run.lane.by_flyctl]
        waiting = [run for run in lanes if any(step.by_flyctl for step in run.lane.steps[run.index :])]
        ids = [run.machine_id or "" for run in waiting if not run.over]
        groups = tuple(dict.fromkeys(run.lane.group for run in waiting if not run.over))
        self._flyctl.resume(ids, changed=len(waiting) < len(lanes), groups=groups)

    def _seen_since(self, flyctl: FlyctlDriver) -> bool:
        """Whether the whole fleet was read since flyctl has ended."""
        return self.last_snapshot is not None and self.last_snapshot.number >= flyctl.ended_at

    def _admit(self) -> list[LaneRun]:
        """Let queued lanes start, as many per region as its limit allows; gives them."""
        admitted = []
        busy: dict[str, int] = defaultdict(int)
        for run in self.runs:
            if run.status == "running" and not self._watch.holds(run):
                busy[run.lane.region] += run.lane.weight
        for run in self.runs:
            weight = run.lane.weight
            # flyctl changes its machines whether anybody watches or not.
            limited = self._wave.limit and not run.with_flyctl
            full = limited and weight and busy[run.lane.region] + weight > self._wave.limit
            if run.status != "queued" or full:
                continue
            run.status = "running"
            busy[run.lane.region] += weight
            self._record.runs[run.lane.name] = run
            admitted.append(run)
        return admitted

    def _end(self) -> WaveEnd | None:
        failed = [run for run in self.runs if run.status == "failed"]
        unclear = [run for run in self.runs if run.status == "inconclusive"]
        if (failed or unclear) and not self._keep_going:
            return WaveEnd("failed", failed[0]) if failed else WaveEnd("inconclusive", unclear[0])
        if any(not run.over for run in self.runs) or not self._watch.over:
            return None
        if failed or unclear:
            return WaveEnd("failed", failed[0]) if failed else WaveEnd("inconclusive", unclear[0])
        if self._flyctl is not None and self._flyctl.active:
            if self._wave.flyctl is not None and self._wave.flyctl.clones:
                return None
            # It has yet to find out what we know: its machines are well. Nobody has to wait for that.
            self.left = self._flyctl
        return WaveEnd("passed")

    # --- one lane

    def _advance(self, run: LaneRun, ctx: StepContext) -> None:
        """Take a lane as far as it can get at this moment; whatever happens is noted in the lane."""
        try:
            while (step := run.step) is not None:
                if self._watch.holds(run):
                    return
                self._begin(run, ctx)
                run.tries += 1
                if not perform(step, run, ctx):
                    self._watch_the_clock(run, ctx)
                    return
                self._finish(run, ctx)
            run.status = "passed"
        except Busy as busy:
            self._wait(run, ctx, busy)
        except StepInconclusive as failure:
            self._lose(run, ctx, "inconclusive", failure.code, failure.reason)
        except StepFailed as failure:
            self._lose(run, ctx, "failed", failure.code, failure.reason)
        except ApiError as error:
            if (busy_ := patient(error)) is not None:
                self._wait(run, ctx, busy_)
            else:
                self._lose(run, ctx, "failed", error.code, error.what)
        except FlyoError:
            raise
        except Exception as defect:  # noqa: BLE001 a defect of ours must not leave the fleet half-way
            self._lose(run, ctx, "failed", "defect", f"a defect in flyo: {type(defect).__name__}: {defect}")

    def _begin(self, run: LaneRun, ctx: StepContext) -> None:
        if run.begun:
            return
        run.begun, run.tries, run.sent = True, 0, False
        assert run.step is not None
        if run.deadline is None and not run.step.untimed:
            run.deadline = ctx.now + self._context.timeout
        self._note("step.begin", "step.started", run)

    def _finish(self, run: LaneRun, ctx: StepContext) -> None:
        self._note("step.end", "step.finished", run)
        assert run.step is not None
        if run.step.untimed:
            run.deadline = ctx.now + self._context.timeout
        run.index += 1
        run.begun, run.busy = False, ""

    def _note(self, entry: str, event: str, run: LaneRun, **more: Any) -> None:
        step = run.step
        assert step is not None
        facts = {"lane": run.lane.name, "step": step.kind, "index": run.index, "machine": run.machine_id}
        self._record.journal.write(entry, **facts, instance=run.instance, **more)
        self._context.emit(event, **facts, region=run.lane.region, group=run.lane.group, **more)

    def _wait(self, run: LaneRun, ctx: StepContext, busy: Busy) -> None:
        run.busy = busy.reason
        run.not_before = ctx.now + busy.seconds
        ctx.phase(run, "waiting", busy.reason)
        if run.deadline is None:
            run.deadline = ctx.now + self._context.timeout
        self._watch_the_clock(run, ctx)

    def _watch_the_clock(self, run: LaneRun, ctx: StepContext) -> None:
        """The gate judges by itself what the end of the time means; other steps have just not been possible."""
        if isinstance(run.step, PutToSleep):
            return
        if self._poller.blind:
            self._lose(run, ctx, "inconclusive", "blind", ctx.snapshot.error or run.busy)
        elif isinstance(run.step, Gate) or run.deadline is None or ctx.now < run.deadline:
            return
        else:
            self._lose(run, ctx, "failed", "timeout", f"{run.busy or 'it took too long'}, and the time is over")

    def _lose(
        self, run: LaneRun, ctx: StepContext, status: Literal["failed", "inconclusive"], code: str, why: str
    ) -> None:
        run.status, run.code, run.reason = status, code, why
        ctx.phase(run, status, why)
        self._note("step.failed", "step.failed", run, code=code, reason=why)
