"""What `flyo doctor` does: looks at files, machines and this computer, and shows what it found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from flyctl_orchestrator.catalog.error_pages import load_pages
from flyctl_orchestrator.catalog.prices import load_prices
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.judged import judge
from flyctl_orchestrator.cli.local.client import find_local
from flyctl_orchestrator.cli.look.access import certificate_findings, lease_findings, token_findings
from flyctl_orchestrator.cli.look.computer import facts_of
from flyctl_orchestrator.cli.look.room import room_findings
from flyctl_orchestrator.cli.status import unfinished_rollout
from flyctl_orchestrator.cli.target import wants_local
from flyctl_orchestrator.doctor.computer import check_computer
from flyctl_orchestrator.doctor.cost import check_cost
from flyctl_orchestrator.doctor.files import check_files
from flyctl_orchestrator.doctor.finding import ORDER, Finding
from flyctl_orchestrator.doctor.fleet import check_fleet, check_secrets
from flyctl_orchestrator.doctor.outside import check_addresses, check_volumes
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.edit import set_keys
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.project.write import write_files
from flyctl_orchestrator.report.look.findings import finding_lines, findings_as_dict
from flyctl_orchestrator.rollout.plan.bill.bill import Use, bill_of
from flyctl_orchestrator.rollout.plan.bill.change import compare
from flyctl_orchestrator.rollout.plan.bill.of_fleet import bill_of_fleet, standing_of
from flyctl_orchestrator.rollout.state.lock_record import is_lock_machine
from flyctl_orchestrator.rollout.state.observe import Fleet
from flyctl_orchestrator.rollout.survey import Survey, survey_app


@dataclass(frozen=True)
class Wanted:
    """What one `flyo doctor` is to do."""

    only_files: bool = False
    fix: bool = False
    strict: bool = False


@dataclass
class Found:
    """What was looked at, what could not be, and what was found."""

    checked: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unseen: bool = False

    def miss(self, part: str, error: FlyoError) -> None:
        """A part could not be looked at; the error says why."""
        self.unseen = True
        what = f"was not looked at: {error.where + ': ' if error.where else ''}{error.what} [{error.code}]"
        self.findings.append(Finding("warning", part, what, error.next or "Run it again", code="doctor.not_checked"))

    @contextmanager
    def looking(self, part: str) -> Iterator[None]:
        """Look at a part; when that fails, the others are looked at all the same."""
        try:
            yield
        except FlyoError as error:
            self.miss(part, error)

    def status(self, *, strict: bool) -> Exit:
        """The exit status."""
        bad = ("error", "warning") if strict else ("error",)
        if any(each.severity in bad for each in self.findings if each.code != "doctor.not_checked"):
            return Exit.ERROR
        return Exit.UNREACHABLE if self.unseen else Exit.OK


def run_doctor(context: CommandContext, wanted: Wanted) -> int:
    """Look, show, and with `fix` put right what has no risk.

    Raises:
        FlyoError: there is no project here, or what was found cannot be shown.
    """
    project = context.project_to_look() if context.options.app else context.project(understood=False)
    found = Found()
    local = wants_local(context.environment, context.options.local)
    if local and not wanted.only_files:
        found.findings += check_computer(facts_of(context))
        found.checked.append("computer")
    if has_files(project):
        found.findings += check_files(project, load_regions(context.environment.variables))
        found.checked.append("files")
    if not wanted.only_files:
        _look_outside(context, project, found, local=local)
    if wanted.fix:
        found.findings = _fixed(context, project, found.findings)
    found.findings.sort(key=lambda each: ORDER.index(each.severity))
    _show(context, project, found)
    return int(found.status(strict=wanted.strict))


def has_files(project: Project) -> bool:
    """Whether there is a fly.toml at all; with --app a fleet can be looked at without one."""
    return project.flytoml.path.exists()


def _look_outside(context: CommandContext, project: Project, found: Found, *, local: bool) -> None:
    """Ask flyctl about the file, and the platform about the machines; a local platform is not started for it."""
    try:
        if local and find_local(context.environment) is None:
            context.output.say("the local platform does not run: no machines to look at")
            return
        target = context.target(needs_flyctl=False)
        with found.looking("token"):
            found.findings += token_findings(target, context.environment, project.app)
        found.findings += _of_fleet(context, target, project)
        found.checked.append("fleet")
    except FlyoError as error:
        found.miss("machines", error)
        return
    with found.looking("leases"):
        found.findings += lease_findings(target, project.app, _machines(target, project.app))
    with found.looking("certificates"):
        found.findings += certificate_findings(target, project.app)
    if not has_files(project):
        return
    if not project.problems and (project.flyo.regions or project.flytoml.primary_region):
        with found.looking("room in its regions"):
            book = load_regions(context.environment.variables)
            found.findings += room_findings(target.api, project, _machines(target, project.app), book)
    try:
        found.findings += _of_flyctl(context, target, project)
        addresses = target.flyctl.addresses(project.app)
        found.findings += check_addresses(project.app, addresses, _machines(target, project.app))
        found.checked.append("flyctl")
    except FlyoError as error:
        found.miss("flyctl's own checks", error)


def _machines(target: Target, app: str) -> list[Machine]:
    """The app's machines, but for the one that keeps flyo's lock and never runs."""
    return [each for each in target.api.list_machines(app) if not is_lock_machine(each)]


def _of_fleet(context: CommandContext, target: Target, project: Project) -> list[Finding]:
    past = unfinished_rollout(context, target, project.app)
    files = project if has_files(project) else None
    survey = survey_app(target, project.app, files, probe=True, unfinished=past)
    names = [secret.name for secret in target.api.list_secrets(project.app)]
    fleet = [*check_fleet(survey, target.api.platform_time()), *check_secrets(project.app, names)]
    return [*fleet, *check_volumes(survey.volumes), *(_of_cost(context, project, survey) if files else ())]


def _of_cost(context: CommandContext, project: Project, survey: Survey) -> Iterator[Finding]:
    """The bill of the files beside that of what was seen, where the files say how many machines there should be."""
    if project.problems or not project.flyo.regions:
        return
    regions, prices = load_regions(context.environment.variables), load_prices(context.environment.variables)[0]
    machines = tuple(each.machine for each in survey.seen)
    fleet, use = Fleet(project.app, True, machines, volumes=survey.volumes), Use(hours=project.flyo.budget.hours)
    before = bill_of_fleet(fleet, use, prices, regions)
    yield from check_cost(project.app, compare(before, bill_of(project, use, prices, regions, standing_of(fleet))))


def _of_flyctl(context: CommandContext, target: Target, project: Project) -> list[Finding]:
    judged = judge(target.flyctl, project, context.environment.cwd)
    shown = project.flytoml.shown
    if not judged.valid:
        what = f"flyctl refuses it: {'; '.join(judged.says)}"
        return [Finding("error", shown, what, "Correct that; no deploy can succeed before", code="config.refused")]
    warns = [Finding("warning", shown, said, "Do what flyctl says", code="doctor.flyctl_warns") for said in judged.says]
    what = "flyctl ignores what it does not know: "
    return warns + [
        Finding("warning", shown, what + key, "Correct or remove it", code="doctor.ignored_key")
        for key in judged.unknown
    ]


def _fixed(context: CommandContext, project: Project, findings: list[Finding]) -> list[Finding]:
    """Write what can be put right without risk into fly.toml; gives what is left.

    Raises:
        FlyoError: it cannot be written, or not be edited without disturbing the file.
    """
    fly = project.flytoml
    changes = {each.change[0]: each.change[1] for each in findings if each.change is not None}
    if not changes or fly.path.suffix != ".toml":
        context.output.say("nothing to fix that has no risk")
        return findings
    text = set_keys(fly.text, changes, shown=fly.shown)
    write_files(fly.path.parent, {fly.path.name: text.encode("utf-8")})
    for each in findings:
        if each.change is not None:
            context.output.say(f'fixed {each.where}: {".".join(map(str, each.change[0]))} = "{each.change[1]}"')
    return [each for each in findings if each.change is None]


def _show(context: CommandContext, project: Project, found: Found) -> None:
    output, pages = context.output, load_pages()
    findings = [
        replace(each, what=context.advice(" ".join(each.what.split())), fix=context.advice(each.fix))
        for each in found.findings
    ]
    if context.options.as_json:
        output.document(findings_as_dict(project.app, found.checked, findings, pages))
    else:
        output.show(*finding_lines(found.checked, findings, pages, output.width))
