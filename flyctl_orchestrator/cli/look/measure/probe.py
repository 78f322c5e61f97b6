"""What `flyo probe` does: measures answer times row by row, shows them, and holds them against limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.local.client import manage
from flyctl_orchestrator.cli.look.measure.cold import cold_starts
from flyctl_orchestrator.cli.pages.keeping import keep_page
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.measure.rows import Requests, Row, measure_rows
from flyctl_orchestrator.fleet.measure.slo import parse_limit
from flyctl_orchestrator.fleet.probe import Prober
from flyctl_orchestrator.fleet.redact import without_queries
from flyctl_orchestrator.fleet.requests_http import RequestsHttp
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.flyotoml import valid_path
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.project.write import write_files
from flyctl_orchestrator.report.error_text import error_line
from flyctl_orchestrator.report.html.figures import probe_page
from flyctl_orchestrator.report.look.measure.plot import bar_lines, svg_text
from flyctl_orchestrator.report.look.measure.probe_text import Probed, Shown, probe_as_dict, probe_lines
from flyctl_orchestrator.rollout.gate.checkup import looks_at

WHERE = "flyo probe"


@dataclass(frozen=True)
class Wanted:
    """What one `flyo probe` is to measure and show; as typed."""

    regions: tuple[str, ...]
    clients: tuple[str, ...]
    paths: tuple[str, ...]
    count: int
    timeout: float | None
    cold: bool
    plot: bool
    svg: Path | None
    html: Path | None
    limits: tuple[str, ...]


def run_probe(context: CommandContext, wanted: Wanted) -> int:
    """Measure and show; gives the exit status.

    Raises:
        FlyoError: what was asked for makes no sense, or the fleet cannot be read, or nothing can be shown.
    """
    limits = tuple(parse_limit(each, where="--slo") for each in wanted.limits)
    _check(wanted, [limit.name for limit in limits])
    project = context.project_to_look()
    target = context.target(needs_flyctl=False)
    clients = _clients(context, target, wanted.clients)
    machines = _serving(target, project.app)
    rows = _rows(context, machines, clients, wanted)
    requests = _requests(target, project, wanted)
    http = (context.environment.clock, context.environment.variables)
    _say_what_is_left_out(context, target)
    # Before the measurement, so that a machine that was woken for it has been asked by then.
    cold = cold_starts(context, target, project, machines, wanted.regions) if wanted.cold else {}
    measured = measure_rows(rows, requests, lambda: Prober(RequestsHttp(*http)))
    probed = tuple(Probed(each, cold.get(each.row.region or "")) for each in measured)
    # Pages, pictures and JSON are kept, and shown to others.
    paths, url = tuple(map(without_queries, requests.paths)), target.app_url(project.app)
    shown = Shown(project.app, target.kind, url, paths, wanted.count, limits, probed)
    _show(context, wanted, shown)
    return int(_status(context, shown))


def _check(wanted: Wanted, limited: Sequence[str]) -> None:
    if wanted.cold and wanted.clients and not wanted.regions:
        raise UsageError("--cold with --from needs --region", where=WHERE, next="Add --region CODE", code="probe.cold")
    if "cold" in limited and not wanted.cold:
        raise UsageError("--slo cold=… goes with --cold", where=WHERE, next="Add --cold", code="probe.cold")
    for path in wanted.paths:
        if not valid_path(path):
            advice = "Write e.g. --path /up: one / in front, and no spaces"
            raise UsageError(f"{path[:60]!r} is not a request path", where=WHERE, next=advice, code="usage.path")
    if wanted.timeout is not None and wanted.timeout <= 0:
        raise UsageError("--timeout is 0", where=WHERE, next="Give e.g. --timeout 5s")


def _serving(target: Target, app: str) -> list[Machine]:
    """The app's machines that requests from outside can reach, by region and id.

    Raises:
        FlyoError: there are none (code probe.no_machine), or they cannot be read.
    """
    listed = [machine for machine in target.api.list_machines(app) if machine.managed and not machine.gone]
    found = [machine for machine in listed if looks_at(machine).http]
    if not found:
        raise FlyoError(
            "no machine takes HTTP requests" if listed else "it has no machine",
            where=f"app {app}",
            next="'flyo status --machines' shows machines and their states" if listed else "'flyo deploy' makes them",
            code="probe.no_machine",
        )
    return sorted(found, key=lambda machine: (machine.region, machine.id))


def _rows(context: CommandContext, machines: Sequence[Machine], clients: Sequence[str], wanted: Wanted) -> list[Row]:
    """A row for each region that is asked, from each place it is asked from."""
    there = list(dict.fromkeys(machine.region for machine in machines))
    for region in wanted.regions:
        if region not in there:
            load_regions(context.environment.variables).require(region, where="--region")
            what = f"the app has no machine in {region} that takes requests"
            raise UsageError(what, where="--region", next=f"It has some in {', '.join(there)}", code="probe.region")
    callers: list[str | None] = [*clients] or [None]
    regions: list[str | None] = [*dict.fromkeys(wanted.regions)] or ([None] if clients else [*there])
    awake = [machine for machine in machines if machine.state == "started"]
    return [
        Row(client, region, tuple(machine for machine in awake if machine.region == region))
        for client in callers
        for region in regions
    ]


def _clients(context: CommandContext, target: Target, asked: Sequence[str]) -> list[str]:
    """The regions that clients are to be in.

    Raises:
        UsageError: one of them is no region, or the target has no such thing.
    """
    if asked and target.kind != "local":
        raise UsageError(
            "requests to Fly.io start where flyo runs, and nowhere else",
            where="--from",
            next="Run 'flyo probe' there, or rehearse it with --local",
            code="probe.from",
        )
    book = load_regions(context.environment.variables)
    open_ones = [region.code for region in book if not region.deprecated]
    found: list[str] = []
    for each in asked:
        found += open_ones if each == "all" else [book.require(each, where="--from").code]
    return list(dict.fromkeys(found))


def _requests(target: Target, project: Project, wanted: Wanted) -> Requests:
    settings = project.flyo.probe
    return Requests(
        url_template=target.probe_template(project.flyo.url_template),
        app=project.app,
        paths=wanted.paths or (settings.path,),
        count=wanted.count,
        timeout=wanted.timeout or settings.timeout,
        # Only the probe's own page is known to say who answers.
        identity="auto" if wanted.paths and settings.identity == "required" else settings.identity,  # type: ignore[arg-type]
    )


def _say_what_is_left_out(context: CommandContext, target: Target) -> None:
    """Without delays the local platform's figures know no distances."""
    if target.kind == "local":
        said: Any = manage(context.environment, "GET", "/_local/settings")
        if not (isinstance(said, dict) and said.get("delays")):
            context.output.say("note: distances are not in these figures; 'flyo local up --delays' puts them in")


def _show(context: CommandContext, wanted: Wanted, shown: Shown) -> None:
    output = context.output
    if wanted.svg is not None:
        path = context.environment.cwd / wanted.svg
        write_files(path.parent, {path.name: svg_text(shown).encode("utf-8")})
        output.say(f"wrote {wanted.svg}")
    if wanted.html is not None:
        book, now = load_regions(context.environment.variables), context.environment.clock.now()
        keep_page(context, probe_page(shown, book, now), wanted.html, what="The page")
    if context.options.as_json:
        output.document(probe_as_dict(shown, context.environment.clock.now()))
        return
    output.show(*probe_lines(shown, output.style, output.width))
    if wanted.plot:
        output.show("", *bar_lines(shown, output.style, output.width))


def _status(context: CommandContext, shown: Shown) -> Exit:
    """The exit status, and a line on stderr that says why it is not 0."""
    look = context.advice("'flyo status' shows its machines; ask for another page with --path")
    silent = [each for each in shown.rows if each.measured.latencies.errors and not each.measured.latencies.good]
    logs = context.advice("'flyo logs' shows what the app writes")
    bad = [FlyoError(what, where=where, next=logs, code="probe.slo") for where, what in shown.missed]
    bad += [
        FlyoError(f"no good answer: {each.measured.trouble}", where=each.place, next=look, code="probe.no_answer")
        for each in silent
    ]
    unknown = [
        FlyoError(what, where=where, code="probe.unmeasured", exit=Exit.INCONCLUSIVE) for where, what in shown.unknown
    ]
    told = bad or unknown
    context.output.say(*(error_line(each) for each in told))
    return told[0].exit if told else Exit.OK
