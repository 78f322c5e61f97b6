"""What `flyo logs` does: shows the lines of an app's machines, from one or more pages, in one order."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.look.app import app_to_look_at, require_regions
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.log_pages import LogLine, LogPages
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.report.look.log_text import log_line

SCHEMA = "flyo.log/1"
# Seconds between two looks, and how often in a row they may fail while lines are followed.
INTERVAL = 1.0
FAILURES = 10
# Nothing gets better by asking again.
FINAL = ("unauthorized", "not_found", "invalid", "unsupported")


@dataclass(frozen=True)
class Wanted:
    """What one `flyo logs` is to show.

    Attributes:
        limit: earlier lines to begin with.
        regions, machines: only lines of these; none for all.
        follow: whether to go on with new lines.
        seconds: for how long; None until it is stopped.
        raw: lines as they were written, with whatever is private in them.
    """

    limit: int
    regions: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    follow: bool = False
    seconds: float | None = None
    raw: bool = False

    def keep(self, line: LogLine) -> bool:
        """Whether a line is of what was asked for."""
        in_region = not self.regions or line.region in self.regions
        return in_region and (not self.machines or line.machine in self.machines)


@dataclass
class Follower:
    """Reads one page after the other of every place that is looked at.

    Args:
        warn: says that a look failed and is tried again.
    """

    pages: list[LogPages]
    warn: Callable[[str], None]
    failures: int = 0

    def look(self) -> list[LogLine]:
        """The lines since the last look, oldest first.

        Raises:
            ApiError: they cannot be read.
        """
        return list(heapq.merge(*(page.next_page() for page in self.pages), key=lambda line: line.at))

    def look_again(self) -> list[LogLine]:
        """As `look`, but a failure that may pass is only warned of, some times in a row."""
        try:
            found = self.look()
        except ApiError as error:
            self.failures += 1
            if error.kind in FINAL or self.failures >= FAILURES:
                raise
            if self.failures == 1:
                self.warn(f"warning: {error.what}; asking again")
            return []
        self.failures = 0
        return found


def show_logs(context: CommandContext, wanted: Wanted) -> int:
    """Show the newest lines, and with `follow` new ones as they come.

    Raises:
        FlyoError: there is no such app, region or machine, the lines cannot be read, or not be shown.
    """
    app = app_to_look_at(context)
    require_regions(context, wanted.regions, context.offered)
    target = context.target(needs_flyctl=False)
    follower = Follower(_pages(target, app, wanted), context.output.say)
    clock = context.environment.clock
    end = clock.monotonic() + wanted.seconds if wanted.seconds is not None else None
    try:
        first = [line for line in follower.look() if wanted.keep(line)]
        _show(context, first[max(0, len(first) - wanted.limit) :])
        if not first:
            _require_machines(target, app, wanted)
        if not first and not wanted.follow:
            context.output.say("no lines")
        while wanted.follow and not context.output.gone and (end is None or clock.monotonic() < end):
            clock.sleep(INTERVAL if end is None else max(0.0, min(INTERVAL, end - clock.monotonic())))
            _show(context, [line for line in follower.look_again() if wanted.keep(line)])
    except KeyboardInterrupt:
        return Exit.OK if wanted.follow else Exit.INTERRUPTED
    return Exit.OK


def _require_machines(target: Target, app: str, wanted: Wanted) -> None:
    """Where nothing was written, make sure that it could have been: what is gone may have left lines.

    Raises:
        FlyoError: a machine, or a region without one, was named (code logs.no_machine), or machines cannot be read.
    """
    if not wanted.machines and not wanted.regions:
        return
    there = [machine for machine in target.api.list_machines(app) if not machine.gone]
    missing = [f"no machine {each}" for each in wanted.machines if each not in {machine.id for machine in there}]
    # Somebody who follows a region may wait for its first machine; ids are not known beforehand.
    regions = () if wanted.follow else wanted.regions
    missing += [f"no machine in {each}" for each in regions if each not in {machine.region for machine in there}]
    if missing:
        raise FlyoError(
            f"there is {' and '.join(missing)}, and no line is kept of one",
            where=f"app {app}",
            next="'flyo status --machines' shows machines and their states",
            code="logs.no_machine",
        )


def _pages(target: Target, app: str, wanted: Wanted) -> list[LogPages]:
    """One stream for each region or machine that was named, so that each brings its own newest lines."""
    assert target.metrics_url is not None, "every target that a command resolves has Fly's own API"
    http, base, token = target.http, target.metrics_url, target.token
    if wanted.machines:
        machines = dict.fromkeys(wanted.machines)
        return [LogPages(base, token, http, app, machine=each, raw=wanted.raw) for each in machines]
    regions = dict.fromkeys(wanted.regions or ("",))
    return [LogPages(base, token, http, app, region=each, raw=wanted.raw) for each in regions]


def _show(context: CommandContext, lines: list[LogLine]) -> None:
    output = context.output
    for line in lines:
        if context.options.as_json:
            said = {"ts": line.ts, "region": line.region, "machine": line.machine, "level": line.level}
            output.document({"schema": SCHEMA, **said, "message": line.message}, indent=None)
        else:
            output.show(log_line(line))
