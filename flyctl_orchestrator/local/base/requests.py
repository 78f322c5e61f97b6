"""Counts what clients ask of the platform's APIs, so that a client's economy can be measured."""

from __future__ import annotations

from collections import Counter
from typing import Any

OWN = "local."


class Requests:
    """Requests since the daemon's start, by operation; the platform's own operations are not counted."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def asked(self, operation: str) -> None:
        """A request for `operation` came in."""
        if not operation.startswith(OWN):
            self._asked[operation] += 1

    def limited(self, operation: str) -> None:
        """A request for `operation` was refused with 429."""
        self._refused[operation] += 1

    def as_dict(self) -> dict[str, Any]:
        """`total`, `operations` (name to number) and `limited` (the same for those answered with 429)."""
        total = sum(self._asked.values())
        return {"total": total, "operations": dict(sorted(self._asked.items())), "limited": dict(self._refused)}
