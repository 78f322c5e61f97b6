"""One secret that the apps of tests have, and that nothing flyo says or writes may ever hold.

Whoever runs flyo in a test, as a command or as a library, hands over what was said (`hear`) and names the directories
where it writes (`watch`). After every test, tests/conftest.py has all of that searched.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

NAME, SECRET = "PLANTED", "pl4nted-s3cret-value-8d1f"
_SHAPES = (SECRET, base64.b64encode(SECRET.encode()).decode())
# Bytes. Nothing that flyo writes is larger; what a platform or an app keeps may be.
_LARGEST = 4 * 1024 * 1024

_leaks: list[str] = []
_watched: dict[Path, tuple[Path, ...]] = {}


def hear(*said: object) -> None:
    """Listen to what flyo said: output, an event, an outcome, an error."""
    _leaks.extend(f"said: {_around(text)}" for text in map(str, said) if _holds(text))


class Ear:
    """A file that listens to what is written to it, piece by piece."""

    def __init__(self) -> None:
        self._last = ""

    def write(self, text: str) -> None:
        """Another piece."""
        hear(self._last + text)
        self._last = (self._last + text)[-100:]

    def flush(self) -> None:
        """Nothing is held back."""


def watch(place: Path, *, but: tuple[Path, ...] = ()) -> None:
    """Remember where flyo writes; `but`: directories below it that are the platform's, who may know the secret."""
    _watched[place] = but


def found() -> list[str]:
    """Where the secret got out since this was last asked."""
    leaks = _leaks.copy()
    for place, but in _watched.items():
        leaks += [f"written to {path}" for path in _files(place, but) if _holds(_text(path))]
    _leaks.clear()
    _watched.clear()
    return leaks


def _holds(text: str) -> bool:
    return any(shape in text for shape in _SHAPES)


def _around(text: str) -> str:
    at = max(text.find(shape) for shape in _SHAPES)
    return text[max(0, at - 200) : at + 100]


def _files(place: Path, but: tuple[Path, ...]) -> Iterator[Path]:
    for directory, below, names in os.walk(place):
        here = Path(directory)
        below[:] = [name for name in below if here / name not in but]
        yield from (here / name for name in names)


def _text(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return ""
        return path.read_text(errors="replace")
    except OSError:
        return ""
