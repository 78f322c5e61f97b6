"""`flyo rehearse`: the next rollout on a copy of the fleet, with faults if wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from flyctl_orchestrator.cli.deploy import carry_out
from flyctl_orchestrator.cli.interrupts import breaking_off, heeding
from flyctl_orchestrator.cli.options import json_option, target_options
from flyctl_orchestrator.cli.policy import POLICY_FLAGS, policy_options
from flyctl_orchestrator.cli.run_under_lock import show_table
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.cli.target import resolve_target
from flyctl_orchestrator.cli.throwaway import Throwaway, throwaway
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.fleet.machine import bare
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Project, RolloutPolicy
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.report.choose import choose_reporter
from flyctl_orchestrator.rollout.context.concurrency import Stop, Threads
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.plan.desired import with_flags
from flyctl_orchestrator.rollout.plan.plan import Plan
from flyctl_orchestrator.rollout.rehearsal.await_ready import CopyFailed, await_ready
from flyctl_orchestrator.rollout.rehearsal.copied import Copied, copied
from flyctl_orchestrator.rollout.rehearsal.deployment import RehearsedDeployment
from flyctl_orchestrator.rollout.rehearsal.fault_spec import FORM, about_image, parse_fault
from flyctl_orchestrator.rollout.rehearsal.stage import Stage
from flyctl_orchestrator.rollout.state.observe import observe


@dataclass(frozen=True)
class Wanted:
    """What is to be rehearsed.

    Attributes:
        faults: bodies of requests for them.
        before: directory with the code that runs, where its image is not on this computer.
        secrets: the user's values for the rehearsal. Never shown.
    """

    project: Project
    policy: RolloutPolicy
    faults: list[dict[str, Any]]
    before: Path
    secrets: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Wanted({self.project.app})"


@click.command(short_help="The next rollout, on a copy of the fleet.")
@target_options
@click.option("--from-live", is_flag=True, help="Copy the app on Fly.io (default, unless FLYO_TARGET=local).")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help=f"{FORM}.")
@click.option("--secrets", "secrets_file", metavar="FILE", help="NAME=VALUE lines for the copy; else placeholders.")
@click.option(
    "--before",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Code that runs now, if its image is not on this computer (default: this directory).",
)
@policy_options
@click.option("-v", "--verbose", is_flag=True, help="Every step, probe and line of flyctl.")
@json_option
@click.pass_obj
def rehearse(
    obj: dict[str, Environment],
    /,
    local: bool,
    app_name: str | None,
    config_path: Path | None,
    from_live: bool,
    faults: tuple[str, ...],
    secrets_file: str | None,
    before: Path | None,
    verbose: bool,
    as_json: bool,
    **flags: object,
) -> int:
    """Roll out to a copy of the fleet on this computer, and end with the exit status that `flyo deploy` would have had.

    The fleet is only read. Its machines are set up on a local platform made for this run, with the same ids, regions,
    process groups, configuration and sleep; secrets have placeholder values. The project is built and rolled out there
    as it would be on the fleet, while the named faults happen. Afterwards the platform is gone.
    """
    environment = obj["environment"]
    if from_live and local:
        raise UsageError("--from-live and --local name two fleets", where="flyo rehearse", next="Give one of them")
    project = load_project(environment.cwd, config_path, app_name, environment.variables)
    project.regions()
    wanted = Wanted(
        project=project,
        policy=with_flags(project.flyo.rollout, **{name: flags.get(name) for name in POLICY_FLAGS}),
        faults=[parse_fault(each) for each in faults],
        before=environment.cwd / before if before else project.root,
        secrets=_secrets(environment, secrets_file),
    )
    reporter = choose_reporter(environment, as_json=as_json, verbose=verbose)
    emit = Emitter(project.app, environment.clock, reporter.event)
    try:
        with breaking_off(), throwaway(environment) as place:
            source = resolve_target(_of_source(environment, from_live), local, needs_flyctl=False)
            run = _Run(environment, place, wanted, emit)
            verdict = run.rehearse(_copy(source, wanted), source)
    finally:
        reporter.close()
    if not as_json:
        _show(verdict, source, project.app, environment)
    return verdict.exit


def _of_source(environment: Environment, from_live: bool) -> Environment:
    if not from_live:
        return environment
    kept = {name: value for name, value in environment.variables.items() if name != "FLYO_TARGET"}
    return replace(environment, variables=kept)


def _secrets(environment: Environment, source: str | None) -> dict[str, str]:
    if source is None:
        return {}
    from flyctl_orchestrator.cli.secrets.input import read_env_text
    from flyctl_orchestrator.project.envfile import parse_env

    text, shown = read_env_text(environment, source)
    return parse_env(text, shown=shown).values


def _copy(source: Target, wanted: Wanted) -> Copied:
    app = wanted.project.app
    fleet = observe(source.api, app)
    names = [secret.name for secret in source.api.list_secrets(app)] if fleet.exists else []
    return copied(fleet, names, wanted.secrets)


@dataclass(frozen=True)
class Verdict:
    """What would have happened; `outcome` is None when the rollout did not get that far."""

    exit: int
    what: str
    outcome: Outcome | None = None


@dataclass(frozen=True)
class _Run:
    environment: Environment
    place: Throwaway
    wanted: Wanted
    emit: Emitter

    def rehearse(self, copy: Copied, source: Target) -> Verdict:
        """Set the copy up and roll out."""
        target = resolve_target(self.place.environment, True)
        stage = Stage(target)
        stage.check_faults([{**fault, "machine": None} for fault in self.wanted.faults])
        with Threads() as threads:
            work = RehearsedDeployment(
                target=target,
                project=self.wanted.project,
                policy=self.wanted.policy,
                concurrency=threads,
                emit=self.emit,
                stop=Stop(),
                state=state_directory(self.place.environment),
                scratch=self.place.scratch,
                ready=partial(self._set_faults, stage),
            )
            running = self._set_up(copy, source, stage, work)
            verdict = self._roll_out(replace(work, running=running))
        self.emit("rehearsal.finished", exit=verdict.exit, what=verdict.what)
        return verdict

    def _set_up(self, copy: Copied, source: Target, stage: Stage, work: RehearsedDeployment) -> frozenset[str]:
        """The digests that the copied machines run."""
        from flyctl_orchestrator.cli.local.client import local_directory

        images = stage.borrow(local_directory(self.environment), copy)
        here = [bool(machine.digest and machine.digest in images) for machine in copy.machines]
        facts = {"source": source.kind, "machines": len(copy.machines), "with_own_image": sum(here)}
        placeholders = sorted(set(copy.secrets) - copy.given)
        self.emit("rehearsal.started", **facts, placeholders=placeholders)
        if not copy.machines:
            return frozenset()
        instead = "" if all(here) else work.build_before(self.wanted.before).ref
        stage.set_up(copy, images, instead)
        try:
            await_ready(work.target.api, self.environment.clock, copy, self.wanted.policy.timeout)
        except CopyFailed as failure:
            for line in stage.last_words(copy.app, failure.machine.id, tuple(copy.secrets.values())):
                self.emit("note", line=f"  {failure.machine.id} | {line}")
            raise
        return frozenset(machine.digest for machine in copy.machines if machine.digest)

    def _set_faults(self, stage: Stage, plan: Plan) -> None:
        new = bare(plan.image.ref or "")
        for fault in stage.add_faults([about_image(fault, new) for fault in self.wanted.faults]):
            told = ("name", "region", "machine", "ends_in", "times_left", "chance", "set")
            self.emit("fault.set", fault=fault["id"], **{key: fault[key] for key in told})

    def _roll_out(self, work: RehearsedDeployment) -> Verdict:
        try:
            with heeding(work.stop):
                outcome = carry_out(work, None, self.place.environment, ask=False)
        except FlyoError as error:
            return Verdict(int(error.exit), f"{error.what} [{error.code}]")
        work.finish(outcome)
        return Verdict(int(outcome.exit), outcome.what, outcome)


def _show(verdict: Verdict, source: Target, app: str, environment: Environment) -> None:
    if verdict.outcome is not None:
        show_table(verdict.outcome, environment, "")
    where = "on Fly.io" if source.kind == "fly" else "on the local platform"
    click.echo(f"What would have happened: {verdict.what}; exit status {verdict.exit}.", file=environment.stdout)
    click.echo(f"This was a copy: app {app} {where} was not touched.", file=environment.stdout)
