"""The commands of a RUN that build the app with a tool of its language, and can be done on this computer as well.

`npm run build`, `go build` and `cargo build` read the app's own files and write beside them, so that a copy of the
build context does for them, as long as COPY puts its files where they are in the context. Where it moves them, those of
Go and Rust are laid out once more as COPY has them; npm's packages are installed where they are in the context.
Everything else that a RUN does is for the base image, or may be anything.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from flyctl_orchestrator.local.images.context import Context
from flyctl_orchestrator.local.images.stages import Run
from flyctl_orchestrator.local.images.tree import Tree

#: Where in the copy of the context goes what a command would write outside of its directory.
ASIDE = ".built"
_BETWEEN = re.compile(r"&&|\|\||[;|\n]")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.S)
_OUTPUT = re.compile(r"(\s-o[\s=])(\S+)")
# What stands for the platform that the image is for, and what leads to programs.
_NOT_HERE = frozenset({"PATH", "HOME", "GOOS", "GOARCH", "GOPATH", "GOBIN", "CARGO_HOME", "RUSTUP_HOME"})
_MANIFEST = {"npm": "package.json", "npx": "package.json", "go": "go.mod", "cargo": "Cargo.toml"}


@dataclass(frozen=True)
class OwnBuild:
    """A command that is done on this computer.

    Attributes:
        line: of the RUN in the Dockerfile.
        command: for the shell.
        tool: the program it needs.
        workdir: where it runs in the stage's root, relative to it.
        directory: the same place in the context's copy.
        laid_out: path in `directory` -> file of the context that is to be there; {} where it is the context's own.
        env: variables that the Dockerfile sets there.
        aside: path in the stage's root -> path in `directory` of what it writes elsewhere than in `workdir`.
    """

    line: int
    command: str
    tool: str
    workdir: str
    directory: str
    env: Mapping[str, str] = field(default_factory=dict)
    aside: Mapping[str, str] = field(default_factory=dict)
    laid_out: Mapping[str, str] = field(default_factory=dict)

    def place_of(self, path: str) -> str | None:
        """Where in the context's copy something of the stage's root would be that this command made."""
        if path in self.aside:
            return posixpath.join(self.directory, self.aside[path])
        below = f"{self.workdir}/" if self.workdir else ""
        return posixpath.join(self.directory, path[len(below) :]) if path.startswith(below) else None


def own_builds(run: Run, tree: Tree, context: Context) -> tuple[OwnBuild, ...]:
    """The commands of a RUN that can be done here, in order.

    Args:
        tree: the stage's root before it.
    """
    found: list[OwnBuild] = []
    for each in _found(run, tree, context):
        if isinstance(each, OwnBuild):
            found.append(each)
        elif found:
            found[-1] = _moved(found[-1], *each)
    return tuple(found)


def _moved(build: OwnBuild, origin: str, target: str) -> OwnBuild:
    """The same build, what it made at `origin` (in the stage's root) being at `target` as well."""
    below = f"{build.workdir}/" if build.workdir else ""
    if not origin.startswith(below) or origin == target:
        return build
    return replace(build, aside={**build.aside, target: build.aside.get(origin, origin[len(below) :])})


def _found(run: Run, tree: Tree, context: Context) -> Iterator[OwnBuild | tuple[str, str]]:
    """Builds, and (from, to) of each file that is moved or copied, as paths in the stage's root."""
    workdir = run.workdir.strip("/")
    for text in map(str.strip, _BETWEEN.split(run.text)):
        try:
            words = shlex.split(text)
        except ValueError:
            continue
        if words[:1] == ["cd"] and len(words) == 2:
            workdir = posixpath.normpath(posixpath.join("/", workdir, words[1])).strip("/")
            continue
        if words[:1] in (["mv"], ["cp"]):
            yield from _two_paths(words[1:], workdir)
            continue
        given: dict[str, str] = {}
        while words and (assigned := _ASSIGNMENT.fullmatch(words[0])):
            given[assigned[1]] = assigned[2]
            words = words[1:]
            text = text.split(None, 1)[-1]
        tool = _tool(words)
        directory = _directory(_MANIFEST[tool], workdir, tree) if tool else None
        laid_out: dict[str, str] = {}
        if directory is None and tool in ("go", "cargo"):
            laid_out = _laid_out(_MANIFEST[tool], workdir, tree)
            directory = posixpath.join(ASIDE, workdir or "root") if laid_out else None
        if directory is None:
            continue
        env = {name: value for name, value in {**run.env, **given}.items() if name not in _NOT_HERE}
        aside: dict[str, str] = {}
        if tool in ("npm", "npx"):
            command = _of_node(words, directory, context)
        else:
            command, aside = _written_aside(text, workdir)
        if command:
            yield OwnBuild(run.line, command, tool, workdir, directory, env, aside, laid_out)


def _two_paths(words: list[str], workdir: str) -> Iterator[tuple[str, str]]:
    """From and to of a `mv` or `cp` of one file, where both are known."""
    if len(words) != 2 or any(word.startswith("-") or set("$`*?[") & set(word) for word in words):
        return
    origin, target = (posixpath.normpath(posixpath.join("/", workdir, word)).strip("/") for word in words)
    into = words[1].endswith("/") or words[1] == "."
    yield origin, posixpath.join(target, posixpath.basename(origin)).strip("/") if into else target


def _tool(words: list[str]) -> str:
    """The program that a command needs here, "" when it is none of those that can be done."""
    first, rest = (words[0], words[1:]) if words else ("", [])
    if first in ("npm", "yarn", "pnpm", "bun") and rest:
        return "npm"
    if first == "npx" and rest:
        return "npx"
    if rest[:1] == ["build"] and (first == "go" or (first == "cargo" and "--target" not in rest)):
        return first
    return ""


def _of_node(words: list[str], directory: str, context: Context) -> str:
    """The same with npm, whose packages are installed; "" when it runs no script of package.json."""
    if words[0] == "npx":
        return shlex.join(["npx", "--no-install", *words[1:]]) if not words[1].startswith("-") else ""
    run = words[2:] if words[1] in ("run", "run-script") else words[1:] if words[0] != "npm" else []
    try:
        package = json.loads((context.root / directory / "package.json").read_text("utf-8", "replace"))
        scripts = package.get("scripts") or {}
    except (OSError, ValueError, AttributeError):
        return ""
    if not run or run[0] not in scripts or run[0] in ("install", "start", "test", "lint"):
        return ""
    return shlex.join(["npm", "run", run[0], *(["--", *run[1:]] if run[1:] and words[0] != "npm" else run[1:])])


def _written_aside(text: str, workdir: str) -> tuple[str, dict[str, str]]:
    """A command whose -o stays below its directory, and what it writes elsewhere in its place."""
    found = _OUTPUT.search(text)
    if found is None:
        return text, {}
    path = posixpath.normpath(posixpath.join("/", workdir, found[2].strip("'\""))).strip("/")
    if "$" in path or path == workdir:
        return "", {}
    if not workdir or path.startswith(f"{workdir}/"):
        inside = path[len(workdir) :].lstrip("/")
        aside = {}
    else:
        inside = posixpath.join(ASIDE, posixpath.basename(path))
        aside = {path: inside}
    return f"{text[: found.start()]}{found[1]}{shlex.quote(inside)}{text[found.end() :]}", aside


def _directory(manifest: str, workdir: str, tree: Tree) -> str | None:
    """The directory of the context that stands in `workdir` as it is, None when none does."""
    item = tree.get(posixpath.join(workdir, manifest))
    if item is None or posixpath.basename(item.origin) != manifest:
        return None
    directory = posixpath.dirname(item.origin)
    same = all(
        each.origin == posixpath.join(directory, path) for path, each in tree.below(workdir) if each.kind == "file"
    )
    return directory if same else None


def _laid_out(manifest: str, workdir: str, tree: Tree) -> dict[str, str]:
    """Path in `workdir` -> the file of the context that COPY has put there; {} where there is something else, too."""
    here = [(path, item) for path, item in tree.below(workdir) if item.kind != "dir"]
    files = {path: item.origin for path, item in here if item.kind == "file" and item.origin}
    return files if manifest in files and len(files) == len(here) else {}
