"""fly.toml, fly.json and fly.yaml: one content in three formats, told apart by the end of the name as flyctl does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.tomlfile import Document, parse_toml, read_text
from flyctl_orchestrator.project.yamlfile import parse_yaml

NAMES = ("fly.toml", "fly.json", "fly.yaml")
"""What flyctl looks for in a directory, in this order."""


def config_in(directory: Path) -> Path | None:
    """The configuration that flyctl would take in a directory, None when there is none."""
    return next((path for name in NAMES if (path := directory / name).exists() or path.is_symlink()), None)


def read_config(path: Path, shown: str) -> Document:
    """Read and parse a configuration of either format.

    Raises:
        UsageError: it cannot be read (codes config.missing, config.unreadable), or is not what its name says
            (config.syntax).
    """
    text = read_text(path, shown)
    return Document(path, shown, text, parse_config(text, shown))


def parse_config(text: str, shown: str) -> dict[str, Any]:
    """The content of a file called `shown`.

    Raises:
        UsageError: with file and, where it is known, line and column.
    """
    if not shown.endswith((".json", ".yaml")):
        return parse_toml(text, shown)
    content = _json(text, shown) if shown.endswith(".json") else parse_yaml(text, shown)
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise UsageError("is not a table of names and values", where=shown, next="Correct it", code="config.syntax")
    return content


def _json(text: str, shown: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{shown}:{error.lineno}:{error.colno}"
        raise UsageError(
            f"is not valid JSON: {error.msg}", where=place, next="Correct that line", code="config.syntax"
        ) from None
    except (RecursionError, ValueError):
        raise UsageError("is not valid JSON", where=shown, next="Correct it", code="config.syntax") from None
