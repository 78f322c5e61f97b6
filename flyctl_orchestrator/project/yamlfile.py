"""Reads YAML."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.errors import UsageError


def parse_yaml(text: str, shown: str) -> Any:
    """The content of a file called `shown`; an empty one is an empty mapping.

    Raises:
        UsageError: it is not YAML (code config.syntax); with line and column where they are known.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text) or {}
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{shown}:{mark.line + 1}:{mark.column + 1}" if mark else shown
        said = f": {error.problem}" if error.problem else ""
        raise UsageError(
            f"is not valid YAML{said}", where=place, next="Correct that line", code="config.syntax"
        ) from None
    except (YAMLError, RecursionError, ValueError):
        raise UsageError("is not valid YAML", where=shown, next="Correct it", code="config.syntax") from None
