"""`flyo init`: fly.toml, flyo.toml and a Dockerfile, from questions or from flags."""

from __future__ import annotations

import click

from flyctl_orchestrator.catalog.regions import RegionBook, load_regions
from flyctl_orchestrator.cli.init.create import can_create, create_app
from flyctl_orchestrator.cli.init.report import report, say, show_files, summary
from flyctl_orchestrator.cli.init.request import Request
from flyctl_orchestrator.cli.options import json_option, yes_option
from flyctl_orchestrator.cli.target import wants_local
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.asked import AUTO_STOP, Asked, complete, missing_flags
from flyctl_orchestrator.project.counts import parse_counts
from flyctl_orchestrator.project.example import EXAMPLES, example_files, refuse_unless_empty
from flyctl_orchestrator.project.existing import existing_of_files, read_existing
from flyctl_orchestrator.project.scaffold import Answers, Existing, build_files
from flyctl_orchestrator.project.write import write_files


@click.command(short_help="Write fly.toml, flyo.toml and a Dockerfile.")
@click.option("-a", "--app", "--name", "app", metavar="NAME", help="App name, unique on Fly.io.")
@click.option("--primary", metavar="CODE", help="Primary region, e.g. iad (default: first of --regions).")
@click.option("--regions", multiple=True, metavar="CODE[=N],…", help="Regions in rollout order: iad=2,fra,nrt.")
@click.option("--internal-port", type=click.IntRange(1, 65535), help="Port the app listens on.")
@click.option("--health-path", metavar="PATH", help="Path that answers 200 when the app is well.")
@click.option("--auto-stop", type=click.Choice(AUTO_STOP), help="What happens to a machine that nobody uses.")
@click.option("--vm-size", metavar="SIZE", help="Machine size, e.g. shared-cpu-1x.")
@click.option("--vm-memory", metavar="SIZE", help="Memory per machine, e.g. 512mb.")
@click.option("--start", metavar="COMMAND", help="Start command, for a new Dockerfile; may use $PORT.")
@click.option("--example", type=click.Choice(tuple(EXAMPLES)), help="Copy this app into the empty directory first.")
@click.option("--create/--no-create", default=None, help="Also create the app on Fly.io (with --local: there).")
@click.option("--org", metavar="SLUG", help="Organization to create it in.")
@click.option("--local", is_flag=True, help="Use the local platform (or FLYO_TARGET=local).")
@click.option("--dry-run", is_flag=True, help="Print the files and write nothing.")
@yes_option
@json_option
@click.pass_obj
def init(
    obj: dict[str, Environment],
    /,
    app: str | None,
    primary: str | None,
    regions: tuple[str, ...],
    internal_port: int | None,
    health_path: str | None,
    auto_stop: str | None,
    vm_size: str | None,
    vm_memory: str | None,
    start: str | None,
    **rest: object,
) -> None:
    """Prepare the app in this directory for Fly.io.

    Asks at a terminal; elsewhere, and with --yes, flags and defaults decide. Files that exist are edited in place and
    keep their comments; an existing Dockerfile is never touched.
    """
    environment = obj["environment"]
    book = load_regions(environment.variables)
    asked = Asked(
        app=app,
        primary=book.require(primary, where="--primary").code if primary is not None else None,
        regions=parse_counts(regions, where="--regions", regions=book, default=1) or None,
        port=internal_port,
        health=health_path,
        auto_stop=auto_stop,
        size=vm_size,
        memory=vm_memory,
        start=start,
    )
    run_init(environment, asked, Request(**rest), book)  # type: ignore[arg-type]


def run_init(environment: Environment, asked: Asked, request: Request, book: RegionBook) -> None:
    """Find out what is there, settle the answers, write, create, report."""
    copied: dict[str, bytes] = {}
    if request.example:
        refuse_unless_empty(environment.cwd, request.example)
        copied = example_files(request.example)
        existing = existing_of_files(copied, book)
    else:
        existing = read_existing(environment.cwd, book)
    answers, create = _answers(environment, asked, request, existing, book)
    files = {**copied, **build_files(answers, existing)}
    actions = {name: "changed" if (environment.cwd / name).is_file() else "created" for name in files}
    if request.dry_run:
        show_files(environment, files, request)
        return
    write_files(environment.cwd, files)
    created = create_app(environment, answers.app, local=request.local, org=request.org) if create else None
    report(environment, answers, existing, request, actions, created)


def _answers(
    environment: Environment, asked: Asked, request: Request, existing: Existing, book: RegionBook
) -> tuple[Answers, bool]:
    """All answers, and whether to create the app; asks only a person at a terminal who did not say --yes."""
    directory = environment.cwd.name
    asks = environment.interactive and not (request.yes or request.as_json or request.dry_run or request.example)
    if not asks:
        missing = missing_flags(asked, existing)
        if missing and not request.yes:
            suggestions = complete(asked, existing, directory)
            given = {"--name": suggestions.app, "--regions": ",".join(suggestions.regions)}
            values = " ".join(f"{flag} {given[flag]}" for flag in missing)
            raise UsageError(
                f"missing {' and '.join(missing)}, and there is nobody to ask",
                where="flyo init",
                next=f"Give {values}, or --yes to take exactly that",
                code="usage.missing",
            )
        return complete(asked, existing, directory), bool(request.create)
    complete(asked, existing, directory)  # a wrong flag is told before the first question
    return _ask(environment, asked, request, existing, book)


def _ask(
    environment: Environment, asked: Asked, request: Request, existing: Existing, book: RegionBook
) -> tuple[Answers, bool]:
    from flyctl_orchestrator.catalog.prices import load_prices
    from flyctl_orchestrator.cli.init.wizard import Wizard

    directory = environment.cwd.name
    wizard = Wizard(environment, existing, book, load_prices(environment.variables)[0], directory)
    answers = complete(wizard.ask(asked), existing, directory)
    create, local = request.create, wants_local(environment, request.local)
    if create is None and can_create(environment, local=local):
        where = "on the local platform" if local else "on Fly.io"
        create = wizard.confirm(f"Create the app '{answers.app}' {where} now?", default=False)
    files = build_files(answers, existing)
    say(environment, "")
    for line in summary(answers, files, environment.cwd):
        say(environment, line)
    if not wizard.confirm("Go ahead?", default=True):
        raise click.Abort
    return answers, bool(create)
