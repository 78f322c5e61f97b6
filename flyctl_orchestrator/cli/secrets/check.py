"""What `flyo secrets check` does: what the code needs and is not set, and whether a file holds what was last set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.secrets.command import AppSecrets
from flyctl_orchestrator.cli.secrets.comparison import Row, rows_of
from flyctl_orchestrator.cli.secrets.input import read_env_text
from flyctl_orchestrator.cli.secrets.store import digests
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.doctor.files import check_env_files
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.detect import detect
from flyctl_orchestrator.project.envfile import parse_env
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.report.numbers import count
from flyctl_orchestrator.report.table import Column, render

SCHEMA = "flyo.secrets-check/1"
# What each status means, for a person.
SAYS = {
    "set": "",
    "same": "is what was last set",
    "differs": "is not what was last set",
    "unknown": "was last set elsewhere, so it cannot be compared",
    "in fly.toml": "has a value in [env]",
}
# A job of a pipeline begins with an empty state directory, and can compare nothing.
NOT_COMPARED = (
    "note: Fly shows no values; what can be compared is what was last set with this FLYO_STATE_DIR ({state}): "
    "in a pipeline keep that directory between runs"
)


@dataclass(frozen=True)
class Wanted:
    """What one `flyo secrets check` is to do.

    Attributes:
        file: a .env file to compare with, "-" for stdin; None for none.
        environment: compare with the environment of this process.
        optional: names that need not be set.
        strict: what cannot be compared, and a .env file in the image, count as wrong.
    """

    file: str | None = None
    environment: bool = False
    optional: tuple[str, ...] = ()
    strict: bool = False


def check_secrets(context: CommandContext, wanted: Wanted) -> int:
    """Show each name with how it stands; gives the exit status.

    Raises:
        FlyoError: the file, the project or the app's secrets cannot be read.
    """
    project = context.project_to_look()
    values = _values(context, wanted)
    target = context.target(needs_flyctl=False)
    secrets = AppSecrets(context, project.app)
    held = _held(secrets, target)
    rows = _rows(secrets, target, project, held, values, wanted)
    of_files = list(check_env_files(project)) if project.flytoml.path.exists() else []
    leaking = [each.where for each in of_files if each.code == "doctor.env_in_image"]
    others = [each for each in of_files if each.code != "doctor.env_in_image"]
    context.output.say(*(f"warning: {each.where}: {each.what}. {each.fix} [{each.code}]" for each in others))
    _show(secrets, rows, leaking, compared=wanted.file is not None or wanted.environment)
    bad = any(row.bad for row in rows)
    unsure = bool(leaking) or any(row.status == "unknown" for row in rows)
    return int(Exit.ERROR if bad or (wanted.strict and unsure) else Exit.OK)


def _held(secrets: AppSecrets, target: Target) -> dict[str, str]:
    """Name -> Fly's digest; an app that is not there yet has none, and that is said."""
    held = digests(target, secrets.app)
    if held is None:
        secrets.context.output.say(f"note: app {secrets.app} does not exist yet, so nothing is set")
    return held or {}


def _values(context: CommandContext, wanted: Wanted) -> dict[str, str]:
    """What is to be compared, by name; of the environment all there is, for its names are only known later."""
    if wanted.file is None:
        return {}
    text, shown = read_env_text(context.environment, wanted.file)
    return parse_env(text, shown=shown).values


def _rows(
    secrets: AppSecrets, target: Target, project: Project, held: Mapping[str, str], file: Mapping[str, str],
    wanted: Wanted,
) -> list[Row]:  # fmt: skip
    needed = {each.name for each in detect(project.root).secrets} - {*wanted.optional}
    variables = secrets.context.environment.variables if wanted.environment else {}
    given = {**{name: variables[name] for name in {*held, *needed} if name in variables}, **file}
    return rows_of(needed, project.flytoml.env, held, given, secrets.last_set(target).compare)


def _show(secrets: AppSecrets, rows: list[Row], leaking: list[str], *, compared: bool) -> None:
    output = secrets.context.output
    if any(row.status == "unknown" for row in rows):
        output.say(NOT_COMPARED.format(state=state_directory(secrets.context.environment)))
    for path in leaking:
        output.say(f"warning: {path} gets into the image: add it to .dockerignore [doctor.env_in_image]")
    if secrets.context.options.as_json:
        row_dicts = [asdict(row) for row in rows]
        output.document({"schema": SCHEMA, "app": secrets.app, "secrets": row_dicts, "in_image": leaking})
        return
    if rows:
        columns = (Column("name"), Column("status"), Column("why", flexible=True))
        output.show(
            *render(columns, [(row.name, row.status, _reason(row)) for row in rows], output.style, output.width)
        )
    missing = [row.name for row in rows if row.status == "missing"]
    wrong = count(sum(row.status == "differs" for row in rows), "value") if compared else ""
    said = f"{count(len(missing), 'secret')} missing" + (f", {wrong} different" if wrong else "")
    output.say(f"app {secrets.app}: {said}")
    if missing:
        output.say(f"next     {secrets.context.advice('flyo secrets set ' + ' '.join(missing))}")


def _reason(row: Row) -> str:
    if row.status == "missing":
        return "the code asks for it" if row.needed else "is not set"
    return SAYS[row.status]
