"""What `flyo local machine` does: what a click on the platform's page does, as a command."""

from __future__ import annotations

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.local.client import manage


def act_on_machine(context: CommandContext, action: str, machine: str, app: str) -> None:
    """Have a machine of the local platform do something.

    Args:
        action: start, stop, suspend, restart, cordon or uncordon.

    Raises:
        FlyoError: the platform does not run, has no such machine, or refuses.
    """
    manage(context.environment, "POST", f"/v1/apps/{app}/machines/{machine}/{action}", {} if action == "stop" else None)
    context.output.report(f"{action}: machine {machine} of {app}")
