"""A TOML file as text and data, or one clear error: hostile files end here."""

from __future__ import annotations

import errno
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.locate import Step, locate

MAX_BYTES = 256 * 1024
"""No configuration written by hand comes near this; a larger file is a mistake."""

_POSITION = re.compile(r"\s*\(at line (\d+), column (\d+)\)$")
_AT_END = re.compile(r"\s*\(at end of document\)$")


@dataclass(frozen=True)
class Document:
    """One parsed file.

    Attributes:
        path: where it was read.
        shown: how to call it in messages, e.g. "fly.toml".
        text: its decoded content.
        data: the parsed content.
    """

    path: Path
    shown: str
    text: str
    data: Mapping[str, Any]

    def where(self, path: tuple[Step, ...]) -> str:
        """ "fly.toml:12:1" for the key at `path`, or the nearest table that can be found in the text."""
        # Lines are found in TOML only.
        found = None if self.shown.endswith((".json", ".yaml")) else locate(self.text, path)
        return f"{self.shown}:{found[0]}:{found[1]}" if found else self.shown


def read_document(path: Path, shown: str | None = None) -> Document:
    """Read and parse `path`.

    Raises:
        UsageError: missing (code config.missing), unreadable, not a plain file, too large, not UTF-8, or not TOML.
    """
    shown = shown or str(path)
    text = read_text(path, shown)
    return Document(path, shown, text, parse_toml(text, shown))


def read_text(path: Path, shown: str, *, limit: int = MAX_BYTES, missing: str = "Run 'flyo init'") -> str:
    """The content of a small UTF-8 text file.

    Args:
        missing: what to advise when it is not there.

    Raises:
        UsageError: as `read_document`, except for TOML.
    """
    data = read_bytes(path, shown, limit=limit, missing=missing)
    if data.startswith(b"\xef\xbb\xbf"):
        # flyctl's own parser stops at it too.
        raise _unreadable(shown + ":1:1", "starts with a byte order mark", "Save it as UTF-8 without one")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise _unreadable(f"{shown}:{line}:{column}", "is not UTF-8 text", "Save it as UTF-8") from None
    return text


def read_bytes(path: Path, shown: str, *, limit: int, missing: str) -> bytes:
    """The bytes of a plain file of at most `limit` bytes; pipes, devices and directories are refused unopened.

    Raises:
        UsageError: as `read_document`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a plain file"
            raise _unreadable(shown, f"is {kind}", "Name a text file")
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except FileNotFoundError:
        raise UsageError("does not exist", where=shown, next=missing, code="config.missing") from None
    except OSError as error:
        looped = error.errno == errno.ELOOP
        reason = "is a symbolic link to itself" if looped else f"cannot be read: {error.strerror or error}"
        raise _unreadable(shown, reason, "Check the path and its permissions") from None
    except ValueError:  # a NUL in the path
        raise _unreadable(repr(shown), "is not a usable path", "Name a file") from None
    if len(data) > limit:
        raise _unreadable(shown, f"is larger than {limit // 1024} KiB", "Name a smaller file")
    return data


def parse_toml(text: str, shown: str) -> dict[str, Any]:
    """`text` as TOML.

    Raises:
        UsageError: with file, line and column.
    """
    try:
        return tomli.loads(text)
    except RecursionError:
        raise UsageError("is nested too deeply", where=shown, next="Flatten it", code="config.syntax") from None
    except ValueError as error:  # TOMLDecodeError, and integers too long for int()
        message, where = str(error), shown
        if found := _POSITION.search(message):
            where = f"{shown}:{found[1]}:{found[2]}"
        elif _AT_END.search(message):
            last = text.rstrip("\n").split("\n")
            where = f"{shown}:{len(last)}:{len(last[-1]) + 1}"
        elif "integer string conversion" in message:
            message = "A number is too long"
        message = _AT_END.sub("", _POSITION.sub("", message))
        raise UsageError(
            f"is not valid TOML: {message}", where=where, next="Correct that line", code="config.syntax"
        ) from None


def _unreadable(shown: str, what: str, next: str) -> UsageError:
    return UsageError(what, where=shown, next=next, code="config.unreadable")
