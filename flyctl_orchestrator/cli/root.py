"""The top of the command line: which commands there are. Click alone is imported until one of them is named."""

from __future__ import annotations

import importlib
from typing import Any

import click

from flyctl_orchestrator import __version__
from flyctl_orchestrator.errors import UsageError

# name -> (section of the help page, module in `commands`, one line). The line stands here, and not in the module, so
# that neither `flyo --help` nor the completion of a command's name imports any command.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("Set up", "init", "Write fly.toml, flyo.toml and a Dockerfile."),
    "secrets": ("Set up", "secrets", "Set, import, list, check and unset secrets."),
    "regions": ("Set up", "regions", "Where they are; which suit your users, and at what price."),
    "cost": ("Set up", "cost", "What the app costs a month, line by line."),
    "ci": ("Set up", "ci", "Write a pipeline for GitHub or GitLab."),
    "plan": ("Roll out", "plan", "Show what a deploy would change, machine by machine."),
    "deploy": ("Roll out", "deploy", "Build, release and roll out wave by wave."),
    "rollback": ("Roll out", "rollback", "Go back to an earlier release."),
    "scale": ("Roll out", "scale", "Set exact machine counts per region."),
    "review": ("Roll out", "review", "An app for each pull request."),
    "lock": ("Roll out", "lock", "Who holds the app's lock; take it, release it."),
    "status": ("Look", "status", "Machines, releases and health per region."),
    "history": ("Look", "history", "What was done to the app, newest first."),
    "probe": ("Look", "probe", "How long answers take, region by region."),
    "watch": ("Look", "watch", "Wake each sleeping machine, look, put it back; for cron."),
    "logs": ("Look", "logs", "What the machines wrote, all regions in one stream."),
    "open": ("Look", "open", "Open the app in a browser."),
    "ssh": ("Look", "ssh", "A shell in a machine."),
    "run": ("Look", "run", "Run one command in a machine."),
    "doctor": ("Look", "doctor", "What is wrong or will be, why, and what to do."),
    "explain": ("Look", "explain", "What an error's code means, and what to do."),
    "rehearse": ("Rehearse", "rehearse", "The next rollout, on a copy of the fleet."),
    "local": ("Rehearse", "local", "The local Fly platform: up, down, logs, exec."),
}


# What flyctl has and flyo has not: said to whoever types it here. A test holds it against a real flyctl.
OF_FLYCTL = """
    agent apps auth certs checks completion config consul console dashboard dig docs extensions image incidents ips jobs
    launch litefs-cloud machine mcp mpg orgs ping platform postgres proxy redis releases services settings sftp storage
    synthetics tokens version volumes wireguard
"""

# Of these, what flyo does in another way.
OTHERWISE = {
    "completion": "'_FLYO_COMPLETE=bash_source flyo' prints it for bash, and zsh_source, fish_source the others",
    "version": "'flyo --version' tells flyo's, 'flyctl version' flyctl's",
}

# The same, below commands that both have.
BELOW_FLYCTL = {
    "doctor": "diag",
    "scale": "count memory show vm",
    "secrets": "deploy sync",
    "ssh": "console issue log sftp",
}


NOTHING = "it names nothing; write a value, or leave it out"


class Text(click.ParamType[str]):
    """A text that is not empty: a script's empty variable is a mistake, and not a wish for something else."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text itself."""
        if not str(value).strip():
            self.fail(NOTHING, param, ctx)
        return str(value)


class FilePath(click.Path[Any]):
    """A path that is not empty; pathlib takes an empty one for the current directory.

    Args:
        like: whose settings it has.
    """

    def __init__(self, like: click.Path[Any]) -> None:
        self.__dict__.update(vars(like))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if not str(value):
            self.fail(NOTHING, param, ctx)
        return super().convert(value, param, ctx)


def refuse_empty(command: click.Command) -> click.Command:
    """The command, and those below it, with options and arguments that take no empty text."""
    for parameter in command.params:
        if parameter.type is click.STRING:
            parameter.type = Text()
        elif type(parameter.type) is click.Path:
            parameter.type = FilePath(parameter.type)
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        refuse_empty(below)
    return command


class LazyGroup(click.Group):
    """A group that imports a subcommand only when it is run, and lists them in sections."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"flyctl_orchestrator.cli.commands.{COMMANDS[cmd_name][1]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return refuse_empty(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named; one that is only flyctl's, and one that may have been meant, are said."""
        name = args[0]
        if len(args) > 1 and args[1] in BELOW_FLYCTL.get(name, "").split():
            both = f"{name} {args[1]}"
            raise UsageError(f"No such command '{both}'", next=f"That is 'flyctl {both}'", code="usage.command")
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        near = get_close_matches(name, COMMANDS, n=1)
        advice = f"Did you mean 'flyo {near[0]}'?" if near else "'flyo --help' lists the commands"
        if name in OF_FLYCTL.split():
            advice = OTHERWISE.get(name, f"That is 'flyctl {name}'")
        raise UsageError(f"No such command '{name[:60]}'", next=advice, code="usage.command")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help page's list, one block per section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, (section, _, line) in COMMANDS.items():
            sections.setdefault(section, []).append((name, line))
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[click.shell_completion.CompletionItem]:
        """Commands that begin so, and after a dash the group's own options."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=line) for name, (_, _, line) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flyo")
@click.pass_context
def flyo(ctx: click.Context) -> None:
    """Take a web app to many Fly.io regions, one wave at a time, and prove each region healthy.

    Add --local to any command to do the same on this computer: no account, no Docker, no network.
    """
    if ctx.obj is None:
        from flyctl_orchestrator.cli.context import CommandContext
        from flyctl_orchestrator.environment import Environment

        ctx.obj = CommandContext(Environment.of_process())
