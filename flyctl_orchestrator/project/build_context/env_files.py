"""Files with secrets in them (`.env`) that a build would copy into the image, for whoever has the image to read."""

from __future__ import annotations

import json
import os
import posixpath
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.build_context.ignore import IgnoreRules
from flyctl_orchestrator.project.build_options import BuildOptions
from flyctl_orchestrator.project.building import BuildPlan, build_section, named_image, plan_build
from flyctl_orchestrator.project.flytoml.values import pick
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.project.tomlfile import read_text

# What is written to be read by everybody.
_SAMPLE = re.compile(r"\.(?:example|sample|template|dist|defaults)$")
_ENV = re.compile(r"\.env(?:\.[\w.-]+)?")
_COPY = re.compile(r"^\s*(?:COPY|ADD)\s+(.*)$", re.IGNORECASE | re.MULTILINE)
PASSED_OVER = {"node_modules", "venv", "__pycache__"}
# Files that are looked at.
MOST = 20_000


@dataclass(frozen=True)
class EnvFiles:
    """What a search has found.

    Attributes:
        paths: of `.env` files, from the build context on.
        complete: whether all files were looked at; False when there are more than `MOST`.
    """

    paths: tuple[str, ...]
    complete: bool = True


def env_files_in_image(project: Project, options: BuildOptions | None = None, most: int = MOST) -> EnvFiles:
    """The `.env` files that the project's build copies into its image.

    Files that cannot be read are taken for empty: the build says what is wrong with them.

    Args:
        most: files to look at.
    """
    if named_image(project):
        return EnvFiles(())
    plan = plan_build(project, options or BuildOptions())
    dockerfile = plan.dockerfile or _dockerfile(project.context)
    rules = IgnoreRules.read(_ignore_text(plan, dockerfile, project.context))
    copied = None if _built_otherwise(project) else _copied(_text(dockerfile))
    if copied == []:
        return EnvFiles(())
    found = _env_files(project.context, rules, most)
    kept = [path for path in found.paths if not rules.keep_out(path)]
    taken = [path for path in kept if copied is None or any(_takes(source, path) for source in copied)]
    return EnvFiles(tuple(taken), found.complete)


def _built_otherwise(project: Project) -> bool:
    """Whether something other than a Dockerfile builds the image, from all files there are."""
    return any(pick(build_section(project), key) for key in ("builder", "buildpacks", "builtin"))


def _dockerfile(context: Path) -> Path:
    names = (context / name for name in ("Dockerfile", "dockerfile"))
    return next((path for path in names if path.is_file()), context / "Dockerfile")


def _ignore_text(plan: BuildPlan, dockerfile: Path, context: Path) -> str:
    usual = (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore")
    choices = (plan.ignorefile,) if plan.ignorefile else usual
    return next((_text(path) for path in choices if path.is_file()), "")


def _text(path: Path) -> str:
    try:
        return read_text(path, path.name)
    except UsageError:
        return ""


def _env_files(context: Path, rules: IgnoreRules, most: int) -> EnvFiles:
    seen = 0
    found: list[str] = []
    for directory, folders, files in os.walk(context):
        here = Path(directory).relative_to(context)
        looked_into = (each for each in folders if not each.startswith(".") and each not in PASSED_OVER)
        folders[:] = sorted(each for each in looked_into if not rules.keep_all_out((here / each).as_posix()))
        for name in sorted(files):
            seen += 1
            if seen > most:
                return EnvFiles(tuple(found), complete=False)
            if _ENV.fullmatch(name) and not _SAMPLE.search(name):
                found.append((here / name).as_posix())
    return EnvFiles(tuple(found))


def _copied(dockerfile: str) -> list[str]:
    """What a Dockerfile copies out of the context: paths and patterns, "." for all of it."""
    joined = re.sub(r"\\[ \t]*\r?\n", " ", dockerfile)
    return [source for line in _COPY.findall(joined) for source in _sources(line)]


def _sources(line: str) -> list[str]:
    words = line.split()
    while words and words[0].startswith("--"):
        if words.pop(0).startswith("--from="):
            return []  # out of another image
    rest = " ".join(words)
    if rest.startswith("["):
        try:
            words = [str(word) for word in json.loads(rest)]
        except ValueError:
            return ["."]
    return [posixpath.normpath(word.lstrip("/") or ".") for word in words[:-1]]


def _takes(source: str, path: str) -> bool:
    """Whether copying `source` takes the file along: it is the file, or a directory above it, or a pattern for one."""
    parts = path.split("/")
    above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    return source == "." or "$" in source or any(fnmatchcase(each, source) for each in above)
