"""Statements about days: done, skipped or open, and what was noted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from habit_app.store import settled
from habit_app.store.database import Connection

State = Literal["done", "skipped", "open"]
# Days in one statement.
_AT_ONCE = 300


@dataclass(frozen=True)
class History:
    """Everything of one habit's days; a day that is done is not skipped, whatever else is stored."""

    done: frozenset[date]
    skipped: frozenset[date]
    notes: dict[date, str]

    def state(self, day: date) -> State:
        """How a day stands."""
        return "done" if day in self.done else "skipped" if day in self.skipped else "open"


def of_habit(link: Connection, habit_id: str) -> list[date]:
    """Every date one habit was ticked."""
    return [date.fromisoformat(day) for (day,) in link.run("SELECT day FROM entries WHERE habit_id = ?", habit_id)]


def skipped(link: Connection, habit_id: str) -> list[date]:
    """Every date one habit was skipped."""
    return [date.fromisoformat(day) for (day,) in link.run("SELECT day FROM skips WHERE habit_id = ?", habit_id)]


def history(link: Connection, habit_id: str) -> History:
    """All of one habit."""
    done = frozenset(of_habit(link, habit_id))
    notes = {
        date.fromisoformat(day): note
        for day, note in link.run("SELECT day, note FROM notes WHERE habit_id = ? ORDER BY day DESC", habit_id)
    }
    return History(done, frozenset(skipped(link, habit_id)) - done, notes)


def put(link: Connection, habit_id: str, day: date, *, done: bool, at: str) -> bool:
    """Make a day ticked or not, and say whether that changed anything. Doing it twice is the same as once."""
    if done:
        statement = (
            "INSERT INTO entries (habit_id, day, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING day"
        )
        rows = link.run(statement, habit_id, day.isoformat(), at)
        if rows:
            _unskip(link, habit_id, day)
    else:
        rows = link.run("DELETE FROM entries WHERE habit_id = ? AND day = ? RETURNING day", habit_id, day.isoformat())
    if rows:
        settled.follow(link, habit_id, day)
    return bool(rows)


def set_state(link: Connection, habit_id: str, day: date, state: State, at: str) -> bool:
    """Make a day done, skipped or open, and say whether that changed anything."""
    changed = put_all(link, habit_id, {day: state}, at)
    if changed:
        settled.follow(link, habit_id, day, further=state == "done")
    return changed


def put_all(link: Connection, habit_id: str, days: Mapping[date, State], at: str) -> bool:
    """Make many days as said, and say whether that changed anything. Call `settled.start_again` afterwards."""
    changed = False
    for table, of in (("entries", "done"), ("skips", "skipped")):
        there = [day.isoformat() for day, state in days.items() if state == of]
        not_there = [day.isoformat() for day, state in days.items() if state != of]
        for some in _parts(there):
            rows = ", ".join("(?, ?, ?)" for _ in some)
            values = [value for day in some for value in (habit_id, day, at)]
            insert = f"INSERT INTO {table} (habit_id, day, created_at) VALUES {rows}"
            changed = bool(link.run(f"{insert} ON CONFLICT DO NOTHING RETURNING day", *values)) or changed
        for some in _parts(not_there):
            marks = ", ".join("?" for _ in some)
            statement = f"DELETE FROM {table} WHERE habit_id = ? AND day IN ({marks}) RETURNING day"
            changed = bool(link.run(statement, habit_id, *some)) or changed
    return changed


def _parts(days: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(days), _AT_ONCE):
        yield days[start : start + _AT_ONCE]


def set_note(link: Connection, habit_id: str, day: date, note: str) -> bool:
    """Note something for a day, or nothing any more with ""; say whether that changed anything."""
    where = (habit_id, day.isoformat())
    if not note:
        return bool(link.run("DELETE FROM notes WHERE habit_id = ? AND day = ? RETURNING day", *where))
    return bool(
        link.run(
            "INSERT INTO notes (habit_id, day, note) VALUES (?, ?, ?) ON CONFLICT (habit_id, day) DO UPDATE"
            " SET note = excluded.note WHERE notes.note <> excluded.note RETURNING day",
            *(*where, note),
        )
    )


def skip_open(link: Connection, habit_id: str, days: Iterable[date], at: str) -> bool:
    """Skip those of the days that are not done, and say whether that changed anything."""
    done = set(of_habit(link, habit_id))
    wanted = [day for day in days if day not in done]
    changed = put_all(link, habit_id, dict.fromkeys(wanted, "skipped"), at)
    if changed:
        settled.follow(link, habit_id, min(wanted), further=False)
    return changed


def _unskip(link: Connection, habit_id: str, day: date) -> None:
    link.run("DELETE FROM skips WHERE habit_id = ? AND day = ?", habit_id, day.isoformat())
