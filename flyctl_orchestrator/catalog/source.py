"""Finds a catalog file: the user's own directory first, then the one that ships with the package."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib import resources
from math import inf
from pathlib import Path
from typing import Any

from flyctl_orchestrator.errors import UsageError

DIRECTORY_VARIABLE = "FLYO_CATALOG_DIR"


def read_catalog(name: str, variables: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """The catalog file `name`, e.g. "regions.toml": what to call it in messages, and its content.

    Args:
        variables: the environment; FLYO_CATALOG_DIR may name a directory whose files replace ours one by one.

    Raises:
        UsageError: FLYO_CATALOG_DIR is no directory, or its file is unreadable.
    """
    override = variables.get(DIRECTORY_VARIABLE)
    if override:
        directory = Path(override)
        if not directory.is_dir():
            raise UsageError(
                f"{override} is not a directory", where=DIRECTORY_VARIABLE, next="Correct or unset it", code="catalog"
            )
        path = directory / name
        if path.exists():
            return str(path), _parse(path)
    with resources.as_file(resources.files(__package__).joinpath(name)) as path:
        return name, _parse(path)


def to_date(written: Any) -> date:
    """A day, as data files write one.

    Raises:
        TypeError: it is something else, such as a day with a time.
    """
    if type(written) is not date:
        raise TypeError(f"{str(written)[:40]!r} is no day such as 2026-08-07")
    return written


def to_amount(written: Any) -> float:
    """A price, or a share of one.

    Raises:
        TypeError, ValueError: it is no number, or a negative or endless one.
    """
    amount = float(written)
    if not 0 <= amount < inf:
        raise ValueError(f"{amount} is no amount")
    return amount


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"is not a usable catalog: {error}",
            where=str(path),
            next=f"Correct it or unset {DIRECTORY_VARIABLE}",
            code="catalog",
        ) from None
