"""Starts the live board of an app."""

from __future__ import annotations

from collections.abc import Callable

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.locked import app_lock
from flyctl_orchestrator.cli.look.board.board import Board, Hands
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.log_pages import LogLine, LogPages
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.report.look.board_text import Sight
from flyctl_orchestrator.rollout.survey import Survey

# Seconds until a machine that is restarted has to run again.
PATIENCE = 60.0


def show_board(
    context: CommandContext, target: Target, app: str, look: Callable[[], tuple[Survey, float]], interval: float
) -> None:
    """Show the board until somebody quits.

    Args:
        look: the fleet as it is now, and when that was (seconds since the epoch).
        interval: seconds between two looks.

    Raises:
        FlyoError: the first look failed.
    """
    from flyctl_orchestrator.cli.look.board.screen import Screen

    found, at = look()
    project = context.project_to_look()

    def logs(machine: str) -> list[LogLine]:
        assert target.metrics_url is not None, "every target that a command resolves has Fly's own API"
        return LogPages(target.metrics_url, target.token, target.http, app, machine=machine).next_page()

    hands = Hands(look, logs, lambda machine: restart(context, target, project, machine))
    board = Board(Sight(found, at), hands, target.app_url(app) + "/")
    Screen(board, context.environment, context.output.style, interval).run()


def restart(context: CommandContext, target: Target, project: Project, machine: Machine) -> str:
    """Restart a machine under the app's lock, so that no rollout is under way meanwhile.

    Raises:
        FlyoError: the lock cannot be had, or the platform refuses, or the machine does not run again.
    """
    api, clock = target.api, target.clock
    since = clock.monotonic()
    with app_lock(context.environment, target, project, "flyo status --watch, restart", 0.0, lambda *_, **__: None):
        before = api.get_machine(machine.app, machine.id)
        api.restart(machine.app, machine.id)
        while not _again(before, api.get_machine(machine.app, machine.id)):
            if clock.monotonic() - since > PATIENCE:
                what = f"it does not run again after {PATIENCE:g} s"
                raise FlyoError(what, where=f"machine {machine.id}", next="Press l for its logs", code="status.restart")
            clock.sleep(1.0)
    return f"restarted machine {machine.id} in {machine.region} in {clock.monotonic() - since:.1f} s"


def _again(before: Machine, now: Machine) -> bool:
    """Whether it runs, and has been started since."""
    newest = max((event.timestamp_s for event in before.events), default=0.0)
    return now.state == "started" and any(event.type == "start" and event.timestamp_s > newest for event in now.events)
