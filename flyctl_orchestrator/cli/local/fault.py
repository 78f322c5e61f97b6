"""`flyo local fault`: let the local platform misbehave on order."""

from __future__ import annotations

import json
from typing import Any

import click

from flyctl_orchestrator.cli.local.client import manage
from flyctl_orchestrator.cli.options import json_option
from flyctl_orchestrator.cli.policy import Duration
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import UsageError

FAULTS = "/_local/faults"


def _show(environment: Environment, lines: list[str]) -> None:
    for line in lines:
        click.echo(line, file=environment.stdout)


@click.group(short_help="Let it misbehave on order: add, list, clear, names.")
def fault() -> None:
    """Faults of the local platform, to see what a rollout does then: regions down, slow boots, 429s, lost answers…"""


@fault.command(short_help="Set a fault.")
@click.argument("name")
@click.option("--region", metavar="REGION", help="Only in this region.")
@click.option("-a", "--app", "app_name", help="Only for this app.")
@click.option("--machine", metavar="ID", help="Only for this machine.")
@click.option("--for", "lasts", type=Duration(), help="How long it lasts, e.g. 30s (default: until it is cleared).")
@click.option("--times", type=click.IntRange(1), help="How often it strikes.")
@click.option("--chance", type=click.FloatRange(0, 1, min_open=True), help="How likely it strikes, e.g. 0.3.")
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="More about it; see 'names'.")
@json_option
@click.pass_obj
def add(
    obj: dict[str, Environment],
    name: str,
    region: str | None,
    app_name: str | None,
    machine: str | None,
    lasts: float | None,
    times: int | None,
    chance: float | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Set a fault, as in: flyo local fault add region-down --region fra --for 30s."""
    environment = obj["environment"]
    said: dict[str, Any] = {
        "name": name,
        "region": region,
        "app": app_name,
        "machine": machine,
        "times": times,
        "chance": chance,
    }
    said |= {"for": lasts, "set": dict(_pair(each) for each in settings) or None}
    body = {key: value for key, value in said.items() if value is not None}
    made = manage(environment, "POST", FAULTS, body)
    if as_json:
        click.echo(json.dumps(made, indent=2), file=environment.stdout)
        return
    from flyctl_orchestrator.report.fault_text import fault_sentence

    click.echo(f"{made['id']} {fault_sentence(made)}", file=environment.stdout)


def _pair(said: str) -> tuple[str, str]:
    key, equals, value = said.partition("=")
    if not equals or not key:
        raise UsageError(f"'{said[:60]}' is no KEY=VALUE", where="--set", next="Write e.g. --set seconds=10")
    return key, value


@fault.command("list", short_help="The faults that are set.")
@json_option
@click.pass_obj
def list_faults(obj: dict[str, Environment], as_json: bool) -> None:
    """Show the faults that are set, and how often each struck."""
    environment = obj["environment"]
    faults = manage(environment, "GET", FAULTS)["faults"]
    if as_json:
        click.echo(json.dumps({"schema": "flyo.faults/1", "faults": faults}, indent=2), file=environment.stdout)
        return
    from flyctl_orchestrator.report.fault_text import fault_lines
    from flyctl_orchestrator.report.style import Style
    from flyctl_orchestrator.report.terminal import columns

    style = Style.of(environment.stdout, environment.variables)
    _show(environment, fault_lines(faults, style, columns(style, environment.variables)))


@fault.command(short_help="Clear faults.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.pass_obj
def clear(obj: dict[str, Environment], ids: tuple[str, ...], everything: bool) -> None:
    """Clear the named faults, or with --all every one."""
    environment = obj["environment"]
    if bool(ids) == everything:
        raise UsageError(
            "no fault is named" if not ids else "--all and single faults do not go together",
            where="flyo local fault clear",
            next="Name them as 'flyo local fault list' shows them, or give --all",
            code="fault.clear",
        )
    paths = [f"{FAULTS}/{each}" for each in ids] if ids else [FAULTS]
    cleared = [each for path in paths for each in manage(environment, "DELETE", path)["cleared"]]
    click.echo(f"cleared {', '.join(cleared)}" if cleared else "no fault was set", file=environment.stdout)


@fault.command(short_help="What faults there are.")
@json_option
@click.pass_obj
def names(obj: dict[str, Environment], as_json: bool) -> None:
    """Show what faults there are, what each does, and what can be set about it with --set."""
    environment = obj["environment"]
    known = manage(environment, "GET", f"{FAULTS}/names")["names"]
    if as_json:
        click.echo(json.dumps({"schema": "flyo.fault-names/1", "names": known}, indent=2), file=environment.stdout)
        return
    from flyctl_orchestrator.report.fault_text import name_lines

    _show(environment, name_lines(known))
