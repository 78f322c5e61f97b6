"""Both files of a project together, checked against each other."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from flyctl_orchestrator.catalog.regions import RegionBook, load_regions
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project import flyotoml, flytoml
from flyctl_orchestrator.project.flytoml.formats import config_in
from flyctl_orchestrator.project.litefs import litefs_problems
from flyctl_orchestrator.project.model import Flyo, FlyToml, Project
from flyctl_orchestrator.project.tomlfile import Document

FLY_TOML = "fly.toml"
FLYO_TOML = "flyo.toml"


def load_project(
    cwd: Path,
    config_path: Path | None = None,
    app_name: str | None = None,
    variables: Mapping[str, str] | None = None,
    *,
    offered: Collection[str] = (),
) -> Project:
    """The project whose fly.toml is `config_path`, or that of directory `cwd`.

    flyo.toml is looked for beside fly.toml and may be missing; beside fly.NAME.toml, flyo.NAME.toml comes first.

    Args:
        cwd: the directory the user is in; a relative `config_path` starts there. A directory means its fly.toml.
        app_name: the app to use instead of the one fly.toml names.
        variables: the environment, for FLYO_CATALOG_DIR.
        offered: codes of regions that the platform has told of, known here or not.

    Raises:
        UsageError: a file is missing or wrong, or no app is named (codes config.*).
    """
    path, shown = find_config(cwd, config_path)
    if config_path is not None and not (path.exists() or path.is_symlink()):
        raise _not_there(cwd, shown)
    regions = load_regions(variables).with_codes(offered)
    fly = flytoml.load(path, shown=shown)
    if flyotoml.is_flyo(fly.raw):
        raise UsageError(
            "is flyo's own file, and not the app's configuration",
            where=shown,
            next="Name the fly.toml beside it",
            code="config.not_fly",
        )
    beside = _flyo_beside(path)
    shown_beside = str(Path(shown).parent / beside.name)
    flyo = flyotoml.load(beside, shown=shown_beside, regions=regions)
    problems = (*fly.problems, *_region_problems(fly, flyo, regions), *litefs_problems(path.parent, fly, flyo))
    notes = tuple(_gone_groups(fly, flyo, shown_beside))
    return Project(path.parent, _app(fly, app_name, shown), fly, flyo, cwd, problems, notes)


def load_to_look(
    cwd: Path,
    config_path: Path | None = None,
    app_name: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> tuple[Project, tuple[UsageError, ...]]:
    """As `load_project`, for what only looks at an app or undoes something: whatever can be done without, may be wrong.

    Returns: the project, with defaults for what is missing or wrong, and what that is.

    Raises:
        UsageError: the app's name is not known, or the file that was named does not exist.
    """
    try:
        project = load_project(cwd, config_path, app_name, variables)
        return project, project.problems
    except UsageError as error:
        if config_path is not None and error.code == "config.missing":
            raise
        named = config_path if config_path is not None else (config_in(cwd) or cwd / FLY_TOML).relative_to(cwd)
        path, shown = find_config(cwd, named)
        fly, wrong = _fly_or_none(path, shown)
        if app_name is None and (fly is None or error.code in ("config.no_app", "config.app_name")):
            raise
        document = Document(path, shown, "", {})
        found = fly or flytoml.parse(document)
        app = _app(found, app_name, shown)
        absent = wrong is not None and wrong.code == "config.missing"
        return Project(path.parent, app, found, Flyo(), cwd, problems=(error,)), () if absent else (error,)


def _fly_or_none(path: Path, shown: str) -> tuple[FlyToml | None, UsageError | None]:
    try:
        return flytoml.load(path, shown=shown), None
    except UsageError as error:
        return None, error


def find_config(cwd: Path, config_path: Path | None) -> tuple[Path, str]:
    """The configuration file, and what to call it in messages.

    Raises:
        UsageError: no file is named and there is no fly.toml; names those that are near.
    """
    if config_path is not None:
        path = cwd / config_path
        return (path / FLY_TOML, str(config_path / FLY_TOML)) if path.is_dir() else (path, str(config_path))
    found = config_in(cwd)
    if found is None and (others := configs_near(cwd)):
        listed = ", ".join(others[:5])
        raise UsageError(
            "does not exist",
            where=FLY_TOML,
            next=f"Name one with -c: {listed}" + (f" or {len(others) - 5} more" if len(others) > 5 else ""),
            code="config.missing",
        )
    return (found, found.name) if found else (cwd / FLY_TOML, FLY_TOML)


def configs_near(cwd: Path) -> list[str]:
    """Files that look like configurations of apps, in `cwd` and one directory below it, as paths relative to it."""
    found = [*cwd.glob("fly.*.toml"), *cwd.glob("*/fly.toml"), *cwd.glob("*/fly.*.toml")]
    return sorted(str(path.relative_to(cwd)) for path in found if path.is_file())


def _not_there(cwd: Path, shown: str) -> UsageError:
    """The error for a file that was named and does not exist: 'flyo init' would write another one."""
    usual = config_in(cwd)
    there = [*([usual.name] if usual else []), *configs_near(cwd)][:5]
    what = f"Name one that is there: {', '.join(there)}" if there else "Name a file that is there"
    return UsageError("does not exist", where=shown, next=what, code="config.missing")


def _flyo_beside(path: Path) -> Path:
    own = path.with_name(f"flyo.{path.stem.removeprefix('fly.')}.toml")
    return own if path.stem.startswith("fly.") and own.exists() else path.with_name(FLYO_TOML)


def _region_problems(fly: FlyToml, flyo: Flyo, regions: RegionBook) -> tuple[UsageError, ...]:
    """primary_region has to be a region where it is the only one that is named; otherwise it is flyctl's business."""
    if flyo.regions or not fly.primary_region or regions.get(fly.primary_region):
        return ()
    document = Document(fly.path, fly.shown, fly.text, fly.raw)
    return (regions.unknown(fly.primary_region, where=document.where(("primary_region",))),)


def _app(fly: FlyToml, app_name: str | None, shown: str) -> str:
    if app_name is not None:
        return _given(app_name)
    if fly.app is None:
        raise UsageError("names no app", where=shown, next='Add app = "NAME", or give --app NAME', code="config.no_app")
    return _usable(fly.app, f"{shown}: app {fly.app!r}")


def _gone_groups(fly: FlyToml, flyo: Flyo, shown: str) -> Iterator[str]:
    """What is said of process groups that flyo.toml counts and fly.toml does not have (any more)."""
    for name in (name for name in flyo.groups if name not in fly.process_groups):
        close = difflib.get_close_matches(name, fly.process_groups, n=1)
        advice = f"Did you mean '{close[0]}'?" if close else "Take it out when it is gone for good"
        yield f"{shown}: [groups.{name}] is no process group of {fly.shown} and counts for nothing. {advice}"


def find_app(
    cwd: Path,
    config_path: Path | None = None,
    app_name: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> str:
    """The name of the app alone, for commands that need no fly.toml when --app is given.

    Raises:
        UsageError: as `load_project`.
    """
    if app_name is not None:
        return _given(app_name)
    return load_to_look(cwd, config_path, None, variables)[0].app


def _given(app_name: str) -> str:
    return _usable(app_name, f"--app {app_name!r}")


def _usable(app_name: str, where: str) -> str:
    if flytoml.usable_app_name(app_name):
        return app_name
    raise UsageError(
        "is not a valid app name",
        where=where,
        next="Use 1 to 63 letters, digits and hyphens, or give another one with --app",
        code="config.app_name",
    )
