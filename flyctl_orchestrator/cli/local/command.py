"""`flyo local`: start, stop and look into the local platform."""

from __future__ import annotations

import json
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from flyctl_orchestrator.cli.local.client import (
    ask,
    checked,
    ensure_local,
    find_local,
    headers,
    require_running,
    start_local,
    stop_local,
    unanswered,
    variables_to,
)
from flyctl_orchestrator.cli.local.fault import fault
from flyctl_orchestrator.cli.options import json_option, yes_option
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.exits import Exit

if TYPE_CHECKING:
    pass

# Seconds. Logs that are followed may be silent for long.
SILENCE = 7 * 24 * 3600.0


@click.group(short_help="The local Fly platform: up, down, logs, exec.")
def local() -> None:
    """A small Fly on this computer: apps, machines, secrets, a proxy. No account, no Docker, no network."""


local.add_command(fault)


@local.command(short_help="Start it in the background.")
@click.option("--port", type=click.IntRange(0, 65535), help="Where to listen on 127.0.0.1 (default 4280, 0: any).")
@click.option("--delays/--no-delays", default=None, help="Answer as slowly as the distance between regions would.")
@click.pass_obj
def up(obj: dict[str, Environment], port: int | None, delays: bool | None) -> None:
    """Start the platform in the background; it stays up until `down`."""
    environment = obj["environment"]
    since = environment.clock.monotonic()
    was_up = find_local(environment) is not None
    running = start_local(environment, port)
    if delays is not None:
        ask(environment, running, "PUT", "/_local/settings", {"delays": delays})
    how = "already up" if was_up else f"ready in {environment.clock.monotonic() - since:.1f} s"
    click.echo(f"local platform on {running.url} ({how})", file=environment.stdout)


@local.command(short_help="Stop it and every machine.")
@click.pass_obj
def down(obj: dict[str, Environment]) -> None:
    """Stop the platform and every machine; apps are there again after the next `up`."""
    environment = obj["environment"]
    stopped = stop_local(environment)
    click.echo("stopped" if stopped else "nothing was running", file=environment.stdout)


@local.command(short_help="What runs, and where apps answer.")
@json_option
@click.pass_obj
def status(obj: dict[str, Environment], as_json: bool) -> None:
    """Show what runs: the platform itself, its apps and where they answer."""
    environment = obj["environment"]
    running = require_running(environment)
    said = ask(environment, running, "GET", "/_local/status")
    if as_json:
        click.echo(json.dumps({"schema": "flyo.local-status/1", **said}, indent=2), file=environment.stdout)
        return
    from flyctl_orchestrator.report.local_text import local_lines
    from flyctl_orchestrator.report.style import Style
    from flyctl_orchestrator.report.terminal import columns

    style = Style.of(environment.stdout, environment.variables)
    width = columns(style, environment.variables)
    lines = local_lines(said, running.url, environment.clock.now(), style, width)
    click.echo("\n".join(lines), file=environment.stdout, color=style.colour)


@local.command(short_help="Destroy every local app.")
@yes_option
@click.pass_obj
def reset(obj: dict[str, Environment], yes: bool) -> None:
    """Destroy every app of the platform, with its machines and secrets."""
    environment = obj["environment"]
    running = require_running(environment)
    apps = [app["name"] for app in ask(environment, running, "GET", "/_local/status").get("apps", [])]
    if not yes:
        if not environment.interactive:
            raise UsageError("destroys every local app", where="flyo local reset", next="Add --yes", code="local.reset")
        import questionary

        if not questionary.confirm(f"Destroy {', '.join(apps) or 'everything'} on {running.url}?", default=False).ask():
            raise click.Abort
    ask(environment, running, "POST", "/_local/reset")
    click.echo(f"destroyed {', '.join(apps)}" if apps else "there was nothing to destroy", file=environment.stdout)


@local.command(short_help="What machines and the platform wrote.")
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines as they come.")
@click.option("-n", "--limit", type=click.IntRange(min=0), default=100, show_default=True, help="Lines to begin with.")
@click.option("-a", "--app", "app_name", help="Of this app only.")
@click.option("--machine", help="Of this machine only.")
@click.option("--region", help="Of this region only.")
@json_option
@click.pass_obj
def logs(
    obj: dict[str, Environment],
    follow: bool,
    limit: int,
    app_name: str | None,
    machine: str | None,
    region: str | None,
    as_json: bool,
) -> int:
    """Show what machines and the platform wrote."""
    from flyctl_orchestrator.fleet.http import HttpError
    from flyctl_orchestrator.fleet.requests_http import RequestsHttp

    environment = obj["environment"]
    running = require_running(environment)
    asked = {"app": app_name, "machine": machine, "region": region, "limit": str(limit), "follow": str(int(follow))}
    url = f"{running.url}/_local/logs?{urlencode({key: value for key, value in asked.items() if value})}"

    def show(line: str) -> None:
        click.echo(line if as_json else log_line(line), file=environment.stdout)
        environment.stdout.flush()

    try:
        http = RequestsHttp(environment.clock, environment.variables)
        answer = http.stream("GET", url, headers=headers(running), idle_timeout=SILENCE, on_line=show)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED if not follow else Exit.OK
    except HttpError as failure:
        if follow and failure.kind == "reset":
            return Exit.OK  # the platform was stopped, and its logs end there
        raise unanswered(running, failure) from None
    checked(answer)
    return Exit.OK


def log_line(line: str) -> str:
    """One line of the platform's logs for a person."""
    try:
        said = json.loads(line)
    except ValueError:
        return line
    where = " ".join(str(said[key]) for key in ("app", "region", "machine") if said.get(key))
    level = str(said.get("level", ""))
    mark = f" [{level}]" if level not in ("", "info") else ""
    return f"{_clock_time(said.get('ts'))} {where}{mark} {said.get('message', '')}"


def _clock_time(ts: object) -> str:
    if not isinstance(ts, int | float):
        return str(ts or "")
    return datetime.fromtimestamp(ts, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@local.command(short_help="Variables that lead flyctl to it, for eval.")
@click.option("--shell", type=click.Choice(["sh", "fish"]), help="Whose language (default: that of $SHELL).")
@click.pass_obj
def env(obj: dict[str, Environment], shell: str | None) -> None:
    """Print what leads flyctl and others to the platform, as in: eval "$(flyo local env)"."""
    environment = obj["environment"]
    chosen = shell or ("fish" if Path(environment.variables.get("SHELL", "")).name == "fish" else "sh")
    for name, value in variables_to(require_running(environment)).items():
        line = f"set -gx {name} {_fish_quoted(value)}" if chosen == "fish" else f"export {name}={shlex.quote(value)}"
        click.echo(line, file=environment.stdout)
    # flyctl would prefer it to FLY_API_TOKEN, even when it is empty.
    click.echo(f"{'set -e' if chosen == 'fish' else 'unset'} FLY_ACCESS_TOKEN", file=environment.stdout)


def _fish_quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@local.command(short_help="Run a command against it.", context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def exec(obj: dict[str, Environment], command: tuple[str, ...]) -> int:
    """Run a command that finds the platform where it looks for Fly.io, as in: flyo local exec -- flyctl apps list."""
    environment = obj["environment"]
    handed_out = ensure_local(environment)
    # Nothing of a real account reaches the command: no token, no app, no region of the surrounding environment.
    kept = {name: value for name, value in environment.variables.items() if not name.startswith("FLY_")}
    try:
        child = subprocess.Popen(command, env=kept | handed_out, cwd=environment.cwd)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        click.echo(f"flyo: {command[0]}: {error.strerror or error} [local.exec]", err=True)
        return 127 if missing else 126
    status = _patiently(child)
    return 128 - status if status < 0 else status


def _patiently(child: subprocess.Popen[bytes]) -> int:
    """Wait for a child that shares our terminal: a Ctrl-C is its own, and it decides when to end."""
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue
