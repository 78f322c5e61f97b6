"""Where `flyo regions suggest` takes users from: a list, an access log, or what Fly.io has counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.look.app import app_to_look_at
from flyctl_orchestrator.errors import FlyoError, UnreachableError, UsageError
from flyctl_orchestrator.fleet.metrics import MetricsError
from flyctl_orchestrator.placement.access_log import read_log
from flyctl_orchestrator.placement.came_in import placed
from flyctl_orchestrator.placement.users import Users, read_users
from flyctl_orchestrator.report.catalog.log_text import came_in_lines, log_lines

PROMETHEUS = "prometheus"
DAY = 86_400.0


@dataclass(frozen=True)
class Asked:
    """Where users are and how far it is, as written on the command line.

    Attributes:
        users: a list of places; None when something else says it.
        source: an access log, or "prometheus" for what Fly.io has counted of the app.
        column: the name in that log of a country or region.
        rtt: a file of round trips of somebody's own.
        days: of how many days Fly.io's count is taken.
    """

    users: str | None
    source: str | None
    column: str | None
    rtt: str | None
    days: int = 7


def users_of(context: CommandContext, asked: Asked, regions: RegionBook) -> tuple[str, Sequence[Users]]:
    """What to call the users, and where they are.

    Raises:
        UsageError: neither a list nor a source was given, or both; or it cannot be used.
        FlyoError: Fly.io's count cannot be had (code regions.metrics), or has no request (code regions.no_requests).
    """
    if (asked.users is None) == (asked.source is None):
        what = "where the users are is said twice" if asked.source else "where the users are is not said"
        raise UsageError(
            what, where="--users", next="Give --users LIST, such as sg=40,de=30, or --users-from LOG", code="usage"
        )
    if asked.column is not None and asked.source in (None, PROMETHEUS):
        raise UsageError(
            "there is no log to look into", where="--column", next="Give --users-from LOG with it", code="usage"
        )
    if asked.source is None:
        return asked.users or "", read_users(asked.users or "", regions)
    if asked.source == PROMETHEUS:
        return _counted(context, asked.days, regions)
    log = read_log(context.environment.cwd / asked.source, asked.source, regions, asked.column)
    context.output.say(*log_lines(log, asked.source))
    return asked.source, log.users(regions)


def _counted(context: CommandContext, days: int, regions: RegionBook) -> tuple[str, Sequence[Users]]:
    app = app_to_look_at(context)
    target = context.target(needs_flyctl=False)
    assert target.metrics is not None, "every target that a command resolves has Fly's own API"
    try:
        requests = target.metrics.came_in(app, days * DAY)
    except MetricsError as error:
        raise UnreachableError(
            str(error),
            where=f"app {app}",
            next=f"Write --users{', or use a token that may read its organization' if error.refused else ''}",
            code="regions.metrics",
        ) from None
    found, unplaced = placed(requests, regions)
    if not found:
        what = f"Fly.io has counted no request of the last {days} days"
        raise FlyoError(
            what if not unplaced else f"{what} that came in by a region flyo knows",
            where=f"app {app}",
            next="Take more --days, or write --users",
            code="regions.no_requests",
        )
    context.output.say(*came_in_lines(requests, unplaced, app, days))
    return app, found
