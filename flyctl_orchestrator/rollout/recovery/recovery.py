"""Finishes or undoes what an earlier run has left: `deploy --resume`, `deploy --abort` and `rollback`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from flyctl_orchestrator import __version__
from flyctl_orchestrator.catalog.prices import load_prices
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.machine import Machine, bare
from flyctl_orchestrator.rollout.context.outcome import EXITS, Outcome, OutcomeKind
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.journal.journal import Journal
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.plan.desired import desired_of
from flyctl_orchestrator.rollout.plan.left_out import names_of, without
from flyctl_orchestrator.rollout.plan.part import Part
from flyctl_orchestrator.rollout.plan.plan import Plan, PlannedImage, Wave
from flyctl_orchestrator.rollout.plan.planner import plan_rollout
from flyctl_orchestrator.rollout.plan.removal import orphan_lanes
from flyctl_orchestrator.rollout.plan.scale import plan_scale, with_orphans
from flyctl_orchestrator.rollout.plan.steps import CopyMachine, DestroyVolume
from flyctl_orchestrator.rollout.plan.volumes import VolumeSpec, specs_of
from flyctl_orchestrator.rollout.recovery.leftovers import EndOrphans, clear_leftovers
from flyctl_orchestrator.rollout.recovery.sleepers import as_they_slept, sleep_lanes
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.run.sentences import return_sentence, with_not_back
from flyctl_orchestrator.rollout.run.volumes.left import tell_volumes_left
from flyctl_orchestrator.rollout.state.machine_file import machine_as_dict
from flyctl_orchestrator.rollout.state.metadata import definition_digest, verified
from flyctl_orchestrator.rollout.state.not_taken_back import CommandRan
from flyctl_orchestrator.rollout.state.observe import Fleet, secrets_as_dict
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint
from flyctl_orchestrator.rollout.state.rollout_ids import maker
from flyctl_orchestrator.rollout.undo.plan import plan_way_back
from flyctl_orchestrator.rollout.undo.restore_points import before_past
from flyctl_orchestrator.rollout.undo.run import WayBack, go_back


@dataclass(frozen=True)
class Recovery:
    """Takes over from an earlier run.

    Attributes:
        work: the app, the target and the means.
        end_orphans: ends a flyctl that the earlier run has left running on this computer.
    """

    work: Deployment
    end_orphans: EndOrphans

    def resume(self, past: PastRollout) -> Outcome:
        """Finish a rollout that was killed: what is verified stays, the rest of its plan is done.

        One that had begun to go back is brought to that end. If the rest fails, all of it goes back, to where the
        killed run had begun.

        Raises:
            FlyoError: it is still running, or fly.toml has changed since; nothing was changed.
        """
        if past.kind == "rollback" or past.going_back:
            return self._finish_back(past)
        self._check(past)
        fleet = self._take_over(past)
        restore_point = before_past(past)
        # A host that is down now need not have been when the killed run began.
        left = names_of(past.plan.left_out) if past.plan else ()
        names = tuple(dict.fromkeys((*left, *self.work.part.left_out)))
        work = replace(self.work, policy=past.policy, part=Part(without=names))
        if past.kind == "scale":
            plan = _rest_of_scale(past, fleet, restore_point, specs_of(work.project.flytoml))
        else:
            fleet = as_they_slept(fleet, restore_point.machines)
            plan = self._rest(past, fleet, work)
        outcome = work.run(plan, fleet, restore_point=restore_point, resumes=past.id, release_command=past.command_ran)
        self._close(past, "resumed", "another run finished it")
        return outcome

    def abort(self, past: PastRollout) -> Outcome:
        """Put everything back to where a killed rollout had begun.

        Raises:
            FlyoError: it is still running; nothing was changed.
        """
        return self._back(past, before_past(past), "aborted", "'flyo deploy --abort'")

    def _finish_back(self, past: PastRollout) -> Outcome:
        if past.target is None:
            self.work.emit("note", line=f"{past.called} was going back; that is what is finished")
            return self._back(past, before_past(past), "rolled_back", "'flyo deploy --resume'")
        return self._back(past, past.target, "done", "'flyo deploy --resume'")

    def return_to(
        self, restore_point: RestorePoint, plan: Plan, fleet: Fleet, *, towards: str, command_ran: CommandRan = ""
    ) -> Outcome:
        """Roll back to a state, as a rollout of its own with a journal of its own.

        Args:
            plan: empty; says of which app, fly.toml and secrets the state was.
            towards: id of the rollout that began with this state, "" when that is not known.
            command_ran: how far a release command came that was run since.
        """
        if self.work.guard.secure(plan.image.ref):
            fleet = self.work.observe()
        rollout = self.work.new_id(fleet)
        journal = self.work.journals.open(rollout, self.work.target.clock)
        try:
            record = self._record(rollout, restore_point, plan, journal)
            record.release_command = command_ran
            journal.write(
                "begin", flyo=__version__, rollout=rollout, who=self.work.who, kind="rollback", towards=towards,
                secrets=secrets_as_dict(fleet), release_command_ran=command_ran,
                began=self.work.target.api.platform_time(),
                before=[machine_as_dict(machine) for machine in fleet.managed],
                target=[machine_as_dict(machine) for machine in restore_point.machines.values()],
                target_point=restore_point.as_dict(),
            )  # fmt: skip
            ill = [m.id for m in fleet.managed if not (m.asleep or m.healthy)]
            journal.write("baseline", ill=ill)
            self.work.emit(
                "rollout.started", rollout=rollout, kind="rollback", image=plan.image.ref, digest=plan.image.digest
            )
            return self._go(restore_point, fleet, record, "done", "'flyo deploy --resume'")
        finally:
            journal.close()

    # --- how

    def _back(self, past: PastRollout, restore_point: RestorePoint, name: str, again: str) -> Outcome:
        fleet = self._take_over(past)
        known = past.path.exists()
        journal = self.work.journals.open(past.id, self.work.target.clock)
        try:
            if not known:
                kept = [machine_as_dict(machine) for machine in past.before.values()]
                journal.write(
                    "begin",
                    flyo=__version__,
                    rollout=past.id,
                    who=self.work.who,
                    before=kept,
                    origin=restore_point.as_dict(),
                )
            plan = past.plan or _no_plan(self.work.project.app, fleet, restore_point.machines.values())
            record = self._record(past.id, restore_point, plan, journal)
            record.release_command = past.command_ran if known else self._command_unknown()
            self.work.emit(
                "rollout.started", rollout=past.id, kind=past.kind, image=plan.image.ref, digest=plan.image.digest
            )
            return self._go(restore_point, fleet, record, name, again)
        finally:
            journal.close()

    def _command_unknown(self) -> CommandRan:
        """What to say of a release command where no journal tells whether it ran."""
        deploy = self.work.project.flytoml.raw.get("deploy")
        return "unknown" if isinstance(deploy, dict) and deploy.get("release_command") else ""

    def _record(self, rollout: str, restore_point: RestorePoint, plan: Plan, journal: Journal) -> Record:
        began = self.work.target.api.platform_time()
        ref, digest = plan.image.ref or "", plan.image.digest
        return Record(rollout, plan, journal, restore_point.machines, ref, digest, began=began)

    def _go(self, point: RestorePoint, fleet: Fleet, record: Record, name: str, again: str) -> Outcome:
        """Go back to a restore point, and say how that went.

        Args:
            name: what the journal calls the end when it went well; else it stays open, and can be resumed.
            again: what to type to finish it when it did not.
        """
        since, context = self.work.target.clock.monotonic(), self.work.context()
        wave = plan_way_back(point, {machine.id: machine for machine in fleet.machines}, self.work.limit)
        back = go_back(
            wave, point, record, context, reason="asked for", code="", stopped=lambda: context.stop.requested
        )
        tell_volumes_left(context, record, load_prices(self.work.target.flyctl.env)[0])
        kind, what, code = _told(back)
        goes_on = f"{again} goes on"
        next_ = "" if back.good else back.advice(goes_on) or f"{goes_on}; 'flyo status' shows what is where"
        seconds = self.work.target.clock.monotonic() - since
        outcome = Outcome(kind, what, back.rows, next_, code, seconds, EXITS[kind], not_taken_back=back.not_back)
        record.journal.forgive()
        entry, called = ("end", name) if back.good else ("halt", kind)
        kept = back.not_back.as_dict()
        record.journal.write(entry, outcome=called, exit=int(outcome.exit), what=what, not_taken_back=kept)
        return outcome

    def _take_over(self, past: PastRollout) -> Fleet:
        if past.running:
            raise FlyoError(
                f"{past.called} is running on this computer",
                where=f"app {past.app}",
                next="Wait for its end, or press Ctrl-C where it runs",
                code="rollout.running",
                exit=Exit.LOCKED,
            )
        images = [past.plan.image.ref if past.plan else None, *(machine.image for machine in past.before.values())]
        if image := next(filter(None, images), None):
            self.work.guard.secure(image)
        fleet = self.work.observe()
        clear_leftovers(self.work.context(), past.id, fleet.machines, self.end_orphans)
        return self.work.observe()

    def _check(self, past: PastRollout) -> None:
        assert past.plan is not None
        if past.plan.definition and past.plan.definition != definition_digest(self.work.project.flytoml.raw):
            raise UsageError(
                f"it has changed since {past.called} began",
                where=str(self.work.project.flytoml.path),
                next="Put it back and run 'flyo deploy --resume', or 'flyo deploy --abort' and then 'flyo deploy'",
                code="resume.config",
            )

    def _rest(self, past: PastRollout, fleet: Fleet, work: Deployment) -> Plan:
        """What is left to do: planned from what there is, towards what the killed rollout wanted."""
        assert past.plan is not None
        image = _known(past.plan.image, fleet)
        desired = replace(desired_of(work.project, image, work.policy), without=work.part.left_out)
        plan = plan_rollout(fleet, replace(desired, counts=past.counts or desired.counts))
        waves = list(plan.waves)
        if past.flyctl_done:
            # flyctl changes machines only after its release command has succeeded; once per rollout is enough.
            waves = [_without_release_command(wave) for wave in waves]
        busy = {lane.machine for lane in plan.lanes}
        idle = [machine for machine in without(fleet.managed, plan.left_out) if machine.id not in busy]
        lanes = sleep_lanes(idle, fleet, past.before)
        return replace(plan, waves=(*waves, Wave("sleep", lanes, limit=0)) if lanes else tuple(waves))

    def _close(self, past: PastRollout, outcome: str, what: str) -> None:
        self.work.journals.close(past, outcome, what, self.work.target.clock)


def _told(back: WayBack) -> tuple[OutcomeKind, str, str]:
    """What became of a way back that somebody asked for: kind, one sentence, code."""
    if back.good:
        return "done", return_sentence(back.rows, back.not_back), ""
    if back.end.kind == "interrupted":
        what = f"interrupted on the way back; not there yet: {back.amiss}"
        return "mixed", with_not_back(what, back.not_back), "interrupted"
    code = back.end.run.code if back.end.run else ""
    if back.end.kind == "inconclusive":
        return "inconclusive", with_not_back(f"no verdict on the way back: {back.amiss}", back.not_back), code
    return "mixed", with_not_back(f"the way back failed: {back.amiss}", back.not_back), code


def _rest_of_scale(past: PastRollout, fleet: Fleet, point: RestorePoint, specs: Mapping[str, VolumeSpec]) -> Plan:
    """What is left of a scale: to prove what was created and not proved, to create what is missing, to remove."""
    assert past.plan is not None
    steps = [step for lane in past.plan.lanes for step in lane.steps]
    sources = {step.group: step.source for step in steps if isinstance(step, CopyMachine)}
    created = [machine for machine in fleet.managed if maker(machine) and maker(machine) in point.made_by]
    unproved = {machine.id for machine in created if not verified(machine)}
    with_volumes = any(isinstance(step, DestroyVolume) for step in steps)
    plan = plan_scale(
        fleet, past.counts, sources=sources, unproved=unproved, watch=past.policy.watch, specs=specs,
        with_volumes=with_volumes,
    )  # fmt: skip
    return with_orphans(plan, orphan_lanes(past.plan.lanes, fleet))


def _known(image: PlannedImage, fleet: Fleet) -> PlannedImage:
    """The image with its digest, learnt from a machine that runs it where the builder did not tell."""
    if image.digest or image.ref is None:
        return image
    found = [machine.digest for machine in fleet.managed if machine.bare_image == bare(image.ref) and machine.digest]
    return PlannedImage(image.ref, found[0]) if found else image


def _without_release_command(wave: Wave) -> Wave:
    return replace(wave, flyctl=replace(wave.flyctl, release_command=False)) if wave.flyctl else wave


def _no_plan(app: str, fleet: Fleet, machines: Iterable[Machine]) -> Plan:
    """A plan that says nothing but where a way back leads."""
    return state_plan(app, fleet, list(machines))


def state_plan(app: str, fleet: Fleet, machines: list[Machine]) -> Plan:
    """An empty plan that describes a state by its machines' image and order."""
    groups = tuple(dict.fromkeys(machine.group for machine in machines))
    regions = tuple(dict.fromkeys(machine.region for machine in machines))
    image = PlannedImage(machines[0].image, machines[0].digest) if machines else PlannedImage()
    return Plan(app, fleet.fingerprint(), image, "", fleet.secrets, groups, (), regions=regions)
