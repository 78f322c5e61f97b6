"""Reading fly.toml into the shape of `toml/shape.py`."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import tomli

from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.go_values import GoInt, go_text
from flyctl_orchestrator.local.stand_in.shapes import ShapeError
from flyctl_orchestrator.local.stand_in.toml.old_spellings import modernise
from flyctl_orchestrator.local.stand_in.toml.shape import FLY_TOML

NAMES = ("fly.toml", "fly.json", "fly.yaml")
"""What flyctl looks for in a directory, in this order."""


@dataclass
class FlyToml:
    """A fly.toml.

    Attributes:
        path: where it was read from.
        settings: its content, shaped; what a release stores as its `definition`.
        problem: why it could not be shaped, or "" (flyctl reports this only when the file is used for a deploy).
        modern: its content in today's spelling, with the keys that nobody knows; None when there is no such spelling.
    """

    path: Path
    settings: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    modern: dict[str, Any] | None = None

    @property
    def app(self) -> str:
        """The app's name, or ""."""
        return str(self.settings.get("app", ""))


def find(given: str, cwd: Path) -> FlyToml | None:
    """The fly.toml named by `-c` (a file or its directory), or the one in `cwd`, or None.

    Raises:
        Failure: `-c` names nothing, or the file cannot be parsed.
    """
    if not given:
        found = [path for name in NAMES if (path := cwd / name).is_file()]
        return load(found[0]) if found else None
    named = cwd / given
    for path in (named, named / "fly.toml"):
        if path.is_file():
            return load(path)
    raise Failure(f"config file not found at specified path: {given} (also tried: {Path(given) / 'fly.toml'})")


def load(path: Path) -> FlyToml:
    """Read one file.

    Raises:
        Failure: it cannot be read or parsed.
    """
    try:
        raw = parse(path.name, path.read_bytes().decode())
    except (OSError, ValueError, RecursionError) as error:
        raise Failure(f"failed loading app config from {path}: {error}") from error
    modern = None
    try:
        modern = modernise(raw)
        return FlyToml(path, FLY_TOML.read(as_json(modern), ""), modern=modern)
    except ShapeError as error:
        name = raw.get("app")
        return FlyToml(path, {"app": name} if isinstance(name, str) else {}, str(error), modern)


def parse(name: str, text: str) -> dict[str, Any]:
    """The content of a file as Go's parsers give it: JSON, YAML or TOML, by the end of its name.

    Raises:
        ValueError: it is none, or no table.
    """
    raw: Any
    if name.endswith(".json"):
        # Go's numbers without a type are floats.
        raw = json.loads(text, parse_int=float)
    elif name.endswith(".yaml"):
        raw = _yaml(text)
    else:
        raw = tomli.loads(text)
        _refuse_large_numbers(raw)
    if not isinstance(raw, dict):
        raise ValueError("it is no table")
    return raw


def _yaml(text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return _with_go_ints(YAML(typ="safe", pure=True).load(text) or {})
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def _with_go_ints(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_go_ints(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_go_ints(item) for item in value]
    return GoInt(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _refuse_large_numbers(value: Any) -> None:
    """TOML's numbers may be of any size; those of flyctl's parser have 64 bits."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _refuse_large_numbers(item)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("decimal number is too large to fit in a 64-bit signed integer")


def as_json(value: Any) -> Any:
    """A value with what JSON lacks as Go writes it there: dates and times as text.

    Raises:
        ShapeError: a number that is none.
    """
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return go_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ShapeError(f"json: unsupported value: {go_text(value)}")
    return value
