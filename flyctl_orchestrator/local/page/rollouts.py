"""The last rollouts, as the events that `flyo` sends here tell them (docs/reference/events.md). Kept in memory only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flyctl_orchestrator.local.base.errors import invalid

SCHEMA = "flyo.event/1"
MOST_RUNS = 12
# Of one run; what comes after them is not kept.
MOST_EVENTS = 20_000
MOST_AT_ONCE = 2_000
# Lines of builders, of flyctl and of hooks: many, and nothing that the picture needs.
_LINES = frozenset({"build.log", "flyctl.line", "hook.line"})


@dataclass
class Run:
    """One command that told its events; `key` is its own name for itself."""

    key: str
    _told: list[dict[str, Any]] = field(default_factory=list)
    # Machines are asked many times a second; only how each answered last is of use afterwards.
    _answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, events: list[dict[str, Any]]) -> None:
        """There is more."""
        for event in events:
            if event["event"] == "probe.answered":
                self._answers[str(event.get("lane"))] = event
            elif len(self._told) < MOST_EVENTS:
                self._told.append(event)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What a page needs that comes late: everything told, and the last answer of each machine."""
        return [*self._told, *self._answers.values()]


class Rollouts:
    """The last runs, newest last.

    Attributes:
        heard: called with a run's key and its new events.
    """

    def __init__(self) -> None:
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self.heard: Callable[[str, list[dict[str, Any]]], None] = lambda key, events: None

    def hear(self, body: Any) -> int:
        """Take events in; how many were kept.

        Args:
            body: `run` (a name of the command that sends them) and `events`.

        Raises:
            PlatformError: 400 for anything that is not that.
        """
        key, events = _read(body)
        kept = [event for event in events if event["event"] not in _LINES]
        run = self._runs.setdefault(key, Run(key))
        self._runs.move_to_end(key)
        while len(self._runs) > MOST_RUNS:
            self._runs.popitem(last=False)
        run.add(kept)
        if kept:
            self.heard(key, kept)
        return len(kept)

    def all(self) -> list[Run]:
        """Every run, oldest first."""
        return list(self._runs.values())


def _read(body: Any) -> tuple[str, list[dict[str, Any]]]:
    if not isinstance(body, dict) or not isinstance(body.get("run"), str) or not 0 < len(body["run"]) <= 100:
        raise invalid("`run` must be a name")
    events = body.get("events")
    if not isinstance(events, list) or len(events) > MOST_AT_ONCE:
        raise invalid(f"`events` must be a list of no more than {MOST_AT_ONCE}")
    for event in events:
        if not isinstance(event, dict) or event.get("schema") != SCHEMA or not isinstance(event.get("event"), str):
            raise invalid(f"every event must be an object with schema {SCHEMA} and a name")
    return body["run"], events
