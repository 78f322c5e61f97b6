"""What happened during a rollout, as facts with stable names: docs/reference/events.md lists them all.

Whoever shows a rollout (a terminal, a pipe, a program) gets nothing but these. Fields hold plain JSON values and never
a machine's configuration, environment or secrets.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flyctl_orchestrator.environment import Clock

SCHEMA = "flyo.event/1"

NAMES = frozenset(
    {
        "plan.ready",
        "plan.nothing_to_do",
        "drift.found",
        "lock.waiting",
        "lock.taken",
        "lock.lost",
        "app.created",
        "build.started",
        "build.log",
        "build.finished",
        "baseline.measured",
        "rollout.started",
        "wave.started",
        "wave.passed",
        "wave.failed",
        "flyctl.started",
        "flyctl.line",
        "flyctl.finished",
        "step.started",
        "step.finished",
        "step.failed",
        "machine.phase",
        "probe.answered",
        "watch.started",
        "watch.finished",
        "watch.failed",
        "evidence.gathered",
        "traffic.counted",
        "bake.started",
        "bake.finished",
        "hook.started",
        "hook.line",
        "hook.finished",
        "interrupted",
        "rollback.started",
        "rollback.finished",
        "rollout.finished",
        "rehearsal.started",
        "rehearsal.finished",
        "fault.set",
        "note",
        "warning",
    }
)
"""Every name an event may have. Names are never reused for something else; new ones may be added."""


def stamp(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Event:
    """One fact.

    Attributes:
        name: one of NAMES.
        ts: seconds since the epoch.
        app: the app it is about.
        fields: everything else, plain JSON values; what each name carries is in docs/reference/events.md.
    """

    name: str
    ts: float
    app: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The event as one JSON object (flyo.event/1); `ts` becomes ISO 8601 in UTC with milliseconds."""
        return {"schema": SCHEMA, "event": self.name, "ts": stamp(self.ts), "app": self.app, **self.fields}


Listener = Callable[[Event], None]


class Emitter:
    """Makes events and hands them on, one at a time, from however many threads they come."""

    def __init__(self, app: str, clock: Clock, *listeners: Listener) -> None:
        self._app = app
        self._clock = clock
        self._listeners = list(listeners)
        self._lock = threading.Lock()

    def __call__(self, name: str, /, **fields: Any) -> None:
        """Tell every listener that `name` happened."""
        if name not in NAMES:
            raise ValueError(f"unknown event {name!r}")
        with self._lock:
            event = Event(name, self._clock.now(), self._app, fields)
            for listener in tuple(self._listeners):
                try:
                    listener(event)
                except OSError:
                    # Nobody reads any more (`flyo deploy | head`): no reason to leave a rollout half-way.
                    self._listeners.remove(listener)
