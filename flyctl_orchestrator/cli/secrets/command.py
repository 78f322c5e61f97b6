"""`flyo secrets`: set, import, generate, list and unset, with values that nobody gets to see."""

from __future__ import annotations

import json
import secrets as random_secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from flyctl_orchestrator.cli.options import json_option, target_options
from flyctl_orchestrator.cli.secrets.input import check_source, read_env_text, read_names, read_values
from flyctl_orchestrator.cli.secrets.store import Listed, listed, make_local_app, remove, store
from flyctl_orchestrator.cli.secrets.store import names as stored_names
from flyctl_orchestrator.cli.target import resolve_target, wants_local
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.envfile import parse_env
from flyctl_orchestrator.project.project import find_app

SCHEMA = "flyo.secrets/1"


@dataclass(frozen=True)
class Context:
    """What every command of this group works with."""

    environment: Environment
    app: str
    local: bool
    as_json: bool

    def target(self) -> Target:
        """The Fly to act on, ready."""
        return resolve_target(self.environment, self.local)

    def target_with_app(self) -> Target:
        """The Fly to act on, where the local platform has the app: there a first secret may come before a deploy."""
        target = self.target()
        if target.kind == "local":
            make_local_app(target, self.app)
        return target

    def done(self, lines: list[str], **fields: object) -> None:
        """Tell what was done: lines for a person, or one object with --json."""
        if self.as_json:
            document = {"schema": SCHEMA, "app": self.app, **fields}
            click.echo(json.dumps(document), file=self.environment.stdout)
            return
        for line in lines:
            click.echo(line, file=self.environment.stderr)

    @property
    def release(self) -> str:
        """What to type to give staged secrets to the machines."""
        return "flyo deploy --local" if wants_local(self.environment, self.local) else "flyo deploy"


def in_context(command: Callable[..., None]) -> Callable[..., None]:
    """Shared options of the group, handed to the command as one Context."""

    @target_options
    @json_option
    @click.pass_obj
    @wraps(command)
    def wrapped(
        obj: dict[str, Environment],
        /,
        local: bool,
        app_name: str | None,
        config_path: Path | None,
        as_json: bool,
        **rest: Any,
    ) -> None:
        environment = obj["environment"]
        app = find_app(environment.cwd, config_path, app_name, environment.variables)
        command(Context(environment, app, local, as_json), **rest)

    return wrapped


@click.group(short_help="Set, import, list and unset secrets.")
def secrets() -> None:
    """Secrets of the app: set them here, and the next deploy gives them to the machines.

    Values come from a hidden prompt, from stdin or from a .env file, and are never shown again.
    """


@secrets.command("set", short_help="Set secrets, typed unseen or piped.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the one value from stdin (or write NAME=-).")
@click.option("--if-missing", is_flag=True, help="Leave secrets that exist as they are.")
@in_context
def set_(context: Context, names: tuple[str, ...], from_stdin: bool, if_missing: bool) -> None:
    """Set each NAME to a value that is asked for at the terminal, or read from stdin with NAME=- or --stdin.

    One line end after a piped value is left out; everything else counts. Values cannot be given on the command line,
    where other programs and the shell's history would see them.
    """
    wanted, dash = read_names(names)
    piped = dash or from_stdin
    check_source(context.environment, wanted, piped=piped)
    # Nobody should type a secret only to hear that flyctl is missing.
    target = context.target_with_app()
    kept = [name for name in wanted if name in stored_names(target, context.app)] if if_missing else []
    if missing := [name for name in wanted if name not in kept]:
        _store(context, target, read_values(context.environment, missing, piped=piped), kept=kept)
    else:
        _kept(context, kept)


@secrets.command("import", short_help="Set secrets from a .env file.")
@click.argument("source", default="-", metavar="[FILE|-]")
@in_context
def import_(context: Context, source: str) -> None:
    """Set every NAME=VALUE of a .env FILE, or of stdin.

    Quotes and escapes mean what they mean in .env files; $NAME stays as it is written. Names that belong to Fly.io
    are left out, and named.
    """
    text, shown = read_env_text(context.environment, source)
    env = parse_env(text, shown=shown)
    if not env.values:
        raise UsageError("holds no secrets", where=shown, next="Write NAME=VALUE lines", code="secrets.none")
    _store(context, context.target_with_app(), env.values, env.skipped)


@secrets.command(short_help="Set a strong random value.")
@click.argument("name")
@click.option("--bytes", "size", type=click.IntRange(16, 1024), default=32, show_default=True, help="Random bytes.")
@click.option("--replace", is_flag=True, help="Also when the secret exists already.")
@click.option("--if-missing", is_flag=True, help="Leave a secret that exists as it is, and say so.")
@in_context
def generate(context: Context, name: str, size: int, replace: bool, if_missing: bool) -> None:
    """Set NAME to a random value of URL-safe characters, which is never shown.

    It comes from the operating system's source of randomness.
    """
    names, piped = read_names((name,))
    if piped:
        raise UsageError(
            "takes no value", where=names[0], next=f"Run 'flyo secrets generate {names[0]}'", code="secrets.value"
        )
    target = context.target_with_app()
    exists = not replace and name in stored_names(target, context.app)
    if exists and if_missing:
        _kept(context, [name])
        return
    if exists:
        raise UsageError(
            "exists already, and replacing it cannot be undone",
            where=name,
            next="Add --replace if nothing depends on its value any more",
            code="secrets.exists",
        )
    _store(context, target, {name: random_secrets.token_urlsafe(size)})


@secrets.command("list", short_help="Names, digests and whether machines have them.")
@in_context
def list_(context: Context) -> None:
    """List the app's secrets without their values.

    A staged secret waits for the next deploy; a partial one has reached some machines only.
    """
    rows = listed(context.target(), context.app)
    if context.as_json:
        context.done([], secrets=[vars(row) for row in rows])
        return
    for line in _table(rows):
        click.echo(line, file=context.environment.stdout)
    if not rows:
        click.echo("No secrets. 'flyo secrets set NAME' adds one.", file=context.environment.stderr)
    if any(row.status in ("staged", "partial") for row in rows):
        click.echo(f"Not on all machines yet: '{context.release}' brings them there.", file=context.environment.stderr)


@secrets.command(short_help="Remove secrets.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@in_context
def unset(context: Context, names: tuple[str, ...]) -> None:
    """Remove each NAME; machines lose it with the next deploy."""
    wanted = list(dict.fromkeys(names))
    remove(context.target(), context.app, wanted)
    context.done(
        [f"removed  {name}" for name in wanted] + [f"next     {context.release}   to take them from the machines"],
        unset=wanted,
        staged=True,
    )


def _kept(context: Context, names: list[str]) -> None:
    context.done([f"kept     {name}: it exists already" for name in names], set=[], kept=names, staged=False)


def _store(
    context: Context,
    target: Target,
    values: Mapping[str, str],
    skipped: Mapping[str, str] | None = None,
    kept: Sequence[str] = (),
) -> None:
    warning = store(target, context.app, values)
    if warning:
        click.echo(f"warning: {warning}", file=context.environment.stderr)
    lines = [f"kept     {name}: it exists already" for name in kept]
    lines += [f"staged   {name}" for name in values]
    lines += [f"skipped  {name}: {reason}" for name, reason in (skipped or {}).items()]
    lines.append(f"next     {context.release}   to give them to the machines")
    context.done(lines, set=list(values), kept=list(kept), skipped=dict(skipped or {}), staged=True)


def _table(rows: list[Listed]) -> list[str]:
    if not rows:
        return []
    width = max(len("NAME"), *(len(row.name) for row in rows))
    digest = max(len("DIGEST"), *(len(row.digest) for row in rows))
    heads = [f"{'NAME':<{width}}  {'DIGEST':<{digest}}  STATUS"]
    return heads + [f"{row.name:<{width}}  {row.digest:<{digest}}  {row.status}" for row in rows]
