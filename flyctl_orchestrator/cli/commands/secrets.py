"""`flyo secrets`: set, import, generate, list, check and unset, with values that are never shown."""

from __future__ import annotations

import click

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import json_option, not_with, target_options


@click.group()
def secrets() -> None:
    """Secrets of the app: set them here, and the next deploy gives them to the machines.

    Values come from a hidden prompt, from stdin or from a .env file, and are never shown again.
    """


@secrets.command("set", short_help="Set secrets, from a hidden prompt or from stdin.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the one value from stdin (or write NAME=-).")
@click.option("--if-missing", is_flag=True, help="Leave secrets that exist as they are.")
@target_options
@json_option
@pass_command_context
def set_(context: CommandContext, names: tuple[str, ...], from_stdin: bool, if_missing: bool) -> None:
    """Set each NAME to a value that is asked for at the terminal, or read from stdin with NAME=- or --stdin.

    One line end after a piped value is left out; everything else counts. Values cannot be given on the command line,
    where other programs and the shell's history would see them.
    """
    from flyctl_orchestrator.cli.secrets.command import set_secrets

    set_secrets(context, names, from_stdin=from_stdin, if_missing=if_missing)


@secrets.command("import", short_help="Set secrets from a .env file.")
@click.argument("source", default="-", metavar="[FILE|-]")
@target_options
@json_option
@pass_command_context
def import_(context: CommandContext, source: str) -> None:
    """Set every NAME=VALUE of a .env FILE, or of stdin.

    Quotes and escapes mean what they mean in .env files; $NAME stays as it is written. Names that belong to Fly.io
    are left out, and named.
    """
    from flyctl_orchestrator.cli.secrets.command import import_secrets

    import_secrets(context, source)


@secrets.command(short_help="Set a strong random value.")
@click.argument("name")
@click.option(
    "--bytes", "size", type=click.IntRange(16, 1024), default=32, show_default=True, help="Bytes of randomness."
)
@click.option("--replace", is_flag=True, help="Replace a secret that exists.")
@click.option("--if-missing", is_flag=True, help="Leave a secret that exists as it is, and say so.")
@target_options
@json_option
@not_with("--if-missing", "--replace")
@pass_command_context
def generate(context: CommandContext, name: str, size: int, replace: bool, if_missing: bool) -> None:
    """Set NAME to a random value of URL-safe characters, which is never shown.

    It comes from the operating system's source of randomness.
    """
    from flyctl_orchestrator.cli.secrets.command import generate_secret

    generate_secret(context, name, size, replace=replace, if_missing=if_missing)


@secrets.command("list", short_help="Names, digests and whether machines have them.")
@target_options
@json_option
@pass_command_context
def list_(context: CommandContext) -> None:
    """List the app's secrets without their values.

    A staged secret waits for the next deploy; a partial one has reached some machines only.
    """
    from flyctl_orchestrator.cli.secrets.command import list_secrets

    list_secrets(context)


@secrets.command(short_help="What the code needs and is not set; whether a file holds what was last set.")
@click.option("--file", "source", metavar="FILE|-", help="Compare the values of this .env file, or of stdin.")
@click.option("--env", "from_environment", is_flag=True, help="Compare the environment this runs in, e.g. a CI job's.")
@click.option("--optional", multiple=True, metavar="NAME", help="This one need not be set. May be given again.")
@click.option("--strict", is_flag=True, help="Also end with 1 for what cannot be compared, and a .env in the image.")
@target_options
@json_option
@pass_command_context
def check(
    context: CommandContext, source: str | None, from_environment: bool, optional: tuple[str, ...], strict: bool
) -> int:
    """Name the secrets that the code asks for and that are not set; nothing is changed.

    With --file or --env values are compared with what was last set from this computer, by digest; none is shown or
    kept. Ends with 1 when one is missing or differs.
    """
    from flyctl_orchestrator.cli.secrets.check import Wanted, check_secrets

    return check_secrets(context, Wanted(source, from_environment, optional, strict))


@secrets.command(short_help="Remove secrets.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@target_options
@json_option
@pass_command_context
def unset(context: CommandContext, names: tuple[str, ...]) -> None:
    """Remove each NAME; machines lose it with the next deploy."""
    from flyctl_orchestrator.cli.secrets.command import unset_secrets

    unset_secrets(context, names)
