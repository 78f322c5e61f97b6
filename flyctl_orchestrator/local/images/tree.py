"""Files as an image sees them: a mapping from a path (relative, with slashes) to what stands there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Item:
    """A file, directory or symbolic link.

    Attributes:
        kind: which of them.
        source: where a file's content is, or None when `content` holds it.
        origin: the path in the build context it came from, or "".
        content: text from a here-document.
        target: where a link points to.
        executable: whether its owner may execute it.
    """

    kind: Literal["file", "dir", "link"]
    source: Path | None = None
    origin: str = ""
    content: bytes = b""
    target: str = ""
    executable: bool = False


DIRECTORY = Item("dir")


class Tree(dict[str, Item]):
    """Every path of a context or of an image's root. A path's parents are always there; the root itself is not."""

    def place(self, path: str, item: Item) -> None:
        """Put an item somewhere, making its parents, replacing what was there."""
        for parent in parents(path):
            standing = self.get(parent)
            if standing is None or standing.kind != "dir":
                self[parent] = DIRECTORY
        if item.kind == "dir":
            standing = self.get(path)
            if path and (standing is None or standing.kind != "dir"):
                self[path] = item
            return
        if self.is_directory(path):
            for below, _ in list(self.below(path)):
                del self[f"{path}/{below}"]
        self[path] = item

    def is_directory(self, path: str) -> bool:
        """Whether a directory stands there; "" is the root."""
        return path == "" or (path in self and self[path].kind == "dir")

    def below(self, path: str) -> Iterator[tuple[str, Item]]:
        """Everything inside a directory, with paths relative to it."""
        prefix = f"{path}/" if path else ""
        for name, item in self.items():
            if name.startswith(prefix) and name != path:
                yield name[len(prefix) :], item


def parents(path: str) -> Iterator[str]:
    """The directories above a path, topmost first, without the root."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)
