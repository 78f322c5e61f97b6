"""What `flyo history show` does: shows one rollout again, from the events that were kept of it."""

from __future__ import annotations

from pathlib import Path

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.pages.keeping import keep_page
from flyctl_orchestrator.cli.past.kept_events import kept_rollouts, read_events
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.cli.target import wants_local
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.report.html.page import rollout_page
from flyctl_orchestrator.report.html.timeline import timeline_of
from flyctl_orchestrator.rollout.journal.journals import JournalStore


def show_rollout(context: CommandContext, wanted: str, path: Path | None) -> None:
    """Show what happened, line by line or with --json as its events; or write a report on it.

    Args:
        wanted: its id, or the end of it; "last" for the newest whose events were kept.
        path: the report's file; None for none.

    Raises:
        FlyoError: it is not known here, its events were not kept or cannot be read, or the file cannot be written.
    """
    project, output, environment = context.project_to_look(), context.output, context.environment
    kind = "local" if wants_local(environment, context.options.local) else "fly"
    journals = JournalStore.under(state_directory(environment), kind, project.app)
    kept = kept_rollouts(journals)
    known = journals.ids()
    choice = kept or known if wanted == "last" else [*{*known, *kept}]
    rollout = _named(choice, wanted, _whose(project.app, kind))
    events = read_events(journals, rollout)
    try:
        timeline = timeline_of(events)
        page = rollout_page(timeline, load_regions(environment.variables)) if path else ""
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FlyoError(
            f"the events of rollout {rollout} are not those of this version: {type(error).__name__}",
            where="history show",
            next="'flyo history' tells how it ended",
            code="history.bad_events",
        ) from error
    if path is not None:
        keep_page(context, page, path, what=f"The report on rollout {rollout}")
    elif context.options.as_json:
        for event in events:
            output.record(event)
    else:
        output.show(*(f"{at / 1000:6.1f}s  {text}" for at, text, _ in timeline.as_dict()["lines"]))


def _whose(app: str, kind: str) -> str:
    return f"of app {app} {'on Fly.io' if kind == 'fly' else 'on the local platform'}"


def _named(ids: list[str], wanted: str, whose: str) -> str:
    found = ids[-1:] if wanted == "last" else [each for each in ids if each == wanted or each.endswith(wanted)]
    found = [each for each in found if each == wanted] or found
    if not found and wanted.isdecimal():
        found = [each for each in ids if each.partition("-")[0].lstrip("0") == wanted.lstrip("0")]
    if len(found) == 1:
        return found[0]
    which = f"rollout {wanted}" if wanted != "last" else "rollout"
    raise UsageError(
        f"{'no' if not found else 'more than one'} {which} {whose} is known on this computer",
        where="history show",
        next="'flyo history' lists them",
        code="history.unknown",
    )
