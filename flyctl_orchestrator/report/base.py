"""What every reporter can do. Reporters show what happened; they never decide anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Fact(Protocol):
    """Something that happened; `flyctl_orchestrator.rollout.context.events.Event` is one."""

    @property
    def name(self) -> str:
        """Stable, dotted, e.g. "wave.started"."""
        ...

    @property
    def ts(self) -> float:
        """When, in seconds since the epoch."""
        ...

    @property
    def app(self) -> str:
        """The app it is about."""
        ...

    @property
    def fields(self) -> Mapping[str, Any]:
        """What else is known of it, by name (docs/reference/events.md)."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """As one JSON object."""
        ...


class Reporter(Protocol):
    """Shows a run to a person or to a program. Called from one thread at a time."""

    def event(self, event: Fact) -> None:
        """Show an event, as far as this reporter's reader wants to know of it."""
        ...

    def close(self) -> None:
        """Put the terminal back in order. May be called twice."""
        ...
