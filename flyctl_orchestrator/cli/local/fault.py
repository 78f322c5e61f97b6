"""What `flyo local fault` does: lets the local platform misbehave on order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.local.client import manage
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.report.fault_text import fault_lines, fault_sentence, name_lines

FAULTS = "/_local/faults"


def add_fault(context: CommandContext, about: Mapping[str, Any], settings: tuple[str, ...]) -> None:
    """Set a fault.

    Args:
        about: its name, where it strikes, how long and how often; None where that is left open.
        settings: KEY=VALUE pairs of its own.

    Raises:
        FlyoError: the platform does not run, or does not know such a fault.
    """
    said = {**about, "set": dict(_pair(each) for each in settings) or None}
    made = manage(context.environment, "POST", FAULTS, {key: value for key, value in said.items() if value is not None})
    if context.options.as_json:
        context.output.record(made, indent=2)
    else:
        context.output.report(f"{made['id']} {fault_sentence(made)}")


def _pair(said: str) -> tuple[str, str]:
    key, equals, value = said.partition("=")
    if not equals or not key:
        raise UsageError(f"'{said[:60]}' is not KEY=VALUE", where="--set", next="Write e.g. --set seconds=10")
    return key, value


def list_faults(context: CommandContext) -> None:
    """Show the faults that are set, and how often each struck.

    Raises:
        FlyoError: the platform does not run, or they cannot be shown.
    """
    output = context.output
    faults = manage(context.environment, "GET", FAULTS)["faults"]
    if context.options.as_json:
        output.document({"schema": "flyo.faults/1", "faults": faults})
    else:
        output.show(*fault_lines(faults, output.style, output.width))


def clear_faults(context: CommandContext, ids: tuple[str, ...], *, everything: bool) -> None:
    """Clear the named faults, or with `everything` all of them.

    Raises:
        UsageError: neither or both were asked for.
        FlyoError: the platform does not run, or has no such fault.
    """
    if bool(ids) == everything:
        raise UsageError(
            "no fault was named" if not ids else "--all and the ids of faults cannot be used together",
            where="flyo local fault clear",
            next="Name them as 'flyo local fault list' shows them, or give --all",
            code="fault.clear",
        )
    paths = [f"{FAULTS}/{each}" for each in ids] if ids else [FAULTS]
    cleared = [each for path in paths for each in manage(context.environment, "DELETE", path)["cleared"]]
    context.output.report(f"cleared {', '.join(cleared)}" if cleared else "no fault was set")


def show_names(context: CommandContext) -> None:
    """Show what faults there are, what each does, and what can be set about it.

    Raises:
        FlyoError: the platform does not run, or they cannot be shown.
    """
    known = manage(context.environment, "GET", f"{FAULTS}/names")["names"]
    if context.options.as_json:
        context.output.document({"schema": "flyo.fault-names/1", "names": known})
    else:
        context.output.show(*name_lines(known, context.output.style))
