"""What every command works with: the world outside, and the options that all commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any

import click

from flyctl_orchestrator.errors import Declined, FlyoError, UsageError
from flyctl_orchestrator.project.build_options import BuildOptions

if TYPE_CHECKING:
    from pathlib import Path

    from flyctl_orchestrator.environment import Environment
    from flyctl_orchestrator.fleet.target import Target
    from flyctl_orchestrator.project.model import Project, RolloutPolicy
    from flyctl_orchestrator.report.output import Output


@dataclass
class SharedOptions:
    """Options that several commands have, as this command line gave them; a command without one has its default.

    Attributes:
        local: --local; FLYO_TARGET=local may stand for it.
        app: -a/--app.
        config: -c/--config.
        as_json: --json: stdout holds JSON alone, and nothing asks a question.
        plain: --plain: what is shown is read aloud; FLYO_PLAIN may stand for it.
        yes: -y/--yes.
        verbose: -v/--verbose.
        lock_wait: --lock-wait, in seconds.
        accept: --accept: codes of findings of `flyo doctor` at which a rollout does not stop.
        part: what --regions and its like say of the part of the fleet to change, by the names of `Part`.
        build: what the command line says about the build.
        policy: flags that stand in for flyo.toml's [rollout], by its names; None for one that was not given.
    """

    local: bool = False
    app: str | None = None
    config: Path | None = None
    as_json: bool = False
    plain: bool = False
    yes: bool = False
    verbose: bool = False
    lock_wait: float = 0.0
    accept: tuple[str, ...] = ()
    part: dict[str, tuple[str, ...]] = field(default_factory=dict)
    build: BuildOptions = field(default_factory=BuildOptions)
    policy: dict[str, Any] = field(default_factory=dict)


@dataclass
class CommandContext:
    """One run of one command. Reading `project` and `target` costs what it says: files, and a platform's start."""

    environment: Environment
    options: SharedOptions = field(default_factory=SharedOptions)
    # Where the command acts, and on which app, once it is known: what an error of the platform is about.
    _target: Target | None = field(default=None, init=False, repr=False)
    _app: str = field(default="", init=False, repr=False)

    def project(self, *, understood: bool = True) -> Project:
        """What fly.toml and flyo.toml say.

        Args:
            understood: whether values that a rollout depends on have to be understood already here.

        Raises:
            UsageError: they are missing or wrong; says which, where and why.
        """
        from flyctl_orchestrator.catalog.regions import UNKNOWN_REGION
        from flyctl_orchestrator.project.project import load_project

        environment, options = self.environment, self.options
        files = (environment.cwd, options.config, options.app, environment.variables)
        try:
            project = load_project(*files)
            if any(problem.code == UNKNOWN_REGION for problem in project.problems):
                project = load_project(*files, offered=self.offered())
        except UsageError as error:
            if error.code != UNKNOWN_REGION:
                raise
            project = load_project(*files, offered=self.offered())
        self._app = project.app
        if understood:
            project.require_understood()
        return project

    def offered(self) -> list[str]:
        """Regions that the platform offers: newer than our catalog. None where nobody can be asked."""
        try:
            return self.target().flyctl.regions()
        except FlyoError:
            return []

    def project_to_look(self) -> Project:
        """The project for a command that only looks or undoes: what is wrong with its files is said and not in the way.

        Raises:
            UsageError: the app's name is not known.
        """
        from flyctl_orchestrator.project.project import load_to_look

        environment, options = self.environment, self.options
        project, wrong = load_to_look(environment.cwd, options.config, options.app, environment.variables)
        self._app = project.app
        self.output.say(*(self.advice(f"warning: {error}") for error in wrong))
        return project

    def policy(self, project: Project) -> RolloutPolicy:
        """flyo.toml's [rollout] with the command line's flags.

        Raises:
            UsageError: the flags contradict it.
        """
        from flyctl_orchestrator.rollout.plan.desired import with_flags

        return with_flags(project.flyo.rollout, **self.options.policy)

    def target(self, *, needs_flyctl: bool = True) -> Target:
        """Where to act; starts the local platform when it is asked for and does not run.

        Args:
            needs_flyctl: False for commands that only use the Machines API.

        Raises:
            UnreachableError: flyctl, a token or the local platform is missing.
            UsageError: the environment contradicts itself.
        """
        from flyctl_orchestrator.cli.target import resolve_target

        self._target = resolve_target(self.environment, self.options.local, needs_flyctl=needs_flyctl)
        return self._target

    def explained(self, error: FlyoError) -> FlyoError:
        """An error as it is told: where something was not found because there is no such app, that is said instead."""
        app = self.options.app or self._app
        if error.code != "api.not_found" or self._target is None or not app:
            return error
        return self._target.missing(app) or error

    def advice(self, text: str) -> str:
        """A text for a person, in which every command works as it stands: it names the same target as this one."""
        from flyctl_orchestrator.report.advice import TypedTarget

        options, stands_for_it = self.options, self.environment.variables.get("FLYO_TARGET") == "local"
        config = str(options.config) if options.config else None
        typed = TypedTarget(options.local and not stands_for_it, options.app, config, on_local=options.local)
        return typed.advice(text)

    @cached_property
    def output(self) -> Output:
        """Where everything that is printed goes."""
        from flyctl_orchestrator.report.output import Output

        return Output.of(self.environment, plain=self.options.plain)

    @property
    def may_ask(self) -> bool:
        """Whether a question may be put: there is a person, and neither --yes nor --json was given."""
        return self.environment.interactive and not self.options.yes and not self.options.as_json

    def confirm(self, question: str, *, default: bool) -> bool:
        """A yes or no from the person at the terminal.

        Raises:
            KeyboardInterrupt: the user left, with Ctrl-C or by ending the input.
        """
        from flyctl_orchestrator.cli.questions import confirm

        return confirm(self.environment, question, default=default)

    def insist(self, question: str, *, default: bool = False) -> None:
        """Ask the person at the terminal, and go on with a yes only.

        Raises:
            Declined: it is a no.
            KeyboardInterrupt: the user left, with Ctrl-C or by ending the input.
        """
        if not self.confirm(question, default=default):
            raise Declined


def pass_command_context(command: Callable[..., Any]) -> Callable[..., Any]:
    """Hand a command its context; what an error of it advises works as it stands."""

    @click.make_pass_decorator(CommandContext)
    @wraps(command)
    def run(context: CommandContext, /, *arguments: Any, **options: Any) -> Any:
        try:
            return command(context, *arguments, **options)
        except FlyoError as error:
            told = context.explained(error)
            told.next = context.advice(told.next)
            raise told from error.__cause__

    return run
