"""Where COPY and ADD put files: the root directory a stage ends up with."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from flyctl_orchestrator.local.images.context import Context
from flyctl_orchestrator.local.images.dockerfile import Dockerfile
from flyctl_orchestrator.local.images.ignore import Ignore, regex_of
from flyctl_orchestrator.local.images.own_builds import OwnBuild, own_builds
from flyctl_orchestrator.local.images.run_effects import honour
from flyctl_orchestrator.local.images.stages import Copy, Run, Stage, Workdir
from flyctl_orchestrator.local.images.tree import DIRECTORY, Item, Tree

_REMOTE = re.compile(r"(https?|git|ssh)://|git@")
_ARCHIVE = re.compile(r"\.(tar|tar\.\w+|tgz|tbz2?|txz)$")
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Unmet:
    """A file that a COPY --from wants and only a RUN (or another image) would have made.

    Attributes:
        line: of the COPY.
        origin: the stage or image as a person knows it.
        source: its path there, relative to the root.
        target: where it would be in this root, relative to it, if it is a file.
        directory: where the content goes, if it is a directory.
    """

    line: int
    origin: str
    source: str
    target: str
    directory: str


@dataclass
class Layout:
    """A stage's root directory.

    Attributes:
        tree: what is in it.
        unmet: what could not be copied from other stages.
        notices: what else was not done, one sentence each.
        runs: line and text of the RUN instructions passed over, those of the stages it copies from included.
        builds: the commands in them that can be done on this computer, by line.
    """

    tree: Tree = field(default_factory=Tree)
    unmet: list[Unmet] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    runs: dict[int, str] = field(default_factory=dict)
    builds: dict[int, tuple[OwnBuild, ...]] = field(default_factory=dict)


def lay_out(file: Dockerfile, stages: Sequence[Stage], stage: Stage, context: Context) -> Layout:
    """The root directory of a stage, as its COPY and ADD make it.

    Raises:
        BuildFailed: a source that is not in the context, or a destination that cannot be, with its line.
    """
    return _LayoutBuilder(file, stages, context).build(stage)


def inside_root(path: str, workdir: str = "/") -> str:
    """A container path relative to the root ("" for the root itself), resolved against a working directory."""
    return posixpath.normpath(posixpath.join("/", workdir, path)).strip("/")


class _LayoutBuilder:
    def __init__(self, file: Dockerfile, stages: Sequence[Stage], context: Context) -> None:
        self._file = file
        self._stages = stages
        self._context = context
        self._built: dict[int, Layout] = {}

    def build(self, stage: Stage) -> Layout:
        if stage.index not in self._built:
            layout = self._built[stage.index] = Layout()
            for step in stage.steps:
                if isinstance(step, Run):
                    layout.runs[step.line] = step.text
                    if found := own_builds(step, layout.tree, self._context):
                        layout.builds[step.line] = found
                    honour(step, layout.tree)
                elif isinstance(step, Workdir):
                    layout.tree.place(inside_root(step.path), DIRECTORY)
                else:
                    self._copy(step, layout)
        return self._built[stage.index]

    def _copy(self, step: Copy, layout: Layout) -> None:
        tree = self._source_tree(step, layout)
        several = len(step.sources) + len(step.heredocs) > 1
        if several and not self._names_directory(step, layout.tree):
            raise self._file.error(
                step.line, f"{step.name} of several sources needs a directory: end `{step.target}` with a slash"
            )
        for source in step.sources:
            if _can_be_had(step, source, layout):
                self._copy_source(step, source, tree, layout)
        for heredoc in step.heredocs:
            item = _with_mode(step, Item("file", content=heredoc.body.encode()))
            layout.tree.place(self._file_target(step, heredoc.name, layout.tree), item)

    def _source_tree(self, step: Copy, layout: Layout) -> Tree:
        if step.origin is None:
            return self._context.tree
        if isinstance(step.origin, str):
            return Tree()
        other = self.build(self._stages[step.origin])
        layout.runs |= other.runs
        layout.builds |= other.builds
        return other.tree

    def _copy_source(self, step: Copy, source: str, tree: Tree, layout: Layout) -> None:
        path = inside_root(source)
        if _WILD.search(path):
            try:
                paths = _matching(path, tree)
            except (ValueError, re.error):
                what = f"{step.name} {source}: it is not a pattern, such as one whose bracket is not closed"
                raise self._file.error(step.line, what, "Correct it.") from None
        elif path in tree or (not path and tree):
            paths = [path]
        elif step.origin is None and path:
            raise self._missing(step, source)
        elif step.origin is None:
            return  # an empty context has nothing to give, and `COPY . .` of it is no error
        else:
            target = self._file_target(step, path, layout.tree)
            inside = target if step.keeps_parents else inside_root(step.target, step.workdir)
            layout.unmet.append(Unmet(step.line, self._origin_name(step), path, target, inside))
            return
        for found in paths:
            self._copy_path(step, _followed(found, tree), found, tree, layout.tree)

    def _missing(self, step: Copy, source: str) -> Exception:
        what = f"{step.name} {source}: there is no such file in the build context"
        if (self._context.root / inside_root(source)).exists():
            return self._file.error(step.line, f"{what}, because .dockerignore leaves it out", "Change .dockerignore.")
        return self._file.error(step.line, what, f"Its sources are relative to {self._context.root}.")

    def _origin_name(self, step: Copy) -> str:
        if isinstance(step.origin, int):
            return self._stages[step.origin].name or str(step.origin)
        return str(step.origin)

    def _copy_path(self, step: Copy, path: str, written: str, tree: Tree, into: Tree) -> None:
        """Copy a file, or what is inside of a directory; `written` is its name before links were followed."""
        excluded = Ignore("\n".join(step.left_out), "--exclude")
        if not tree.is_directory(path):
            if not excluded.leaves_out(posixpath.basename(path)):
                into.place(self._file_target(step, written, into), _with_mode(step, tree[path]))
            return
        base = inside_root(step.target, step.workdir)
        if step.keeps_parents:
            base = posixpath.join(base, written)
        into.place(base, DIRECTORY)
        for name, item in list(tree.below(path)):
            if not excluded.leaves_out(name):
                into.place(posixpath.join(base, name), _with_mode(step, item))

    def _names_directory(self, step: Copy, into: Tree) -> bool:
        last = step.target.rsplit("/", 1)[-1]
        return last in ("", ".", "..") or into.is_directory(inside_root(step.target, step.workdir))

    def _file_target(self, step: Copy, path: str, into: Tree) -> str:
        """Where one file goes: into the destination when that is a directory, else it takes its name."""
        base = inside_root(step.target, step.workdir)
        if step.keeps_parents:
            return posixpath.join(base, path)
        if self._names_directory(step, into):
            return posixpath.join(base, posixpath.basename(path))
        return base


def _can_be_had(step: Copy, source: str, layout: Layout) -> bool:
    if step.name != "ADD":
        return True
    if _REMOTE.match(source):
        layout.notices.append(f"ADD {source} is ignored: nothing is fetched from the network")
        return False
    if _ARCHIVE.search(source):
        layout.notices.append(f"ADD {source}: the archive is copied, but not unpacked")
    return True


def _matching(pattern: str, tree: Tree) -> list[str]:
    """Paths that a shell pattern fits; `*` does not span directories.

    Raises:
        ValueError, re.error: it is no pattern.
    """
    regex = re.compile(regex_of(pattern))
    depth = pattern.count("/")
    return sorted(path for path in tree if path.count("/") == depth and regex.match(path))


def _followed(path: str, tree: Tree) -> str:
    """The path a source names once symbolic links are followed, as COPY does for a source (not for what is in it)."""
    for _ in range(40):
        item = tree.get(path)
        if item is None or item.kind != "link":
            break
        path = inside_root(item.target, "/" + posixpath.dirname(path))
    return path


def _with_mode(step: Copy, item: Item) -> Item:
    if step.mode is None or item.kind != "file":
        return item
    return replace(item, executable=bool(step.mode & 0o100))


def placements(tree: Tree, directory: str) -> Iterator[str]:
    """Where in a root a directory of the context went, judged by the files directly in it, or else deeper ones."""
    prefix = f"{directory}/" if directory else ""
    deep: dict[str, None] = {}
    direct: dict[str, None] = {}
    for path, item in tree.items():
        if item.kind != "file" or not item.origin.startswith(prefix):
            continue
        rest = item.origin[len(prefix) :]
        if path == rest or path.endswith("/" + rest):
            (deep if "/" in rest else direct)[path[: -len(rest)].rstrip("/")] = None
    yield from direct or deep
