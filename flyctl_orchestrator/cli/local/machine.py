"""What `flyo local machine` and `flyo local destroy` do: what a click on the platform's page does, as a command."""

from __future__ import annotations

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.local.client import manage
from flyctl_orchestrator.errors import UsageError


def act_on_machine(context: CommandContext, action: str, machine: str, app: str) -> None:
    """Have a machine of the local platform do something.

    Args:
        action: start, stop, suspend, restart, cordon or uncordon.

    Raises:
        FlyoError: the platform does not run, has no such machine, or refuses.
    """
    manage(context.environment, "POST", f"/v1/apps/{app}/machines/{machine}/{action}", {} if action == "stop" else None)
    context.output.report(f"{action}: machine {machine} of {app}")


def destroy_app(context: CommandContext, app: str) -> None:
    """Destroy one app of the local platform, with its machines, volumes and secrets.

    Raises:
        UsageError: that was not confirmed, and there is no terminal to ask at.
        FlyoError: the platform does not run, or has no such app.
    """
    if not context.options.yes:
        if not context.may_ask:
            what = f"this destroys {app} with its machines, volumes and secrets"
            raise UsageError(what, where="flyo local destroy", next="Add --yes", code="local.reset")
        context.insist(f"Destroy {app} with its machines, volumes and secrets?")
    manage(context.environment, "DELETE", f"/v1/apps/{app}")
    context.output.report(f"destroyed {app}")
