"""What `flyo status` does: looks at every machine and shows what it saw, once or again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flyctl_orchestrator.cli.complete.seen import remember_machines
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.flytoml.formats import config_in
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.report.status_json import status_as_dict
from flyctl_orchestrator.report.status_text import status_lines
from flyctl_orchestrator.rollout.journal.journals import JournalStore
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.survey import Survey, survey_app


@dataclass(frozen=True)
class StatusRequest:
    """What one `flyo status` is to show.

    Attributes:
        by_machine: a row per machine instead of one per region.
        probe: whether the machines are asked, too.
        detailed: whether the exit status tells how the fleet is.
        interval: seconds until it is shown again; None to show it once.
    """

    by_machine: bool
    probe: bool
    detailed: bool
    interval: float | None


def run_status(context: CommandContext, wanted: StatusRequest) -> int:
    """Show how the app is now.

    Raises:
        FlyoError: the fleet cannot be read, or what was seen cannot be shown.
    """
    _check(context, wanted)
    project = _project(context)
    app = project.app if project else str(context.options.app)
    target = context.target(needs_flyctl=False)
    if wanted.interval is None:
        found = survey_app(
            target, app, project, probe=wanted.probe, unfinished=unfinished_rollout(context, target, app)
        )
        if target.kind == "fly":
            remember_machines(context.environment, app, (each.machine for each in found.seen))
        _show(context, target, found, wanted)
        return int(found.exit) if wanted.detailed else Exit.OK
    past = unfinished_rollout(context, target, app)

    def look() -> tuple[Survey, float]:
        # What cannot be read of the journals was said before; on a board there is no place for it.
        found = survey_app(target, app, project, probe=wanted.probe, unfinished=past)
        return found, context.environment.clock.now()

    try:
        if not context.output.style.live:
            _page_after_page(context, target, look, wanted)
        else:
            from flyctl_orchestrator.cli.look.board.show import show_board

            show_board(context, target, app, look, wanted.interval)
    except KeyboardInterrupt:
        pass
    return Exit.OK


def _check(context: CommandContext, wanted: StatusRequest) -> None:
    """Whether what was asked for can be shown here."""
    if wanted.interval is None:
        return
    environment, where = context.environment, "flyo status"
    if context.options.as_json:
        next_ = "Run 'flyo status --json' as often as you need it"
        raise UsageError("--watch cannot be used with --json", where=where, next=next_)
    if not context.output.style.spoken and not (environment.stdin.isatty() and context.output.style.terminal):
        raise UsageError(
            "--watch needs a terminal, and there is none",
            where=where,
            next="Add --plain for page after page, or run 'flyo status' as often as you need it",
            code="status.terminal",
        )


def _page_after_page(
    context: CommandContext, target: Target, look: Callable[[], tuple[Survey, float]], wanted: StatusRequest
) -> None:
    """For a terminal that cannot redraw, a pipe, or somebody to whom the pages are read aloud."""
    while not context.output.gone:
        found, _ = look()
        _show(context, target, found, wanted)
        context.output.show("")
        context.environment.clock.sleep(wanted.interval or 1.0)


def _project(context: CommandContext) -> Project | None:
    """The project here, or None: with --app a look from anywhere is possible, without one there must be files."""
    options = context.options
    if options.app and options.config is None and config_in(context.environment.cwd) is None:
        return None
    return context.project_to_look()


def unfinished_rollout(context: CommandContext, target: Target, app: str) -> PastRollout | None:
    """The rollout that this computer has left half-way; a journal that cannot be read is said."""
    journals = JournalStore.under(state_directory(context.environment), target.kind, app)
    past_rollouts, bad = journals.readable()
    context.output.say(*(context.advice(f"warning: {error}") for error in bad))
    newest = past_rollouts[-1] if past_rollouts else None
    return newest if newest is not None and newest.unfinished else None


def _show(context: CommandContext, target: Target, found: Survey, wanted: StatusRequest) -> None:
    url, output = target.app_url(found.app), context.output
    found = replace(found, findings=tuple(replace(each, what=context.advice(each.what)) for each in found.findings))
    if context.options.as_json:
        output.document(status_as_dict(found, target=target.kind, url=url, now=context.environment.clock.now()))
        return
    output.show(*status_lines(found, output.style, output.width, url=url, by_machine=wanted.by_machine))
