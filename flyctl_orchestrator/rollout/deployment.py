"""One deploy from the project's files to the outcome: observe, build, plan, run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from flyctl_orchestrator import __version__
from flyctl_orchestrator.catalog.prices import load_prices
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.builder import BuildRequest, BuiltImage, build, new_label
from flyctl_orchestrator.fleet.flyctl.app_logs import newest_lines
from flyctl_orchestrator.fleet.redact import without_private
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.build_options import BuildOptions
from flyctl_orchestrator.project.building import named_image, plan_build
from flyctl_orchestrator.project.model import Project, RolloutPolicy
from flyctl_orchestrator.rollout.context.concurrency import Concurrency, Stop
from flyctl_orchestrator.rollout.context.context import RolloutContext, edge_of
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.context.hooks import HookRunner
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.context.same_code import label_again, mark_of, marked
from flyctl_orchestrator.rollout.executor import Executor
from flyctl_orchestrator.rollout.journal.goal import goal_as_dict
from flyctl_orchestrator.rollout.journal.journal import Journal
from flyctl_orchestrator.rollout.journal.journals import JournalStore
from flyctl_orchestrator.rollout.lock.guard import Guard, Unguarded
from flyctl_orchestrator.rollout.plan.changed_volumes import detached_volumes
from flyctl_orchestrator.rollout.plan.desired import desired_of
from flyctl_orchestrator.rollout.plan.file import plan_as_dict
from flyctl_orchestrator.rollout.plan.left_out import but_left_out, without
from flyctl_orchestrator.rollout.plan.part import Part
from flyctl_orchestrator.rollout.plan.plan import Plan, PlannedImage
from flyctl_orchestrator.rollout.plan.planner import plan_rollout
from flyctl_orchestrator.rollout.plan.smaller import smaller_machines
from flyctl_orchestrator.rollout.run.baseline import Measured, measure
from flyctl_orchestrator.rollout.run.hooks_around import AroundRollout
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.run.result_rows import rows_at_the_end
from flyctl_orchestrator.rollout.run.volumes.left import tell_volumes_left
from flyctl_orchestrator.rollout.state.changed_secrets import changed_since
from flyctl_orchestrator.rollout.state.machine_file import machine_as_dict
from flyctl_orchestrator.rollout.state.not_taken_back import CommandRan
from flyctl_orchestrator.rollout.state.observe import Fleet, observe, secrets_as_dict
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint
from flyctl_orchestrator.rollout.state.rollout_ids import changed_by, new_rollout_id
from flyctl_orchestrator.rollout.state.secrets_version import newest_secrets_version

LOGS = {
    "fly": "flyctl logs --app {app} --machine {machine}",
    "local": "flyo local logs --app {app} --machine {machine}",
}


@dataclass(frozen=True)
class Deployment:
    """One app, one target, one command.

    Attributes:
        policy: flyo.toml's [rollout] with the command line's flags.
        state: directory for journals.
        guard: the lock it all happens under.
        hooks: the user's own commands; none of them unless they are handed in.
        who: who runs it, e.g. "ann@laptop", for the history.
        build_options: what the command line says about the build.
        part: what of the fleet a rollout is about.
        again: a directory for files of the build, where a release is made although nothing has changed; else None.
        sync: has a journal's open file on disk before it returns.
        measured: how machines answered before anything was changed, as far as there was time to ask.
    """

    target: Target
    project: Project
    policy: RolloutPolicy
    concurrency: Concurrency
    emit: Emitter
    stop: Stop
    state: Path
    guard: Guard = field(default_factory=Unguarded)
    hooks: HookRunner = field(default_factory=HookRunner)
    who: str = ""
    build_options: BuildOptions = field(default_factory=BuildOptions)
    part: Part = field(default_factory=Part)
    again: Path | None = None
    sync: Callable[[int], None] = os.fsync
    measured: Measured = field(default_factory=Measured)

    # --- before anything changes

    def observe(self, *, known: bool = False, secrets: bool = True) -> Fleet:
        """Read the fleet; `known`: the app is there."""
        volumes = bool(self.project.flytoml.volumes)
        return observe(self.target.api, self.project.app, volumes=volumes, known=known, secrets=secrets)

    def given_image(self, image: str | None) -> PlannedImage:
        """The image the user names, on the command line or as fly.toml's [build] image; else one still to be built."""
        ref = image or named_image(self.project)
        if not ref:
            return PlannedImage()
        _, _, digest = ref.partition("@")
        return PlannedImage(ref, digest or None)

    def build(self, fleet: Fleet | None = None, *, ask: bool = True) -> PlannedImage:
        """Build the image; an unchanged project gives the same digest where the builder tells digests.

        Args:
            fleet: as it is before a rollout.
            ask: whether its machines are asked meanwhile how they are.

        Raises:
            BuildError: it could not be built; nothing was changed.
        """
        self.emit("build.started")
        there = fleet.managed if fleet is not None and ask else ()
        asked = [machine for machine in there if not {machine.region, machine.id} & set(self.part.left_out)]
        since = self.target.clock.monotonic()
        built: BuiltImage = self.concurrency.beside(
            lambda: self._build(fleet),
            lambda over: measure(self.context(), asked, self.measured, over=over),
        )
        for notice in built.notices:
            self.emit("warning", code="build.notice", what=notice)
        seconds = self.target.clock.monotonic() - since
        self.emit("build.finished", ref=built.ref, digest=built.digest, cached=built.cached, seconds=round(seconds, 3))
        return PlannedImage(built.ref, built.digest)

    def _build(self, fleet: Fleet | None) -> BuiltImage:
        request = self._request()
        if self.again is not None:
            # The label never repeats, and so neither does the image.
            request = replace(request, label=label_again(request.label))
            return build(self.target, marked(request, self.again, mark_of(request.label) or ""), self._log)
        return self._same_as_again(request, fleet) or build(self.target, request, self._log)

    def _same_as_again(self, request: BuildRequest, fleet: Fleet | None) -> BuiltImage | None:
        """The image that --again has made last, where the project is still what it was made of; else None.

        Only a builder that tells digests can say so; flyctl does not.
        """
        running = {(each.bare_image, each.digest) for each in fleet.managed} if fleet else set()
        if len(running) != 1 or not self.target.builder_url:
            return None
        ((reference, digest),) = running
        mark = mark_of(reference)
        if mark is None or digest is None:
            return None
        with TemporaryDirectory(prefix="flyo-same-") as scratch:
            built = build(self.target, marked(request, Path(scratch), mark), self._log)
        return built if built.digest == digest else None

    def _log(self, line: str) -> None:
        self.emit("build.log", line=without_private(line))

    def _request(self) -> BuildRequest:
        return BuildRequest(
            app=self.project.app,
            context=self.project.context.absolute(),
            config=self.project.flytoml.path.absolute(),
            label=new_label(self.target.clock, self.target.random),
            build=plan_build(self.project, self.build_options),
            options=self.build_options,
            install=self.project.flyo.local.build,
            inputs=self.project.flyo.local.inputs,
            runtime=self.project.flyo.local.runtime,
        )

    def make_app(self) -> None:
        """Create the app on the local platform; on Fly.io names are global and apps cost money, so a person decides.

        Raises:
            FlyoError: the app does not exist on Fly.io.
        """
        app = self.project.app
        if self.target.kind != "local":
            raise FlyoError(
                f"there is no app {app} on Fly.io, or the token may not see it",
                where=str(self.project.flytoml.path),
                next=self.target.creating(app),
                code="app.missing",
            )
        self.target.flyctl.apps_create(app)
        self.emit("app.created")

    def plan(self, fleet: Fleet, image: PlannedImage) -> Plan:
        """Plan the way from a fleet to what the files describe.

        Raises:
            UsageError: it cannot be reached.
        """
        desired = self.part.of(fleet, desired_of(self.project, image, self.policy))
        return self.with_notes(plan_rollout(fleet, desired), fleet)

    def with_notes(self, plan: Plan, fleet: Fleet) -> Plan:
        """A plan that says which machines get smaller or lose their volume, and what could not be taken back."""
        if plan.empty:
            return plan
        smaller = smaller_machines(plan, fleet.machines, self.project.flytoml)
        notes = [*plan.notes, *(f"a machine is made smaller: {each.what}" for each in smaller)]
        detached = detached_volumes(plan, fleet)
        notes += [f"a machine is replaced by one without its volume: {each.what}" for each in detached]
        if changed := changed_since(without(fleet.managed, plan.left_out), fleet, self.journals.secrets_at):
            notes.append(
                f"{changed}; should this go back, machines start with the newest values: Fly keeps no old ones"
            )
        if goal_as_dict(self.project, self.policy, plan)["release_command"]:
            notes.append("a release command is run first; should this go back, what it did is not taken back")
        return replace(plan, notes=tuple(notes))

    def announce(self, plan: Plan) -> None:
        """Tell what the plan is, and what is strange about the fleet."""
        for drift in plan.drift:
            facts = {"kind": drift.kind, "region": drift.region, "machine": drift.machine, "fixed": drift.fixed}
            self.emit("drift.found", **facts, what=drift.what)
        for note in plan.notes:
            self.emit("note", line=note)
        shown = plan_as_dict(plan)
        facts = {"kind": plan.kind, "counts": shown["counts"]}
        if plan.empty:
            # A machine that belongs to nobody is nobody's to act on.
            left = sum(drift.kind != "unmanaged" for drift in plan.drift)
            self.emit("plan.nothing_to_do", unchanged=plan.unchanged, drift=left, **facts)
            return
        # A machine that is replaced is one, though its old self goes in a wave of its own.
        machines = sum(lane.reasons != ("replaced",) for lane in plan.lanes)
        self.emit("plan.ready", machines=machines, waves=shown["waves"], image=shown["image"], **facts)

    # --- the change itself

    def run(
        self,
        plan: Plan,
        fleet: Fleet,
        *,
        restore_point: RestorePoint | None = None,
        resumes: str = "",
        release_command: CommandRan = "",
    ) -> Outcome:
        """Run a plan on the fleet it was made for.

        Args:
            restore_point: where to go back to if it fails, when that is not `fleet` (a killed rollout is resumed).
            resumes: id of that rollout.
            release_command: how far that rollout's came.

        Raises:
            FlyoError: the fleet has moved since, or the journal cannot be written; nothing was changed.
            Locked: the lock could only be taken with the image there is now, and somebody else has it.
        """
        if not plan.empty and self.guard.secure(plan.image.ref):
            fleet = self.observe()
        if plan.fingerprint != fleet.fingerprint():
            raise FlyoError(
                "the fleet has changed since the plan was made",
                where=f"app {plan.app}",
                next="Look at a new one with 'flyo plan'",
                code="plan.stale",
                exit=Exit.CHANGES,
            )
        rollout = self.new_id(fleet)
        around = AroundRollout(self.hooks, plan, rollout, self.stop, self.emit)
        outcome = None if plan.empty or resumes else around.before()
        if outcome is None:
            work = replace(self, hooks=around.hooks)
            journal = self.journals.open(rollout, self.target.clock)
            try:
                outcome = work._run(plan, fleet, rollout, journal, restore_point, resumes, release_command)
            finally:
                journal.close()
        if not plan.empty:
            around.after(outcome)
        return replace(outcome, rollout=rollout)

    def new_id(self, fleet: Fleet) -> str:
        """The id of a rollout that begins now, after all that are known here or that `fleet`'s machines tell of.

        Raises:
            FlyoError: nobody can tell which journals there are (code journal.bad).
        """
        seen = (*self.journals.ids(), *map(changed_by, fleet.machines))
        return new_rollout_id(self.target.clock, self.target.random, seen)

    def _run(
        self,
        plan: Plan,
        fleet: Fleet,
        rollout: str,
        journal: Journal,
        restore_point: RestorePoint | None,
        resumes: str,
        release_command: CommandRan,
    ) -> Outcome:
        before, began = {machine.id: machine for machine in fleet.machines}, self.target.api.platform_time()
        context = self.context()
        record = Record(
            rollout,
            plan,
            journal,
            before,
            plan.image.ref or "",
            plan.image.digest,
            restore_point=restore_point,
            began=began,
            release_command=release_command,
            baseline={id: answer for id, answer in self.measured.first.items() if id in before},
            pages=self.measured.pages,
        )
        record.learn_firsts(without(fleet.managed, plan.left_out))
        if plan.empty:
            asked = without(before.values(), plan.left_out)
            measure(context, asked, Measured(record.baseline, record.pages), once=True)
            rows = tuple(rows_at_the_end(before, record, {}))
            what = "every count is as asked" if plan.kind == "scale" else "every machine is as it should be"
            return Outcome("nothing", what + but_left_out(plan.left_out), rows)
        kept = [
            machine_as_dict(machine)
            for machine in (restore_point.machines.values() if restore_point else fleet.managed)
        ]
        journal.write(
            "begin", flyo=__version__, rollout=rollout, who=self.who, plan=plan_as_dict(plan), before=kept, began=began,
            resumes=resumes,
            secrets=secrets_as_dict(fleet), release_command_ran=release_command,
            **({"origin": restore_point.as_dict()} if restore_point else {}),
            **goal_as_dict(self.project, self.policy, plan),
        )  # fmt: skip
        self.emit("rollout.started", rollout=rollout, kind=plan.kind, image=plan.image.ref, digest=plan.image.digest)
        outcome = Executor(context, record, self.policy).run()
        if outcome.code != "blind":
            tell_volumes_left(context, record, load_prices(self.target.flyctl.env)[0])
        return outcome

    def finish(self, outcome: Outcome) -> None:
        """Tell how it ended."""
        self.emit("rollout.finished", **outcome.as_fields(), url=self.target.app_url(self.project.app))

    @property
    def limit(self) -> int:
        """Machines that serve and may be changed at once within one region."""
        return max(1, self.policy.max_unavailable)

    @property
    def journals(self) -> JournalStore:
        """The app's earlier rollouts on this computer."""
        return JournalStore.under(self.state, self.target.kind, self.project.app, self.sync)

    def context(self) -> RolloutContext:
        """What the rollout acts with."""
        project, target = self.project, self.target
        fly = project.flytoml
        sized = [group for group in fly.process_groups if fly.vm_of(group) is not None]
        return RolloutContext(
            app=project.app,
            api=target.api,
            flyctl=target.flyctl,
            prober=target.prober,
            clock=target.clock,
            concurrency=self.concurrency,
            emit=self.emit,
            stop=self.stop,
            config=fly.path.absolute(),
            directory=project.context,
            app_url=target.probe_template(project.flyo.url_template),
            probe=project.flyo.probe,
            timeout=self.policy.timeout,
            watch_back=min(self.policy.watch, self.policy.watch_back),
            timeout_back=self.policy.timeout_back,
            secrets_version=newest_secrets_version(target.flyctl.env, project.app),
            sized=frozenset(sized),
            edge=edge_of(target.kind, self.policy.propagation),
            metrics=target.metrics,
            logs=LOGS[target.kind],
            newest_lines=partial(newest_lines, target.flyctl, project.app),
            secrets_at=self.journals.secrets_at,
            guard=self.guard,
            hooks=self.hooks,
        )
