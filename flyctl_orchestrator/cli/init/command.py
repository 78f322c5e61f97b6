"""What `flyo init` does: fly.toml, flyo.toml and a Dockerfile, from questions or from flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flyctl_orchestrator.catalog.regions import RegionBook, load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.init.closed import refuse_closed, reopened
from flyctl_orchestrator.cli.init.create import can_create, create_app
from flyctl_orchestrator.cli.init.name import Names
from flyctl_orchestrator.cli.init.questions import questions
from flyctl_orchestrator.cli.init.report import UNASKED, report, show_files, summary
from flyctl_orchestrator.cli.init.request import InitRequest
from flyctl_orchestrator.cli.init.suggested import Suggested, suggestion
from flyctl_orchestrator.cli.options import alone
from flyctl_orchestrator.cli.target import wants_local
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import Declined, FlyoError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.project.asked import Asked, complete, missing_flags
from flyctl_orchestrator.project.counts import parse_counts
from flyctl_orchestrator.project.example import example_files, refuse_unless_empty
from flyctl_orchestrator.project.existing import existing_of_files, read_existing
from flyctl_orchestrator.project.litefs import CONFIG as LITEFS_CONFIG
from flyctl_orchestrator.project.litefs import litefs_files
from flyctl_orchestrator.project.scaffold import Answers, Existing, build_files
from flyctl_orchestrator.project.write import write_files


def asked_of(environment: Environment, regions: tuple[str, ...], primary: str | None, **answers: Any) -> Asked:
    """What the flags answer already.

    Raises:
        UsageError: a region is unknown, or a count is none.
    """
    book = load_regions(environment.variables)
    return Asked(
        primary=book.require(primary, where="--primary").code if primary is not None else None,
        regions=parse_counts(regions, where="--regions", regions=book, default=1) or None,
        **answers,
    )


@dataclass(frozen=True)
class Begun:
    """One `flyo init` that has found out what is there.

    Attributes:
        asked: what the flags answer.
        suggested: what is taken where nobody is asked.
        names: says whose an app's name is.
    """

    context: CommandContext
    request: InitRequest
    asked: Asked
    existing: Existing
    book: RegionBook
    suggested: Suggested
    names: Names

    @property
    def directory(self) -> str:
        """The name of the directory."""
        return self.context.environment.cwd.name

    @property
    def asks(self) -> bool:
        """Whether there is a person to ask, who did not say --yes."""
        return self.context.may_ask and not self.request.dry_run and not self.request.example

    @property
    def offers_to_create(self) -> bool:
        """Whether that person is asked whether to create the app."""
        environment = self.context.environment
        return self.asks and can_create(environment, local=wants_local(environment, self.context.options.local))

    def completed(self, asked: Asked) -> Answers:
        """All answers, with what is suggested for the rest.

        Raises:
            UsageError: an answer makes no sense.
        """
        return complete(asked, self.existing, self.directory, self.suggested.code)


def run_init(context: CommandContext, request: InitRequest, asked: Asked) -> None:
    """Find out what is there, settle the answers, write, create, report.

    Raises:
        FlyoError: an answer is missing or wrong, or something cannot be read, written or created.
    """
    environment = context.environment
    book = load_regions(environment.variables)
    copied: dict[str, bytes] = {}
    if request.example:
        refuse_unless_empty(environment.cwd, request.example)
        copied = example_files(request.example)
        existing = existing_of_files(copied, book)
    else:
        # Regions that were closed since are no reason not to read a file that is about to be put right.
        existing = reopened(read_existing(environment.cwd, book.with_codes(book.closed)), asked, book)
    suggested = suggestion(environment, existing, asked, book)
    begun = Begun(context, request, asked, existing, book, suggested, Names(context))
    known = begun.completed(asked)  # a wrong flag is told first
    if request.org and not (request.create or (request.create is None and begun.offers_to_create)):
        raise alone("--org", ("--create",), where="flyo init")
    if not request.example:
        require_start(existing, asked.start)
        if asked.database:
            planned_files(known, existing, {})  # and a missing one before anything is asked
    begun = replace(begun, suggested=replace(suggested, app=_suggested_app(known.app, begun)))
    try:
        answers, create = _ask(begun) if begun.asks else _take(begun)
    except KeyboardInterrupt:
        raise FlyoError("interrupted; nothing was written", code="interrupted", exit=Exit.INTERRUPTED) from None
    refuse_closed(answers, book)
    files = planned_files(answers, existing, copied)
    actions = {name: "changed" if (environment.cwd / name).is_file() else "created" for name in files}
    if request.dry_run:
        show_files(context, files, request)
        return
    write_files(environment.cwd, files)
    created = create_app(context, answers.app, org=request.org) if create else None
    report(context, answers, existing, actions, created, [] if begun.asks else _remarks(known.app, begun))


def _suggested_app(app: str, begun: Begun) -> str:
    """The app's name; another one where this was only proposed and is taken.

    Raises:
        UsageError: a flag or a file gives the app this name, and it is taken (code init.name_taken).
    """
    request, fly = begun.request, begun.existing.fly
    own = fly.app if fly and not request.example else None
    if request.dry_run or (app == own and not request.create):
        return app
    if begun.asked.app or app == own:
        begun.names.refuse_taken(app)
        return app
    return begun.names.free_one(app)


def _remarks(proposed: str, begun: Begun) -> list[str]:
    """What somebody should know who was not asked, a sentence each without a final stop."""
    suggested = begun.suggested
    found = [begun.names.remark(suggested.app)]
    if suggested.app != proposed:
        found.append(f"The app name '{proposed}' is taken, so this is {suggested.app}: --name takes another")
    if suggested.guess:
        found.append(f"{suggested.guess}: --primary CODE takes another")
    return [remark for remark in found if remark]


def planned_files(answers: Answers, existing: Existing, copied: Mapping[str, bytes]) -> dict[str, bytes]:
    """All files to write, those of an example (`copied`) among them.

    Raises:
        UsageError: as `build_files` and `litefs_files`.
    """
    files = {**copied, **build_files(answers, existing)}
    if answers.database and LITEFS_CONFIG not in existing.names:
        files |= litefs_files(files, answers.start, existing.fly)
    return files


def require_start(existing: Existing, start: str | None) -> None:
    """Say at once when nothing here tells how the app becomes an image: what would be written could not be deployed.

    Args:
        start: the command of --start, which is enough.

    Raises:
        UsageError: there is no Dockerfile, and none can be written (code init.unknown_app).
    """
    found = existing.detected
    if existing.fly or start or found.start or found.kind or not existing.needs_dockerfile:
        return
    if found.known:
        what = f"this looks like {found.label}, for which flyo writes no Dockerfile; nothing was written"
        advice = "Let 'fly launch --no-deploy' write one, or write one yourself, then run flyo init again"
    else:
        what = "there is no Dockerfile here and no app of a kind that is known; nothing was written"
        advice = "Write a Dockerfile, or give --start 'COMMAND'; to try it out: flyo init --example habit"
    raise UsageError(what, where=".", next=advice, code="init.unknown_app")


def _take(begun: Begun) -> tuple[Answers, bool]:
    """What flags and files say and what is suggested, and whether to create the app.

    Raises:
        UsageError: there is nothing to go by, and --yes was not given (code usage.missing).
    """
    missing = missing_flags(begun.asked, begun.existing)
    if missing and not begun.context.options.yes:
        suggestions = begun.completed(begun.asked)
        given = {"--name": suggestions.app, "--regions": ",".join(suggestions.regions)}
        values = " ".join(f"{flag} {given[flag]}" for flag in missing)
        raise UsageError(
            f"missing {' and '.join(missing)}, and there is no terminal to ask at",
            where="flyo init",
            next=f"Give {values}, or --yes to accept these values",
            code="usage.missing",
        )
    return begun.completed(replace(begun.asked, app=begun.suggested.app)), bool(begun.request.create)


def _ask(begun: Begun) -> tuple[Answers, bool]:
    """The same from a person at a terminal.

    Raises:
        Declined: nothing is to be written.
        KeyboardInterrupt: the person left.
    """
    from flyctl_orchestrator.catalog.prices import load_prices
    from flyctl_orchestrator.cli.init.wizard import Wizard, go_ahead

    context, existing, environment = begun.context, begun.existing, begun.context.environment
    prices = load_prices(environment.variables)[0]
    wizard = Wizard(environment, existing, begun.book, prices, begun.suggested, begun.names)
    answers = begun.completed(wizard.ask(begun.asked))
    files = planned_files(answers, existing, {})
    unasked = UNASKED.keys() - set(questions(begun.asked, existing))
    context.output.say("", *summary(answers, existing, files, environment.cwd, unasked))
    create = begun.request.create
    if create is not None or not begun.offers_to_create:
        context.insist("Go ahead?", default=True)
        return answers, bool(create)
    # One question for both: whoever has flyctl is asked no more than others.
    local = wants_local(environment, context.options.local)
    chosen = go_ahead(environment, answers.app, "on the local platform" if local else "on Fly.io")
    if chosen == "leave":
        raise Declined
    return answers, chosen == "create"
