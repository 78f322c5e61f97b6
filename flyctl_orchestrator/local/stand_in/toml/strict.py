"""What of a fly.toml nobody reads: `config validate --strict`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flyctl_orchestrator.local.stand_in.shapes import Kind
from flyctl_orchestrator.local.stand_in.toml.shape import FLY_TOML

# flyctl has put these into other types by the time it looks, and looks no further into them.
_NOT_LOOKED_INTO = ("env", "services", "processes", "vm", "mounts", "metrics")


def unread(modern: dict[str, Any]) -> list[str]:
    """Sections and keys ("section.key") that flyctl does not know, sections first.

    Args:
        modern: the file in today's spelling, its unknown keys included.
    """
    fields = FLY_TOML.fields or {}
    sections = sorted(key for key in modern if key not in fields)
    known = [key for key in sorted(modern) if key in fields and key not in _NOT_LOOKED_INTO]
    return sections + [each for key in known for each in _inside(key, modern[key], fields[key].kind)]


def _inside(place: str, value: Any, kind: Kind) -> Iterator[str]:
    if kind.fields is not None and isinstance(value, dict):
        for key in sorted(value):
            if key not in kind.fields:
                yield f"{place}.{key}"
            else:
                yield from _inside(f"{place}.{key}", value[key], kind.fields[key].kind)
    elif kind.item is not None and isinstance(value, dict) and kind.item.fields is not None:
        for key in sorted(value):
            yield from _inside(f"{place}.{key}", value[key], kind.item)
    elif kind.item is not None and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _inside(f"{place}[{index}]", item, kind.item)
