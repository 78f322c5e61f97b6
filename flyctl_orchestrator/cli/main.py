"""The `flyo` command: finds subcommands lazily and turns every failure into one line and one exit status."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Mapping

import click

from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit

# name -> (section of the help page, module:attribute, one line). The line stands here, and not in the module, so that
# `flyo --help` imports click alone.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("Set up", "flyctl_orchestrator.cli.init.command:init", "Write fly.toml, flyo.toml and a Dockerfile."),
    "secrets": ("Set up", "flyctl_orchestrator.cli.secrets.command:secrets", "Set, import, list and unset secrets."),
    "plan": (
        "Roll out",
        "flyctl_orchestrator.cli.plan:plan",
        "Show what a deploy would change, machine by machine.",
    ),
    "deploy": (
        "Roll out",
        "flyctl_orchestrator.cli.deploy:deploy",
        "Build, release and roll out wave by wave.",
    ),
    "rollback": (
        "Roll out",
        "flyctl_orchestrator.cli.rollback:rollback",
        "Go back to an earlier release, the short way.",
    ),
    "scale": ("Roll out", "flyctl_orchestrator.cli.scale:scale", "Set exact machine counts per region."),
    "lock": ("Roll out", "flyctl_orchestrator.cli.lock:lock", "Who holds the app's lock; take it, give it back."),
    "status": ("Look", "flyctl_orchestrator.cli.status:status", "Machines, releases and health per region."),
    "history": ("Look", "flyctl_orchestrator.cli.history:history", "Rollouts of the app, newest first."),
    "rehearse": (
        "Rehearse",
        "flyctl_orchestrator.cli.rehearse:rehearse",
        "The next rollout, on a copy of the fleet.",
    ),
    "local": (
        "Rehearse",
        "flyctl_orchestrator.cli.local.command:local",
        "The local Fly platform: up, down, logs, exec.",
    ),
}


class LazyGroup(click.Group):
    """A group that imports a subcommand only when it is run, and lists them in sections."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][1].split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help page's list, one block per section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, (section, _, line) in COMMANDS.items():
            sections.setdefault(section, []).append((name, line))
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flyctl-orchestrator", prog_name="flyo")
@click.pass_context
def flyo(ctx: click.Context) -> None:
    """Take a web app to many Fly.io regions, one wave at a time, and prove each region healthy.

    Add --local to any command to do the same on this computer: no account, no Docker, no network.
    """
    ctx.ensure_object(dict)
    ctx.obj.setdefault("environment", Environment.of_process())


def wants_json(arguments: list[str]) -> bool:
    """Whether --json was given (looked at before parsing, since parsing itself may fail)."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options


def show_error(error: FlyoError, *, as_json: bool, variables: Mapping[str, str]) -> None:
    """One line for a person on stderr (on GitHub Actions also on the run's page), and with --json one object on stdout.

    Args:
        variables: the process environment.
    """
    if as_json:
        fields = {"event": "error", "code": error.code, "exit": int(error.exit), "where": error.where}
        fields |= {"what": error.what, "next": error.next}
        click.echo(json.dumps({"schema": "flyo.event/1", **fields}))
    click.echo(f"flyo: {error} [{error.code}]", err=True)
    if variables.get("GITHUB_ACTIONS") == "true" and not as_json:
        from flyctl_orchestrator.report.github_text import annotation

        click.echo(annotation("error", "flyo", str(error)), err=True)


def run(arguments: list[str], environment: Environment | None = None) -> int:
    """Run one command line and return its exit status; nothing escapes as a traceback.

    FLYO_TRACEBACK=1 in the environment lets a defect's traceback through, for a bug report.
    """
    as_json = wants_json(arguments)
    obj = {"environment": environment} if environment else {}
    variables = environment.variables if environment else os.environ
    try:
        status = flyo.main(arguments, prog_name="flyo", standalone_mode=False, obj=obj)
        return int(status) if isinstance(status, int) else Exit.OK
    except FlyoError as error:
        show_error(error, as_json=as_json, variables=variables)
        return int(error.exit)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return Exit.USAGE
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "flyo"
        advice = f"'{where} --help' shows what it takes"
        show_error(
            FlyoError(error.format_message().rstrip("."), where=where, next=advice, code="usage", exit=Exit.USAGE),
            as_json=as_json,
            variables=variables,
        )
        return Exit.USAGE
    except click.ClickException as error:
        show_error(FlyoError(error.format_message(), code="error"), as_json=as_json, variables=variables)
        return Exit.ERROR
    except (KeyboardInterrupt, click.Abort):
        stopped = FlyoError("interrupted", code="interrupted", exit=Exit.INTERRUPTED)
        show_error(stopped, as_json=as_json, variables=variables)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output went away (`flyo status | head -1`): not an error, but nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.ERROR
    except Exception as error:  # the last door: no defect shows a traceback to a user
        if variables.get("FLYO_TRACEBACK"):
            raise
        defect = FlyoError(
            f"a defect in flyo: {type(error).__name__}",
            next="Run again with FLYO_TRACEBACK=1 and report what it prints",
            code="defect",
        )
        show_error(defect, as_json=as_json, variables=variables)
        return Exit.ERROR


def main() -> None:
    """Console script."""
    sys.exit(run(sys.argv[1:]))
