"""What `config validate` says about the `[mounts]` of a fly.toml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flyctl_orchestrator.local.stand_in.go_values import parse_size

_GIGABYTE = 1_000_000_000
_Table = dict[str, Any]


def mount_problems(settings: _Table) -> Iterator[str]:
    """One sentence for each mistake."""
    for mount in settings.get("mounts", []):
        name = f"mount '{mount.get('source', '')}'"
        _, problems = _size(mount, "initial_size", "an initial_size")
        yield from (f"{name} {problem}" for problem in problems)
        if not 1 <= mount.get("snapshot_retention", 1) <= 60:
            yield f"{name} has a snapshot_retention value which is not between 1 and 60 days inclusive"
        yield from (f"{name} {problem}" for problem in _growth(mount))


def _growth(mount: _Table) -> Iterator[str]:
    increment, problems = _size(mount, "auto_extend_size_increment", "an auto_extend_size_increment")
    yield from problems
    limit, problems = _size(mount, "auto_extend_size_limit", "an auto_extend_size_limit")
    yield from problems
    threshold = mount.get("auto_extend_size_threshold", 0)
    if not (threshold or increment or limit):
        return
    if threshold and not increment and not limit:
        yield (
            "auto_extend_size_threshold, auto_extend_size_increment and auto_extend_size_limit must be all defined "
            "or none"
        )
    if not 50 <= threshold <= 99:
        yield "auto_extend_size_threshold must be between 50 and 99"
    if not 1 <= increment <= 100:
        yield "auto_extend_size_increment must be between 1GB and 100GB"
    if limit and not 1 <= limit <= 500:
        yield "auto_extend_size_limit must be between 1GB and 500GB"


def _size(mount: _Table, key: str, called: str) -> tuple[int, list[str]]:
    """Gigabytes, 0 for none, and what is wrong with them."""
    written = mount.get(key, "")
    if not written:
        return 0, []
    try:
        size = parse_size(written, unit=_GIGABYTE, binary=False)
    except ValueError as error:
        return 0, [f"with {key} '{written}' will fail because of: {error}"]
    return size, [f"has {called} '{written}' value which is smaller than 1GB"] if size < 1 else []
