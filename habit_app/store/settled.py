"""Statements that keep what a habit's older days amount to."""

from __future__ import annotations

from datetime import date

from habit_app.schedule import Schedule, parse
from habit_app.store.database import Connection, Row
from habit_app.streaks import NOTHING, Settled, settle, settles_until

# Behind the schedule by which a habit with skipped days was counted: a release that does not know such days does not
# know this either, and counts for itself.
_WITH_SKIPS = "+skips"


def read(until: str, text: str, schedule: str) -> Settled:
    """What two columns of a habit say, if it was counted by the schedule the habit has now; else nothing.

    A release that does not know these columns may have changed the schedule.
    """
    counted_by, *numbers = text.split()
    if counted_by not in (schedule, schedule + _WITH_SKIPS):
        return NOTHING
    best, turn, run = map(int, numbers)
    return Settled(date.fromisoformat(until).toordinal(), best, turn, run)


def follow(link: Connection, habit_id: str, ticked: date, *, further: bool = True) -> None:
    """After a change on day `ticked`: settle what can be settled now, or count anew when the past was changed.

    Not `further` says that the day may be in the future, so that nothing can be settled because of it.
    """
    rows = link.run("SELECT schedule, settled_until, settled FROM habits WHERE id = ?", habit_id)
    if not rows:
        return
    schedule, until, text = rows[0]
    before = read(until, text, schedule) if text else NOTHING
    target = settles_until(ticked)
    if further and before.until and not text.startswith(schedule + _WITH_SKIPS) and _skips(link, habit_id, "", until):
        # Counted by a release that does not know skipped days.
        before, target = NOTHING, max(target, date.fromordinal(before.until))
    elif ticked.toordinal() <= before.until:
        before, target = NOTHING, date.fromordinal(before.until)
    elif not further or target.toordinal() <= before.until:
        return
    _write(link, habit_id, parse(schedule), before, target)


def start_again(link: Connection, habit_id: str) -> None:
    """After a change of the schedule: judge the past by the new one."""
    newest = link.run("SELECT max(day) FROM entries WHERE habit_id = ?", habit_id)[0][0]
    schedule = link.run("SELECT schedule FROM habits WHERE id = ?", habit_id)[0][0]
    if newest:
        _write(link, habit_id, parse(schedule), NOTHING, settles_until(date.fromisoformat(newest)))


def _write(link: Connection, habit_id: str, schedule: Schedule, before: Settled, until: date) -> None:
    first = date.fromordinal(before.until).isoformat() if before.until else ""
    rows = link.run(
        "SELECT day FROM entries WHERE habit_id = ? AND day > ? AND day <= ?", habit_id, first, until.isoformat()
    )
    days, skips = _ordinals(rows), _skips(link, habit_id, first, until.isoformat())
    now = settle(schedule, before, days, until, skips)
    marked = skips or (before.until and _skips(link, habit_id, "", first))
    counted_by = schedule.store() + (_WITH_SKIPS if marked else "")
    link.run(
        "UPDATE habits SET settled_until = ?, settled = ? WHERE id = ?",
        *(until.isoformat(), f"{counted_by} {now.best} {now.turn} {now.run}", habit_id),
    )


def _skips(link: Connection, habit_id: str, after: str, until: str) -> list[int]:
    return _ordinals(
        link.run("SELECT day FROM skips WHERE habit_id = ? AND day > ? AND day <= ?", habit_id, after, until)
    )


def _ordinals(rows: list[Row]) -> list[int]:
    return [date.fromisoformat(day).toordinal() for (day,) in rows]
