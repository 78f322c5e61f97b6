"""Machine sizes of fly.toml: `[[vm]]` under all its names."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.flytoml.values import Values, pick, tables_of, text_of, whole_of, words_of
from flyctl_orchestrator.project.model import Size
from flyctl_orchestrator.project.table import Table

_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?(b|[kmgtp](?:i?b)?)?", re.IGNORECASE)
_MEBIBYTE = 1024 * 1024


def read_sizes(top: Table, problems: list[UsageError]) -> tuple[tuple[Size, ...], tuple[str, ...]]:
    """Every `[[vm]]`, under its older names too, and what is worth a note about them."""
    sizes: list[Size] = []
    notes: list[str] = []
    for key in ("compute", "computes", "vm"):
        tables = tables_of(pick(top.data, key))
        if tables is None:
            problems.append(top.fail(key, "must be tables", f"Write [[{key}]]"))
        for index, table in enumerate(tables or ()):
            sizes.append(_size(table))
            memory = pick(table, "memory")
            if memory not in (None, "") and not memory_mb(memory):
                where = top.document.where((key, index, "memory"))
                notes.append(
                    f"{where}: '{memory}' is not an amount of memory that flyctl knows; its deploy stops there"
                )
    return tuple(sizes), tuple(notes)


def _size(table: Values) -> Size:
    memory = pick(table, "memory")
    return Size(
        size=text_of(pick(table, "size")) or "",
        # flyctl puts memory_mb on top of memory.
        memory_mb=whole_of(pick(table, "memory_mb")) or memory_mb(memory),
        cpus=whole_of(pick(table, "cpus")) or None,
        cpu_kind=text_of(pick(table, "cpu_kind")) or None,
        gpu_kind=text_of(pick(table, "gpu_kind")) or None,
        processes=words_of(pick(table, "processes")),
    )


def memory_mb(value: Any) -> int | None:
    """Memory in MB from "1gb", "512mb", "2g", "512" or 512 as flyctl reads it; None when it is none."""
    if isinstance(value, bool | date | time) or not isinstance(value, str | int | float):
        return None
    written = str(value).removesuffix(".0") if isinstance(value, float) else str(value)
    if written.lstrip("+-").isascii() and written.lstrip("+-").isdigit():
        return int(written) if len(written) < 19 else None
    size = amount(written, 1024)
    return size // _MEBIBYTE if size is not None else None


def amount(written: str, base: int) -> int | None:
    """Bytes from "1gb", "1.5 GiB" or "512m", as flyctl reads them; None when it is no amount.

    Args:
        base: 1024 for memory, 1000 for volumes, whatever the unit's letters say.
    """
    found = _AMOUNT.fullmatch(written)
    if not found or len(found[1]) > 18:
        return None
    unit = (found[2] or "b")[0].lower()
    return int(float(found[1]) * base ** "bkmgtp".index(unit))
