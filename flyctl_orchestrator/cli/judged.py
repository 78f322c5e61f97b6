"""fly.toml before a rollout: flyctl is asked whether it would deploy it, and what it warns of is said."""

from __future__ import annotations

from pathlib import Path

from flyctl_orchestrator.catalog.error_pages import load_pages
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.doctor.files import check_files
from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.errors import UnreachableError, UsageError
from flyctl_orchestrator.fleet.flyctl.flyctl import Flyctl, FlyctlError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.building import require_dockerfile
from flyctl_orchestrator.project.flytoml.judgement import Judgement, read_judgement
from flyctl_orchestrator.project.model import Project

# Warnings that are said before a rollout, too: what cannot be taken back afterwards, and what the file asks for and no
# rollout brings about, which comes out the same all the same.
SAID_BEFORE = {
    "doctor.env_in_image",
    "doctor.min_running_unused",
    "doctor.region_closing",
    "doctor.suspend_memory",
}


def require_valid(context: CommandContext, target: Target, project: Project, *, needed: bool = True) -> None:
    """Stop here when flyctl would not deploy the project's fly.toml.

    Args:
        needed: False where nothing is deployed, and a missing flyctl is only said.

    Raises:
        UsageError: it would not (code config.refused, flyctl's own sentence), or a value that a rollout depends on
            is not understood.
        FlyoError: flyctl gave no verdict.
    """
    fly = project.flytoml
    try:
        judged = judge(target.flyctl, project, context.environment.cwd)
    except UnreachableError as error:
        if needed:
            raise
        context.output.say(f"warning: {fly.shown} was not checked by flyctl: {error.what}")
        judged = Judgement(valid=True)
    if not judged.valid:
        raise UsageError(
            f"flyctl refuses it: {'; '.join(judged.says)}",
            where=fly.shown,
            next="Correct that; 'flyctl config validate' says it, too",
            code="config.refused",
        )
    project.require_understood()
    context.output.say(*(f"warning: {fly.shown}: {sentence}" for sentence in judged.says))
    if judged.unknown:
        context.output.say(f"warning: {fly.shown}: flyctl ignores what it does not know: {', '.join(judged.unknown)}")
    context.output.say(*(f"warning: {note}" for note in (*fly.notes, *project.notes)))


def require_no_errors(context: CommandContext, project: Project, *, warnings: bool = False) -> None:
    """Stop when `flyo doctor` finds an error in the files that was not accepted with --accept; nobody is asked.

    Args:
        warnings: whether its warnings are said, too, and not only secrets on their way into an image.

    Raises:
        UsageError: an error was found (the finding's own code; further ones are said), or --accept names none.
    """
    accepted = _accepted(context)
    stopping: list[Finding] = []
    for each in check_files(project, load_regions(context.environment.variables)):
        if each.severity == "error" and each.code not in accepted:
            stopping.append(each)
        elif each.severity == "error" or each.code in SAID_BEFORE or (warnings and each.severity == "warning"):
            context.output.say(context.advice(f"warning: {each.where}: {each.what}. {each.fix} [{each.code}]"))
    if not stopping:
        return
    first, *others = stopping
    context.output.say(*(f"error: {each.where}: {each.what}. {each.fix} [{each.code}]" for each in others))
    codes = " ".join(f"--accept {code}" for code in dict.fromkeys(each.code for each in stopping))
    raise UsageError(first.what, where=first.where, next=f"{first.fix}. If it is meant, add {codes}", code=first.code)


def _accepted(context: CommandContext) -> set[str]:
    """The codes given with --accept.

    Raises:
        UsageError: one of them is no code of a finding.
    """
    codes = set(context.options.accept)
    known = {code for code, page in load_pages().items() if page.topic == "doctor"} if codes else set()
    for code in sorted(codes - known):
        shown = code[:60] if code.isprintable() else repr(code[:60])
        raise UsageError(
            f"'{shown}' is no code of a finding about files",
            where="--accept",
            next="Give the one in brackets behind an error; 'flyo doctor --files' shows them",
        )
    return codes


def require_buildable(context: CommandContext, target: Target, project: Project) -> None:
    """Stop here when the image cannot be built where it would be; on Fly.io flyctl says so itself.

    Raises:
        UsageError: the local platform cannot build it.
    """
    options = context.options.build
    if not target.builder_url:
        return
    require_dockerfile(project, options)
    if unused := [switch for switch in options.switches if switch != "--no-cache"]:
        context.output.say(f"warning: {', '.join(unused)} changes nothing: the local platform builds by itself")


def settle_regions(context: CommandContext, target: Target, project: Project) -> Project:
    """The project with regions to deploy to; where its files name none, what was chosen is said.

    Raises:
        FlyoError: the platform cannot be asked, or there it would cost more than the budget allows.
    """
    from flyctl_orchestrator.cli.catalog.budget import require_within_budget
    from flyctl_orchestrator.rollout.default_regions import with_regions

    book = load_regions(context.environment.variables) if target.kind == "local" else None
    project, chosen = with_regions(project, target.api, book)
    if chosen:
        context.output.say(f"note: {project.flytoml.shown}: {chosen}")
        require_within_budget(context, project)
    return project


def judge(flyctl: Flyctl, project: Project, cwd: Path) -> Judgement:
    """flyctl's verdict on the project's fly.toml.

    Raises:
        FlyoError: flyctl is missing or gave none.
    """
    args = ["config", "validate", "--config", str(project.flytoml.path.absolute()), "--app", project.app]
    ran = flyctl.run([*args, "--strict"], cwd=cwd)
    if "unknown flag: --strict" in ran.stderr:
        ran = flyctl.run(args, cwd=cwd)
    judged = read_judgement(ran.stdout, ran.complaint)
    if ran.timed_out or (not judged.valid and (ran.status != 1 or "access token" in ran.complaint)):
        flyctl.check(ran, where=f"app {project.app}")
    if not judged.valid and ran.ok:
        what = "what flyctl config validate printed is neither a yes nor a no"
        advice = "Run 'flyctl config validate' to see what it prints"
        raise FlyctlError(what, ran=ran, where=project.flytoml.shown, code="flyctl.unreadable", next=advice)
    return judged
