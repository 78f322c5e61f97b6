"""Which commands install an app's dependencies, and which files decide when they have to run again."""

from __future__ import annotations

import json
import posixpath
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flyctl_orchestrator.local.images.context import Context
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.own_builds import OwnBuild
from flyctl_orchestrator.local.images.stages import Stage
from flyctl_orchestrator.local.images.tree import Tree

_MANIFESTS = ("requirements.txt", "pyproject.toml", "package.json")
_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
_OTHER_LOCKS = ("yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb")
# npm runs these on its own when it installs; they may read any file.
_LIFECYCLE = frozenset({"preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"})


@dataclass(frozen=True)
class InstallStep:
    """A shell command, the directory of the context to run it in ("" is the root), and variables of its own.

    Attributes:
        laid_out: files of the context to copy into the directory before, by their path there.
    """

    command: str
    directory: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    laid_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class InstallPlan:
    """How an app's dependencies are installed.

    Attributes:
        steps: commands in order; none is fine.
        inputs: files and directories of the context whose content decides whether to run again; None means all.
        virtual_env: whether a Python virtual environment is made and active.
        keeps_everything: whether whatever the commands leave in the context's copy belongs to the image, and not
            only node_modules.
    """

    steps: tuple[InstallStep, ...] = ()
    inputs: tuple[str, ...] | None = ()
    virtual_env: bool = False
    keeps_everything: bool = False


def asked_for(command: str, inputs: Sequence[str] | None, context: Context) -> InstallPlan:
    """The plan for a build command a person gave.

    Raises:
        BuildFailed: an input that is not in the context.
    """
    if inputs is None:
        return InstallPlan((InstallStep(command),), None, virtual_env=True, keeps_everything=True)
    paths = {_inside(name): name for name in inputs}
    for path, name in paths.items():
        if path is None or not (path == "" or path in context.tree):
            left_out = path is not None and (context.root / path).exists()
            raise BuildFailed(
                "build.inputs",
                f"the build input {name} is {'left out by .dockerignore' if left_out else 'not in the context'}",
                "Correct `inputs` under [local] in flyo.toml.",
            )
    return InstallPlan(
        (InstallStep(command),), tuple(sorted(path or "" for path in paths)), virtual_env=True, keeps_everything=True
    )


def by_default(context: Context, root: Tree, stage: Stage, builds: Sequence[OwnBuild] = ()) -> InstallPlan:
    """The plan when nothing was asked for: what the app's own manifests say.

    They are looked for at the top of the context, or else among the files that COPY puts into WORKDIR.

    Args:
        builds: what is done after that; where npm does something, its packages are installed as well.

    Raises:
        BuildFailed: a manifest that cannot be parsed.
    """
    python_base = stage.base.rsplit("/", 1)[-1].partition(":")[0] in ("python", "uv")
    plans = [InstallPlan(virtual_env=python_base)]
    directories = _directories(context.tree, root, stage.workdir.strip("/"))
    for directory in directories:
        plans += [_python(context, directory), _node(context, directory)]
    further = dict.fromkeys(build.directory for build in builds if build.tool in ("npm", "npx"))
    plans += [_node(context, directory) for directory in further if directory not in directories]
    steps = [step for plan in plans for step in plan.steps]
    steps += [InstallStep(build.command, build.directory, build.env, build.laid_out) for build in builds]
    everything = bool(builds) or any(plan.inputs is None for plan in plans)
    inputs = None if everything else tuple(sorted({name for plan in plans for name in plan.inputs or ()}))
    return InstallPlan(tuple(steps), inputs, any(plan.virtual_env for plan in plans), bool(builds))


def _directories(tree: Tree, root: Tree, workdir: str) -> list[str]:
    if any(name in tree for name in _MANIFESTS):
        return [""]
    placed = (root.get(posixpath.join(workdir, name)) for name in _MANIFESTS)
    return list(dict.fromkeys(posixpath.dirname(item.origin) for item in placed if item and item.origin))


def _text(context: Context, path: str) -> str:
    try:
        return (context.root / path).read_text("utf-8", "replace")
    except OSError as error:
        raise BuildFailed("build.context", f"{path} cannot be read: {error.strerror}", "Make it readable.") from error


def _python(context: Context, directory: str) -> InstallPlan:
    requirements = posixpath.join(directory, "requirements.txt")
    if requirements in context.tree:
        inputs = _requirement_inputs(context, requirements)
        return InstallPlan((InstallStep("pip install -r requirements.txt", directory),), inputs, virtual_env=True)
    path = posixpath.join(directory, "pyproject.toml")
    if path not in context.tree:
        return InstallPlan()
    try:
        project = tomllib.loads(_text(context, path))
    except tomllib.TOMLDecodeError as error:
        raise BuildFailed("build.manifest", f"{path}: {error}", f"Fix {path}.") from error
    return _project(project, path, directory)


def _project(content: dict[str, Any], path: str, directory: str) -> InstallPlan:
    metadata = content.get("project")
    metadata = metadata if isinstance(metadata, dict) else {}
    # Without a build system it is an app, not a package: only what it depends on is installed.
    if "build-system" in content or "dependencies" in metadata.get("dynamic", ()):
        return InstallPlan((InstallStep("pip install .", directory),), None, virtual_env=True)
    wanted = [name for name in metadata.get("dependencies", ()) if isinstance(name, str)]
    if not wanted:
        return InstallPlan(virtual_env=bool(metadata))
    return InstallPlan((InstallStep(f"pip install {shlex.join(wanted)}", directory),), (path,), virtual_env=True)


def _node(context: Context, directory: str) -> InstallPlan:
    path = posixpath.join(directory, "package.json")
    if path not in context.tree:
        return InstallPlan()
    try:
        package = json.loads(_text(context, path))
    except ValueError as error:
        raise BuildFailed("build.manifest", f"{path}: {error}", f"Fix {path}.") from error
    package = package if isinstance(package, dict) else {}
    groups = [package.get(name) for name in ("dependencies", "devDependencies", "optionalDependencies")]
    wanted = [version for group in groups if isinstance(group, dict) for version in group.values()]
    scripts = package.get("scripts")
    runs_scripts = bool(_LIFECYCLE & set(scripts if isinstance(scripts, dict) else ()))
    if not wanted and not runs_scripts and "workspaces" not in package:
        return InstallPlan()
    locks = [lock for name in _LOCKS if (lock := posixpath.join(directory, name)) in context.tree]
    local = any(str(version).startswith(("file:", "link:", ".", "/")) for version in wanted)
    settings = posixpath.join(directory, ".npmrc")
    files = (path, *locks, *([settings] if settings in context.tree else ()))
    inputs = None if local or runs_scripts or "workspaces" in package else files
    # Beside the lock of another tool npm's own is often one that nobody keeps up to date, which `npm ci` refuses.
    kept = locks and not any(posixpath.join(directory, name) in context.tree for name in _OTHER_LOCKS)
    return InstallPlan((InstallStep("npm ci" if kept else "npm install", directory),), inputs)


def _requirement_inputs(context: Context, path: str) -> tuple[str, ...] | None:
    """A requirements file, those it includes, and the local files it names; None when it names the project itself."""
    found = {path: None}
    waiting = [path]
    while waiting:
        current = waiting.pop()
        for word, includes in _local_words(_text(context, current)):
            # pip takes `-r` relative to the file it stands in, and everything else relative to where it runs.
            base = posixpath.dirname(current if includes else path)
            name = _inside(posixpath.join(base, word))
            if name is None or (name and name not in context.tree):
                continue
            if not name or (context.tree.is_directory(name) and name == posixpath.dirname(path)):
                return None
            if includes and name not in found:
                waiting.append(name)
            found[name] = None
    return tuple(sorted(found))


def _local_words(text: str) -> Iterator[tuple[str, bool]]:
    """Words of a requirements file that may be paths, and whether each one includes another such file."""
    for line in text.replace("\\\n", " ").splitlines():
        words = line.partition(" #")[0].strip().replace("=", " ", 1 if line.lstrip().startswith("--") else 0).split()
        if not words or words[0].startswith("#"):
            continue
        option = words[0] if words[0].startswith("-") else ""
        if option[:2] in ("-r", "-c", "-e", "-f") and len(option) > 2 and option[1] != "-":
            words, option = [option[:2], option[2:]], option[:2]
        includes = option in ("-r", "-c", "--requirement", "--constraint")
        for word in words[1:] if option else words:
            yield word.partition("[")[0].removeprefix("file:"), includes


def _inside(path: str) -> str | None:
    """A path normalised ("" for the context itself), or None when it is absolute or leads out."""
    clean = posixpath.normpath(path)
    if clean.startswith("/") or clean == ".." or clean.startswith("../"):
        return None
    return "" if clean == "." else clean
