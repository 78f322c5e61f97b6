"""The project's files as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.doctor.machines import check_machines
from flyctl_orchestrator.doctor.services import check_services, check_top_level
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.build_context.env_files import MOST as SEARCHED
from flyctl_orchestrator.project.build_context.env_files import env_files_in_image
from flyctl_orchestrator.project.flytoml.values import pick
from flyctl_orchestrator.project.model import FlyToml, Project

# Characters of a Dockerfile that are looked at.
MOST = 100_000


def check_files(project: Project, book: RegionBook) -> Iterator[Finding]:
    """What is wrong with fly.toml and flyo.toml.

    Args:
        book: what is known of regions.
    """
    for problem in project.problems:
        yield Finding("error", problem.where, problem.what, problem.next, code=problem.code)
    fly = project.flytoml
    try:
        regions = project.regions()
    except UsageError as error:
        regions = {}
        yield Finding("error", error.where, error.what, error.next, code=error.code)
    yield from check_services(fly.raw, fly.shown, sum(1 for count in regions.values() if count))
    yield from check_top_level(fly.raw, fly.shown)
    yield from check_machines(fly, regions, book, _start_commands(project))
    yield from check_env_files(project)


def check_env_files(project: Project, most: int = SEARCHED) -> Iterator[Finding]:
    """`.env` files that the build copies into the image, and whether all files were looked at.

    Args:
        most: files to look at.
    """
    found = env_files_in_image(project, most=most)
    if not found.complete:
        what = f"there are more than {most:,} files, and the others were not searched for a .env"
        fix = "Keep what the image does not need out of it with .dockerignore, or look yourself"
        yield Finding("warning", "build context", what, fix, code="doctor.env_not_searched")
    for path in found.paths:
        fix = f"Add the line {path} to .dockerignore, and give the values with 'flyo secrets import {path}'"
        what = "gets into the image, where everybody who has the image can read it"
        yield Finding("warning", path, what, fix, code="doctor.env_in_image")


def _start_commands(project: Project) -> str:
    """Every text that says what starts the app: processes of fly.toml and the Dockerfile, as far as there is one."""
    fly = project.flytoml
    processes = pick(fly.raw, "processes")
    said = [str(each) for each in processes.values()] if isinstance(processes, dict) else []
    try:
        said.append((project.root / _dockerfile(fly)).read_text("utf-8", errors="replace")[:MOST])
    except (OSError, ValueError):
        pass  # an image that is built elsewhere
    return "\n".join(said)


def _dockerfile(fly: FlyToml) -> str:
    build = pick(fly.raw, "build")
    named = pick(build, "dockerfile") if isinstance(build, dict) else None
    return named if isinstance(named, str) and "://" not in named else "Dockerfile"
