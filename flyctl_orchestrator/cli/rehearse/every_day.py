"""What `flyo rehearse --all` does: the next rollout on every bad day there is, on a simulated Fly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.interrupts import breaking_off
from flyctl_orchestrator.cli.local.client import simulated_fly
from flyctl_orchestrator.cli.pages.keeping import keep_page
from flyctl_orchestrator.cli.rehearse.one import rehearsal_request, source_of
from flyctl_orchestrator.cli.rehearse.throwaway import throwaway
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.report.bad_days_text import begin_line, day_line, end_lines
from flyctl_orchestrator.report.choose import choose_reporter
from flyctl_orchestrator.report.html.days import TimelinesOfDays
from flyctl_orchestrator.report.html.page import days_page
from flyctl_orchestrator.report.html.timeline import Timeline
from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.rehearsal.day_end import DayEnd
from flyctl_orchestrator.rollout.rehearsal.every_day import EveryDay
from flyctl_orchestrator.rollout.rehearsal.rehearse import copy_fleet

SCHEMA = "flyo.rehearse-all/1"


def run_every_day(
    context: CommandContext,
    *,
    from_live: bool,
    secrets_file: str | None,
    only: Sequence[str],
    seed: int,
    html: Path | None = None,
) -> int:
    """Rehearse on every bad day; 0 only if the fleet ends uniform, and as it should be, on all of them.

    Args:
        from_live: copy the app on Fly.io even where FLYO_TARGET names the local platform.
        secrets_file: NAME=VALUE lines for the copy, "-" for stdin; None for placeholders.
        only: names of days; none for all of them.
        seed: decides all that is left to chance.
        html: where to write a report; None for none.

    Raises:
        FlyoError: the fleet cannot be read, or the rollout fails without any fault.
    """
    request = rehearsal_request(context, faults=(), secrets_file=secrets_file, before=None)
    fly, told = simulated_fly(), TimelinesOfDays()
    with breaking_off(), throwaway(context.environment) as own:
        source = source_of(context, from_live)
        every = EveryDay(request, copy_fleet(source, request), fly, own.scratch, source.kind, seed)
        ends = _shown(context, every, only, told) if len(only) == 1 else _counted(context, every, only, told)
    if context.options.as_json:
        context.output.document(_document(every, ends))
    else:
        context.output.report(*end_lines(ends, seed, context.output.style, context.advice))
    if html is not None:
        days, regions = [end.as_dict() for end in ends], load_regions(context.environment.variables)
        keep_page(context, days_page(every.copy.app, days, told.kept(), regions), html)
    return int(Exit.OK if all(end.good for end in ends) else Exit.ERROR)


def _counted(context: CommandContext, every: EveryDay, only: Sequence[str], told: TimelinesOfDays) -> list[DayEnd]:
    """All days; those that do not end well are shown as they come."""
    output, ends = context.output, []
    days = every.chosen(only)
    if not context.options.as_json:
        output.say(begin_line(days, len(every.copy.machines)))
    for day in days:
        timeline = Timeline()
        end = every.run(day, timeline.hear)
        told.add(day.name, timeline, end.good)
        ends.append(end)
        if not context.options.as_json and (context.options.verbose or not end.good):
            output.report(day_line(end, output.style))
    return ends


def _shown(context: CommandContext, every: EveryDay, only: Sequence[str], told: TimelinesOfDays) -> list[DayEnd]:
    """One day, with everything that happens on it."""
    (day,) = every.chosen(only)
    timeline = Timeline()
    if context.options.as_json:
        end = every.run(day, timeline.hear)
        told.add(day.name, timeline, end.good)
        return [end]
    reporter = choose_reporter(
        context.environment, context.output, as_json=False, verbose=context.options.verbose, live=False
    )

    def hear(event: Event) -> None:
        reporter.event(event)
        timeline.hear(event)

    try:
        end = every.run(day, hear)
    finally:
        reporter.close()
    told.add(day.name, timeline, end.good)
    context.output.report(day_line(end, context.output.style))
    return [end]


def _document(every: EveryDay, ends: Sequence[DayEnd]) -> dict[str, object]:
    mixed = sum(end.fleet == "mixed" for end in ends)
    return {
        "schema": SCHEMA,
        "app": every.copy.app,
        "source": every.source,
        "seed": every.seed,
        "machines": len(every.copy.machines),
        "uniform": len(ends) - mixed,
        "mixed": mixed,
        "wrong": sum(not end.good for end in ends),
        "days": [end.as_dict() for end in ends],
    }
