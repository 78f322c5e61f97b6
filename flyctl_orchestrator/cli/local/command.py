"""What `flyo local` does with the platform itself: start, stop, look, begin anew."""

from __future__ import annotations

from collections.abc import Mapping

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.local.client import ask, find_local, require_running, start_local, stop_local, usual_port
from flyctl_orchestrator.cli.target import resolve_target
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.report.local_text import local_lines


def start(context: CommandContext, port: int | None, settings: Mapping[str, object]) -> None:
    """Start the platform in the background.

    Args:
        port: where to listen; 0 for any, None for the usual one.
        settings: the platform's, by name; None leaves one as it is.

    Raises:
        UnreachableError: it cannot be started here.
    """
    environment = context.environment
    since = environment.clock.monotonic()
    was_up = find_local(environment) is not None
    running = start_local(environment, port)
    changed = {name: value for name, value in settings.items() if value is not None}
    if changed:
        ask(environment, running, "PUT", "/_local/settings", changed)
    how = "already up" if was_up else f"ready in {environment.clock.monotonic() - since:.1f} s"
    context.output.report(f"local platform on {running.url} ({how})")
    usual = usual_port()
    if port is None and "FLYO_LOCAL_PORT" not in environment.variables and not was_up and running.port != usual:
        context.output.say(f"note: port {usual} is taken by another program, so another one was chosen")


def stop(context: CommandContext) -> None:
    """Stop the platform and every machine.

    Raises:
        UnreachableError: it does not end.
    """
    for app in _deploying(context.environment):
        context.output.say(f"note: the deploy of {app} that was started on the page is ended as by Ctrl-C")
    stopped = stop_local(context.environment)
    context.output.report("stopped" if stopped else "nothing was running")


def _deploying(environment: Environment) -> list[str]:
    """The apps that are being deployed by a click; none where nobody answers. To stop it must not depend on that."""
    try:
        running = find_local(environment)
        said = ask(environment, running, "GET", "/_local/status") if running is not None else {}
        return [str(app) for app in said.get("deploying", [])]
    except FlyoError:
        return []


def show_status(context: CommandContext) -> None:
    """Show what runs: the platform itself, its apps and where they answer.

    Raises:
        FlyoError: it does not run, or what it says cannot be shown.
    """
    environment, output = context.environment, context.output
    running = require_running(environment)
    said = ask(environment, running, "GET", "/_local/status")
    if context.options.as_json:
        output.document({"schema": "flyo.local-status/1", **said})
    else:
        output.show(*local_lines(said, running.url, environment.clock.now(), output.style, output.width))


def destroy_everything(context: CommandContext) -> None:
    """Destroy every app of the platform, with its machines and secrets.

    Raises:
        UsageError: that was not confirmed, and there is no terminal to ask at.
        FlyoError: the platform does not run.
    """
    environment = context.environment
    running = require_running(environment)
    apps = [app["name"] for app in ask(environment, running, "GET", "/_local/status").get("apps", [])]
    if not context.options.yes:
        if not context.may_ask:
            what, where = "this destroys every local app", "flyo local reset"
            raise UsageError(what, where=where, next="Add --yes", code="local.reset")
        context.insist(f"Destroy {', '.join(apps) or 'everything'} on {running.url}?")
    ask(environment, running, "POST", "/_local/reset")
    context.output.report(f"destroyed {', '.join(apps)}" if apps else "there was nothing to destroy")


def destroy_app(context: CommandContext, app: str) -> None:
    """Destroy one app of the platform, with its machines, volumes and secrets.

    Raises:
        UsageError: there is no such app, or it was not confirmed and there is no terminal to ask at.
        FlyoError: the platform does not run, or refuses.
    """
    environment = context.environment
    running = require_running(environment)
    apps = {each["name"]: each for each in ask(environment, running, "GET", "/_local/status").get("apps", [])}
    if app not in apps:
        there = f"It has {', '.join(apps)}" if apps else "It has none"
        shown = app if app.isprintable() and len(app) <= 63 else repr(app[:63])
        raise UsageError(f"there is no app '{shown}' on it", where="local platform", next=there, code="local.no_app")
    if not context.options.yes:
        if not context.may_ask:
            what = f"this destroys app {app} with its machines, volumes and secrets"
            raise UsageError(what, where="flyo local destroy", next="Add --yes", code="local.reset")
        context.insist(f"Destroy app {app} with its machines, volumes and secrets on {running.url}?")
    # flyctl keeps the version of an app's secrets by its name, and forgets it when it destroys the app itself.
    resolve_target(environment, True, needs_flyctl=False).flyctl.apps_destroy(app)
    context.output.report(f"destroyed {app}")
