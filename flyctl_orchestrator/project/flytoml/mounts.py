"""Volumes of fly.toml: `[mounts]`, which may be one table or several, each for the process groups that it names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.flytoml.sizes import amount
from flyctl_orchestrator.project.flytoml.values import Values, pick, tables_of, text_of, whole_of, words_of
from flyctl_orchestrator.project.model import Mount, Size
from flyctl_orchestrator.project.table import Table

_GIGABYTE = 1_000_000_000
# What flyctl makes where the file does not say.
_SIZE_GB, _GPU_SIZE_GB = 1, 100


def read_mounts(
    top: Table, groups: Sequence[str], default: str, sizes: Sequence[Size], problems: list[UsageError]
) -> dict[str, Mount]:
    """The volume of each process group that has one; a mount that names no group belongs to the default group."""
    gpus = {group for size in sizes if size.gpu_kind for group in size.processes or groups}
    found: dict[str, Mount] = {}
    for key in ("mounts", "mount"):
        tables = tables_of(pick(top.data, key))
        if tables is None:
            problems.append(top.fail(key, "must be tables", f"Write [{key}]"))
        for table in tables or ():
            for name in words_of(pick(table, "processes")) or (default,):
                group = name or default
                # flyctl refuses a second one in the same group.
                found.setdefault(group, _mount(top, key, table, _GPU_SIZE_GB if group in gpus else _SIZE_GB, problems))
    return {group: found[group] for group in groups if group in found}


def _mount(top: Table, key: str, table: Values, usual: int, problems: list[UsageError]) -> Mount:
    written = pick(table, "initial_size")
    size = size_gb(written) if written not in (None, "") else usual
    if size is None:
        problem = top.fail(key, f"has initial_size {written!r}, which is no size of a volume", 'Write e.g. "3gb"')
        problems.extend([problem] if str(problem) not in map(str, problems) else [])
    flag = pick(table, "scheduled_snapshots")
    return Mount(
        source=text_of(pick(table, "source")) or "",
        size_gb=size or usual,
        snapshot_retention=whole_of(pick(table, "snapshot_retention")),
        scheduled_snapshots=flag if isinstance(flag, bool) else None,
        path=text_of(pick(table, "destination")) or "",
    )


def size_gb(value: Any) -> int | None:
    """Whole gigabytes from "3gb", "3000mb", "3" or 3 as flyctl reads them; None when it is no size, or below one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    written = str(value).removesuffix(".0") if isinstance(value, float) else str(value)
    if written.removeprefix("+").isascii() and written.removeprefix("+").isdigit():
        return (int(written) or None) if len(written) < 10 else None
    size = amount(written, 1000)
    return (size // _GIGABYTE or None) if size is not None else None
