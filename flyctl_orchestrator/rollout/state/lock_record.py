"""Who holds the lock: what is written, and how it is read back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flyctl_orchestrator.fleet.machine import LOCK_PREFIX, Machine

LONGEST_WHY = 120

How = Literal["rollout", "hand"]


@dataclass(frozen=True)
class LockRecord:
    """One holder of an app's lock.

    Attributes:
        id: the holder's, unique.
        who: user@host.
        why: the command, or what the person said.
        how: taken by a rollout, which keeps it alive, or by hand, which lasts until it is given back.
        since: seconds since the epoch, by the holder's clock.
        expires: the same; None for one taken by hand without an end.
        beat: counts up with every sign of life.
    """

    id: str
    who: str
    why: str
    how: How
    since: float
    expires: float | None
    beat: int = 0

    @property
    def key(self) -> str:
        """The metadata key it is written under: one per holder, so that nobody overwrites somebody else's."""
        return LOCK_PREFIX + self.id

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON values, times in seconds since the epoch."""
        facts = {"id": self.id, "who": self.who, "why": self.why[:LONGEST_WHY], "how": self.how}
        return facts | {"since": round(self.since, 3), "expires": self.expires and round(self.expires, 3)}

    def as_value(self) -> str:
        """As a metadata value."""
        return json.dumps(self.as_dict() | {"beat": self.beat}, separators=(",", ":"))

    def expired(self, now: float) -> bool:
        """Whether its end has passed by the clock of whoever reads it, which may differ from the holder's."""
        return self.expires is not None and self.expires <= now

    @classmethod
    def of_value(cls, key: str, value: str) -> LockRecord:
        """Read one back. What cannot be read counts as taken by hand: only a person can tell what it means."""
        try:
            data = json.loads(value)
            expires = data["expires"]
            return cls(
                id=key.removeprefix(LOCK_PREFIX),
                who=str(data["who"]),
                why=str(data["why"]),
                how="rollout" if data["how"] == "rollout" else "hand",
                since=float(data["since"]),
                expires=None if expires is None else float(expires),
                beat=int(data.get("beat", 0)),
            )
        except (ValueError, TypeError, KeyError):
            return cls(key.removeprefix(LOCK_PREFIX), "somebody", "cannot be read", "hand", 0.0, None)


def records_on(metadata: Mapping[str, str]) -> tuple[LockRecord, ...]:
    """Every holder that one machine's metadata names."""
    return tuple(
        LockRecord.of_value(key, value) for key, value in sorted(metadata.items()) if key.startswith(LOCK_PREFIX)
    )


@dataclass(frozen=True)
class Sighting:
    """A holder as it was seen: its newest record, and the machines that carry one."""

    record: LockRecord
    machines: tuple[str, ...]


def sightings(machines: Iterable[Machine]) -> tuple[Sighting, ...]:
    """Every holder that any of the machines names, longest holder first."""
    newest: dict[str, LockRecord] = {}
    places: dict[str, list[str]] = {}
    for machine in machines:
        for record in records_on(machine.locks):
            places.setdefault(record.id, []).append(machine.id)
            if record.id not in newest or newest[record.id].beat < record.beat:
                newest[record.id] = record
    order = sorted(newest.values(), key=lambda record: (record.since, record.id))
    return tuple(Sighting(record, tuple(places[record.id])) for record in order)
