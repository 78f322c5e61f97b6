"""Small fly.toml files, one of each kind, and what flyctl says about them.

The files are the tables `[[kind]]` of the TOML files in this directory: `text` is the file (an app's name is put
before it where it has none), `valid` is flyctl's verdict, `says` are its sentences, sorted. Files that are no TOML
have no sentence: flyctl's is a picture of the place. `tests/parity/test_fly_toml.py` holds them to a real flyctl.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

SECTIONS = tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.toml")))


@dataclass(frozen=True)
class FlyTomlKind:
    """One small file and flyctl's verdict."""

    name: str
    text: str
    valid: bool
    says: tuple[str, ...]

    @property
    def syntax(self) -> bool:
        """Whether it is TOML at all."""
        return self.valid or bool(self.says)


def kinds_of(section: str) -> list[FlyTomlKind]:
    """The files of one section of this directory."""
    tables = tomllib.loads(Path(__file__).with_name(f"{section}.toml").read_text("utf-8"))["kind"]
    return [_kind(**table) for table in tables]


def all_kinds() -> list[FlyTomlKind]:
    """The files of all sections."""
    return [kind for section in SECTIONS for kind in kinds_of(section)]


def _kind(name: str, text: str, valid: bool, says: tuple[str, ...] = ()) -> FlyTomlKind:
    named = re.search(r"^app\b", text, re.MULTILINE)
    return FlyTomlKind(name, text if named else f'app = "kinds"\n{text}', valid, tuple(says))
