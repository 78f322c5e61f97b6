"""What `flyo watch` does: looks at every machine of an app, also at those that sleep."""

from __future__ import annotations

from collections.abc import Sequence

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.look.measure.cold import wake_all
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.report.error_text import error_line
from flyctl_orchestrator.report.look.measure.watch_text import Watched, watch_as_dict, watch_lines
from flyctl_orchestrator.rollout.survey import Survey, survey_app


def run_watch(context: CommandContext, regions: Sequence[str], max_cold: float | None) -> int:
    """Look at every machine, waking those that sleep, and show what was seen; gives the exit status.

    Args:
        regions: those it is about; none for all.
        max_cold: seconds that waking may take; None for as long as a machine may take in a rollout.

    Raises:
        FlyoError: the fleet cannot be read, or the lock not be had, or nothing can be shown.
    """
    project = context.project_to_look()
    target = context.target(needs_flyctl=False)
    survey = survey_app(target, project.app, project if project.flytoml.path.exists() else None, probe=True)
    _check(context, survey, regions)
    here = [each for each in survey.seen if not regions or each.machine.region in regions]
    asleep = [each.machine for each in here if each.machine.asleep]
    woken = {each.machine.id: each for each in wake_all(context, target, project, asleep, command="flyo watch")}
    rows = [Watched(each, woken.get(each.machine.id), max_cold) for each in here]
    rows.sort(key=lambda row: (row.seen.machine.region, row.seen.machine.id))
    output = context.output
    if context.options.as_json:
        output.document(watch_as_dict(project.app, target.kind, rows, context.environment.clock.now()))
    else:
        output.show(*watch_lines(rows, output.style, output.width))
    bad = [row for row in rows if row.trouble]
    if bad:
        more = f"; and {len(bad) - 1} more" if len(bad) > 1 else ""
        logs = context.advice(f"'flyo logs --machine {bad[0].seen.machine.id}' shows what it writes")
        error = FlyoError(bad[0].sentence + more, where=f"app {project.app}", next=logs, code="watch.unwell")
        output.say(error_line(error))
    return int(Exit.ERROR if bad else Exit.OK)


def _check(context: CommandContext, survey: Survey, regions: Sequence[str]) -> None:
    where = f"app {survey.app}"
    if not survey.seen:
        raise FlyoError("it has no machine", where=where, next="'flyo deploy' makes them", code="probe.no_machine")
    there = sorted({each.machine.region for each in survey.seen})
    for region in regions:
        if region not in there:
            load_regions(context.environment.variables).require(region, where="--region")
            raise UsageError(
                f"the app has no machine in {region}",
                where="--region",
                next=f"It has some in {', '.join(there)}",
                code="probe.region",
            )
