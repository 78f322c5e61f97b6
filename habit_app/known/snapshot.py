"""Everything a dashboard shows of a user, in one piece that can be kept and sent: read once, drawn for any day."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from habit_app.schedule import Schedule, parse
from habit_app.streaks import Settled

# Raised when what is written cannot be read by the release before; that one then asks as if it had nothing.
VERSION = 1


class BadSnapshot(ValueError):
    """Bytes that are no snapshot of this version."""


@dataclass(frozen=True)
class HabitState:
    """One habit.

    Attributes:
        settled: what the days up to `settled.until` amount to.
        first, days: the ticks after that: bit n of `days` is the day with the ordinal `first` + n.
        skipped: ordinals of the days skipped after that, ascending.
    """

    id: str
    name: str
    schedule: Schedule
    settled: Settled
    first: int
    days: int
    skipped: tuple[int, ...] = ()

    def ticked(self) -> list[int]:
        """Ordinals of the days ticked after `settled.until`, ascending."""
        return [day for day, bit in enumerate(f"{self.days:b}"[::-1], self.first) if bit == "1"]

    def since(self, ordinal: int) -> int:
        """The ticks from a day on: bit n is the day with the ordinal `ordinal` + n."""
        skipped = ordinal - self.first
        return self.days >> skipped if skipped >= 0 else self.days << -skipped


@dataclass(frozen=True)
class Snapshot:
    """A user as of revision `rev`; the fields are those of `User`."""

    id: str
    zone: str
    day_start: int
    epoch: int
    rev: int
    habits: tuple[HabitState, ...]

    def encode(self) -> bytes:
        """Compressed, with its version."""
        rows = [_row(habit) for habit in self.habits]
        fields = [VERSION, self.id, self.zone, self.day_start, self.epoch, self.rev, rows]
        data = _packed(fields)
        skips = {number: habit.skipped for number, habit in enumerate(self.habits) if habit.skipped}
        return data + _packed({"skips": skips}) if skips else data


def decode(data: bytes) -> Snapshot:
    """The snapshot behind bytes made by `Snapshot.encode`.

    Raises:
        BadSnapshot: none of this version.
    """
    try:
        stream = zlib.decompressobj()
        version, id, zone, day_start, epoch, rev, rows = json.loads(stream.decompress(data))
        if version != VERSION or not stream.eof:
            raise BadSnapshot(f"version {version}")
        skips = json.loads(zlib.decompress(stream.unused_data))["skips"] if stream.unused_data else {}
        habits = tuple(_habit(row, skips.get(str(number), ())) for number, row in enumerate(rows))
        return Snapshot(id, zone, day_start, epoch, rev, habits)
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError) as problem:
        raise BadSnapshot(str(problem)) from problem


def _packed(value: Any) -> bytes:
    """What is new in a release goes into a second piece: those before read the first one and never look behind it."""
    return zlib.compress(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(), 1)


def _row(habit: HabitState) -> list[Any]:
    past = habit.settled
    counted = [past.until, past.best, past.turn, past.run]
    return [habit.id, habit.name, habit.schedule.store(), counted, habit.first, f"{habit.days:x}"]


def _habit(row: list[Any], skipped: Sequence[int]) -> HabitState:
    id, name, schedule, counted, first, days = row
    return HabitState(id, name, parse(schedule), Settled(*counted), first, int(days, 16), tuple(skipped))
