"""Files with secrets in them (`.env`) that a build would copy into the image, for whoever has the image to read."""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterator
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
# Files and directories that are looked at.
MOST = 5_000


def env_files_in_image(project: Project, options: BuildOptions | None = None) -> list[str]:
    """The `.env` files, by path from the build context on, that the project's build copies into its image.

    Files that cannot be read are taken for empty: the build says what is wrong with them.
    """
    if named_image(project):
        return []
    plan = plan_build(project, options or BuildOptions())
    dockerfile = plan.dockerfile or _dockerfile(project.context)
    rules = IgnoreRules.read(_ignore_text(plan, dockerfile, project.context))
    copied = None if _built_otherwise(project) else _copied(_text(dockerfile))
    found = [path for path in _env_files(project.context) if not rules.keep_out(path)]
    return [path for path in found if copied is None or any(_takes(source, path) for source in copied)]


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


def _env_files(context: Path) -> Iterator[str]:
    seen = 0
    for directory, folders, files in os.walk(context):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in PASSED_OVER)
        for name in sorted(files):
            seen += 1
            if seen > MOST:
                return
            if _ENV.fullmatch(name) and not _SAMPLE.search(name):
                yield (Path(directory) / name).relative_to(context).as_posix()


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
