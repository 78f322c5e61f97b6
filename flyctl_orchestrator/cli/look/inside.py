"""What `flyo ssh` and `flyo run` do: put a shell or a command into a machine.

On Fly.io by way of flyctl, at this very terminal. On the local platform a machine is a process of this computer, and
the command gets its directory and environment; or a container, and the `docker` command starts it in there.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.local.client import ask, require_running
from flyctl_orchestrator.cli.local.shell import at_this_terminal
from flyctl_orchestrator.cli.look.app import app_to_look_at
from flyctl_orchestrator.cli.target import wants_local
from flyctl_orchestrator.errors import FlyoError, UnreachableError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.target import Target

SHELL = "/bin/sh"


@dataclass(frozen=True)
class Wanted:
    """Which machine; None for any."""

    region: str | None = None
    machine: str | None = None

    @property
    def said(self) -> str:
        """For a person, e.g. "machine 148e in fra"."""
        what = f"machine {self.machine}" if self.machine else "machine"
        return f"{what} in {self.region}" if self.region else what


def open_shell(context: CommandContext, wanted: Wanted) -> int:
    """A shell in a machine; gives its exit status.

    Raises:
        FlyoError: no such machine is started (code run.no_machine), or the platform or flyctl cannot be reached.
    """
    target, machine = _choose(context, wanted)
    context.output.say(f"{machine.region} {machine.id}")
    if target.kind == "local":
        return _joined(context, machine, (SHELL,))
    return _through_flyctl(context, target, machine, ())


def run_inside(context: CommandContext, wanted: Wanted, command: Sequence[str]) -> int:
    """One command in a machine; gives its exit status, on Fly.io flyctl's.

    Raises:
        FlyoError: as `open_shell`.
    """
    target, machine = _choose(context, wanted)
    context.output.say(f"{machine.region} {machine.id}")
    if target.kind == "local":
        return _joined(context, machine, command)
    return _through_flyctl(context, target, machine, ("--command", shlex.join(command)))


def _choose(context: CommandContext, wanted: Wanted) -> tuple[Target, Machine]:
    """The machine: of those that are started, the first by region and id."""
    app = app_to_look_at(context)
    target = context.target(needs_flyctl=not wants_local(context.environment, context.options.local))
    listed = [each for each in target.api.list_machines(app) if each.managed]
    fits = [
        each
        for each in listed
        if wanted.machine in (None, each.id) and wanted.region in (None, each.region) and each.state == "started"
    ]
    if not fits:
        raise FlyoError(
            f"no {wanted.said} is started" if listed else "it has no machine",
            where=f"app {app}",
            next="'flyo status --machines' shows machines and their states",
            code="run.no_machine",
        )
    return target, min(fits, key=lambda each: (each.region, each.id))


def _through_flyctl(context: CommandContext, target: Target, machine: Machine, more: Sequence[str]) -> int:
    flyctl = target.flyctl
    argv = (*flyctl.argv, "ssh", "console", "--app", machine.app, "--machine", machine.id, *more)
    return _run(context, argv, flyctl.env, context.environment.cwd)


def _joined(context: CommandContext, machine: Machine, command: Sequence[str]) -> int:
    path = f"/_local/apps/{machine.app}/machines/{machine.id}/surroundings"
    said: Any = ask(context.environment, require_running(context.environment), "GET", path)
    container, engine = said.get("container"), said.get("engine")
    if isinstance(container, str) and isinstance(engine, str):
        return _in_container(context, machine, (engine, container), command)
    directory, env = said.get("directory"), said.get("env")
    if not isinstance(directory, str) or not isinstance(env, dict):
        what, advice = "it does not say where the machine runs", "'flyo local status' shows what runs"
        raise UnreachableError(what, where="local platform", next=advice, code="local.unreadable")
    own = {name: context.environment.variables[name] for name in ("TERM",) if name in context.environment.variables}
    return _run(context, command, {**own, **env}, Path(directory))


def _in_container(context: CommandContext, machine: Machine, container: tuple[str, str], command: Sequence[str]) -> int:
    """Have the `docker` command start it in a container, given with its engine's address."""
    environment = context.environment
    engine, name = container
    if shutil.which("docker", path=environment.variables.get("PATH", "")) is None:
        raise FlyoError(
            f"it runs in container {name[:12]}, and there is no `docker` command on PATH to enter that with",
            where=f"machine {machine.id}",
            next="Install the docker command line",
            code="run.command",
        )
    terminal = environment.stdin.isatty() and environment.stdout.isatty()
    how = ("--interactive", "--tty") if terminal else ("--interactive",)
    argv = ("docker", "--host", engine, "exec", *how, name, *command)
    return _run(context, argv, environment.variables, environment.cwd)


def _run(context: CommandContext, argv: Sequence[str], env: Mapping[str, str], directory: Path) -> int:
    status = at_this_terminal(argv, env, directory)
    if isinstance(status, OSError):
        error = FlyoError(status.strerror or str(status), where=argv[0], code="run.command")
        context.output.say(f"flyo: {error} [{error.code}]")
        return 127 if isinstance(status, FileNotFoundError) else 126
    return status
