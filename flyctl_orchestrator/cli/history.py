"""What `flyo history` does: shows what was done to an app, newest first."""

from __future__ import annotations

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.past.without_journal import without_journal
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.flyctl.flyctl import Release
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.report.history_text import history_lines
from flyctl_orchestrator.rollout.journal.history import folded, history_of
from flyctl_orchestrator.rollout.journal.journals import JournalStore


def show_history(context: CommandContext, limit: int) -> None:
    """Show the newest `limit` things that were done to the app.

    Raises:
        FlyoError: the fleet or a journal cannot be read, or what was found cannot be shown.
    """
    project, output = context.project_to_look(), context.output
    target = context.target()
    journals = JournalStore.under(state_directory(context.environment), target.kind, project.app)
    past_rollouts, bad = journals.readable()
    activities = journals.activities.all()
    output.say(*(context.advice(f"warning: {error}") for error in bad))
    machines: list[Machine] = []
    releases: list[Release] = []
    try:
        machines = [machine for machine in target.api.list_machines(project.app) if machine.managed]
        releases = _releases(context, target, project.app)
    except ApiError as error:
        gone = target.missing(project.app) if error.kind == "not_found" else None
        if gone is None or not (past_rollouts or activities):
            raise
        # What was done to an app that is gone may be why somebody looks.
        output.say(context.advice(f"warning: {gone}. What was done from this computer is shown"))
    nothing = without_journal(journals)
    rows = folded(history_of(past_rollouts, machines, releases, activities, nothing))[:limit]
    if context.options.as_json:
        output.document([row.as_dict() for row in rows])
    elif rows:
        output.show(*history_lines(rows, output.style, output.width))
    else:
        output.show(f"Nothing that was done to app {project.app} is known.")


def _releases(context: CommandContext, target: Target, app: str) -> list[Release]:
    try:
        return target.flyctl.releases(app)
    except FlyoError as error:
        # The journals are worth showing without them.
        context.output.say(f"warning: flyctl's releases are missing here: {error.what}")
        return []
