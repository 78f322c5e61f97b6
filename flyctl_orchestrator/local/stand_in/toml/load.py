"""Reading fly.toml into the shape of `toml/shape.py`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.stand_in.failures import Failure, NotOffered
from flyctl_orchestrator.local.stand_in.shapes import ShapeError
from flyctl_orchestrator.local.stand_in.toml.old_spellings import modernise
from flyctl_orchestrator.local.stand_in.toml.shape import FLY_TOML


@dataclass
class FlyToml:
    """A fly.toml.

    Attributes:
        path: where it was read from.
        settings: its content, shaped; what a release stores as its `definition`.
        problem: why it could not be shaped, or "" (flyctl reports this only when the file is used for a deploy).
    """

    path: Path
    settings: dict[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def app(self) -> str:
        """The app's name, or ""."""
        return str(self.settings.get("app", ""))


def find(given: str, cwd: Path) -> FlyToml | None:
    """The fly.toml named by `-c` (a file or its directory), or the one in `cwd`, or None.

    Raises:
        Failure: `-c` names nothing, or the file is not TOML.
        NotOffered: it is JSON or YAML.
    """
    if not given:
        path = cwd / "fly.toml"
        return load(path) if path.is_file() else None
    named = cwd / given
    for path in (named, named / "fly.toml"):
        if path.is_file():
            return load(path)
    raise Failure(f"config file not found at specified path: {given} (also tried: {Path(given) / 'fly.toml'})")


def load(path: Path) -> FlyToml:
    """Read one file.

    Raises:
        Failure: it cannot be read or is not TOML.
        NotOffered: it is JSON or YAML.
    """
    if path.suffix in (".json", ".yaml"):
        raise NotOffered(f"--config {path.name}")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Failure(f"failed loading app config from {path}: {error}") from error
    try:
        return FlyToml(path, FLY_TOML.read(modernise(raw), ""))
    except ShapeError as error:
        name = raw.get("app")
        return FlyToml(path, {"app": name} if isinstance(name, str) else {}, problem=str(error))
