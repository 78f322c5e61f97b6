"""Our own CSV: a row for each habit, and one for each of its days with something to say.

    habit,name,schedule,archived,day,state,note
    1,Read ten pages,daily,no,,,
    1,,,,2026-01-30,done,"the one with the whale"

`habit` is a number that holds the rows of one habit together; schedules are "daily", "days:024" (Monday, Wednesday,
Friday) or "week:3". What a spreadsheet would take for a formula has an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from habit_app.files.carried import MOST_DAYS, BadFile, Carried, day_of, decoded, name_of, note_of, rows
from habit_app.schedule import BadSchedule, parse
from habit_app.store.entries import State
from habit_app.wording.counted import counted

HEADER = ("habit", "name", "schedule", "archived", "day", "state", "note")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_STATES: dict[str, State] = {"done": "done", "skipped": "skipped", "": "open"}


def write(habits: Iterable[Carried]) -> str:
    """The habits as a file."""
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(HEADER)
    for number, habit in enumerate(habits, 1):
        archived = "yes" if habit.archived else "no"
        table.writerow([number, _guarded(habit.name), habit.schedule.store(), archived, "", "", ""])
        for day in sorted({*habit.days, *habit.notes}):
            state = habit.days.get(day, "")
            table.writerow([number, "", "", "", day, state, _guarded(habit.notes.get(day, ""))])
    return out.getvalue()


def read(data: bytes, where: str = "The file") -> list[Carried]:
    """The habits of a file.

    Raises:
        BadFile: it is none of ours; says which line is wrong.
    """
    habits: dict[str, Carried] = {}
    days = 0
    for line, row in rows(decoded(data, where), where):
        at = f"{where}, line {line}"
        if line == 1 or (not habits and tuple(row) == HEADER):
            if tuple(cell.strip().lower() for cell in row) != HEADER:
                raise BadFile(f"{at} should be: {','.join(HEADER)}.")
            continue
        if len(row) != len(HEADER):
            raise BadFile(f"{at} has {counted(len(row), 'column')} instead of {len(HEADER)}.")
        days += bool(row[4])
        if days > MOST_DAYS:
            raise BadFile(f"{where} has more than {MOST_DAYS} days.")
        _take(habits, row, at)
    return list(habits.values())


def _take(habits: dict[str, Carried], row: list[str], at: str) -> None:
    number, name, schedule, archived, day, state, note = row
    if not day:
        if number in habits:
            raise BadFile(f"{at}: habit {number[:20]} is there twice.")
        try:
            habits[number] = Carried(name_of(_bare(name), at), parse(schedule), archived == "yes")
        except BadSchedule as problem:
            raise BadFile(f"{at}: {problem}") from None
        return
    habit = habits.get(number)
    if habit is None:
        raise BadFile(f"{at}: the row with the name of habit {number[:20]} has to come first.")
    if state not in _STATES:
        raise BadFile(f"{at}: a day is done, skipped or nothing, not {state[:20]!r}.")
    when = day_of(day, at)
    if _STATES[state] != "open":
        habit.days[when] = _STATES[state]
    if note:
        habit.notes[when] = note_of(_bare(note), at)


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _bare(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
