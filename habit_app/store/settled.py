"""Statements that keep what a habit's older days amount to."""

from __future__ import annotations

from datetime import date

from habit_app.schedule import Schedule, parse
from habit_app.store.database import Connection
from habit_app.streaks import NOTHING, Settled, settle, settles_until


def read(until: str, text: str, schedule: str) -> Settled:
    """What two columns of a habit say, if it was counted by the schedule the habit has now; else nothing.

    A release that does not know these columns may have changed the schedule.
    """
    counted_by, *numbers = text.split()
    if counted_by != schedule:
        return NOTHING
    best, turn, run = map(int, numbers)
    return Settled(date.fromisoformat(until).toordinal(), best, turn, run)


def follow(link: Connection, habit_id: str, ticked: date) -> None:
    """After a change on day `ticked`: settle what can be settled now, or count anew when the past was changed."""
    rows = link.run("SELECT schedule, settled_until, settled FROM habits WHERE id = ?", habit_id)
    if not rows:
        return
    schedule, until, text = rows[0]
    before = read(until, text, schedule) if text else NOTHING
    target = settles_until(ticked)
    if ticked.toordinal() <= before.until:
        before, target = NOTHING, date.fromordinal(before.until)
    elif target.toordinal() <= before.until:
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
    now = settle(schedule, before, [date.fromisoformat(day).toordinal() for (day,) in rows], until)
    link.run(
        "UPDATE habits SET settled_until = ?, settled = ? WHERE id = ?",
        *(until.isoformat(), f"{schedule.store()} {now.best} {now.turn} {now.run}", habit_id),
    )
