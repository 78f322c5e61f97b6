"""What Loop Habit Tracker exports as CSV: a zip with Habits.csv and, for each habit, a folder with Checkmarks.csv.

A day that Loop filled in by itself, because the habit had been done often enough, is not one on which it was done.
Habits that are counted ("8 glasses") are done on days that reach their target.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field

from habit_app.files.carried import MOST_DAYS, BadFile, Carried, day_of, decoded, name_of, note_of, rows
from habit_app.schedule import Schedule, times_a_week
from habit_app.store.entries import State
from habit_app.wording.counted import counted

# Unpacked, all files together: a small zip may hold a huge one.
LARGEST = 16_000_000
_FOLDER = re.compile(r"0*(\d{1,6})(?: .*)?/Checkmarks\.csv")
_MARKS: dict[str, State] = {"YES_MANUAL": "done", "2": "done", "SKIP": "skipped", "3": "skipped"}


@dataclass
class Loop:
    """What a file holds, and what of it we see otherwise than Loop does."""

    habits: list[Carried] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def is_zip(data: bytes) -> bool:
    """Whether a file could be Loop's export."""
    return data.startswith(b"PK\x03\x04")


def read(data: bytes) -> Loop:
    """The habits of Loop's export.

    Raises:
        BadFile: it is none.
    """
    files = _unpacked(data)
    if "Habits.csv" not in files:
        raise BadFile("There is no Habits.csv in this zip. In Loop, choose Settings, Export as CSV.")
    marks = {int(match[1]): text for name, text in files.items() if (match := _FOLDER.fullmatch(name))}
    found, days = Loop(), 0
    table = [row for _, row in rows(files["Habits.csv"], "Habits.csv")]
    if not table:
        raise BadFile("Habits.csv is empty.")
    for number, row in enumerate(table[1:], 1):
        fields = dict(zip(table[0], row, strict=False))
        habit = _habit(fields, f"Habits.csv, habit {number}", found.remarks)
        target = _target(fields, habit.name, found.remarks)
        if target is not None:
            _mark(habit, marks.get(number, ""), f"Checkmarks.csv of {habit.name}", target)
            found.habits.append(habit)
        days += len(habit.days)
        if days > MOST_DAYS:
            raise BadFile(f"There are more than {MOST_DAYS} days in this file.")
    if found.habits:
        found.remarks.append("Colours, questions and descriptions were left out: habits have none here.")
    return found


def _unpacked(data: bytes) -> dict[str, str]:
    texts: dict[str, str] = {}
    room = LARGEST
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if not entry.filename.endswith(("Habits.csv", "Checkmarks.csv")):
                    continue
                with archive.open(entry) as file:
                    content = file.read(room + 1)
                room -= len(content)
                if room < 0:
                    raise BadFile(f"The zip unpacks to more than {LARGEST // 1_000_000} MB.")
                texts[entry.filename] = decoded(content, entry.filename)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as problem:
        if isinstance(problem, BadFile):
            raise
        raise BadFile("This zip file is damaged, encrypted, or of a kind we cannot read.") from None
    return texts


def _habit(fields: dict[str, str], where: str, remarks: list[str]) -> Carried:
    name = name_of(fields.get("Name", ""), where)
    # The names of the columns have changed over the years.
    times = fields.get("FrequencyNumerator", fields.get("NumRepetitions", "1"))
    days = fields.get("FrequencyDenominator", fields.get("Interval", "1"))
    archived = fields.get("Archived?", "false").lower() == "true"
    return Carried(name, _schedule(name, _number(times, where), _number(days, where), remarks), archived)


def _schedule(name: str, times: int, days: int, remarks: list[str]) -> Schedule:
    if times >= days:
        return Schedule()
    a_week = max(1, min(7, round(times * 7 / days)))
    if days != 7:
        often = f"{counted(times, 'time')} in {counted(days, 'day')}"
        remarks.append(f"{name}: {often} has become {times_a_week(a_week).label().lower()}.")
    return times_a_week(a_week)


def _target(fields: dict[str, str], name: str, remarks: list[str]) -> float | None:
    """The number that a counted habit has to reach; 0 for one that is done or not; None: it cannot be taken over."""
    if fields.get("Type", "YES_NO") != "NUMERICAL":
        return 0.0
    if fields.get("Target Type", "AT_LEAST") != "AT_LEAST":
        remarks.append(f"{name} was left out: a habit with an upper limit is done by not doing it.")
        return None
    try:
        target = float(fields.get("Target Value") or 0)
    except ValueError:
        target = 0.0
    remarks.append(f"{name}: a day is done when it reached {target:g}; the numbers themselves were left out.")
    return max(target, 1e-9)


def _mark(habit: Carried, text: str, where: str, target: float) -> None:
    for line, row in rows(text, where):
        if line == 1 and row[0] == "Date":
            continue
        at = f"{where}, line {line}"
        day, value, note = day_of(row[0], at), (row[1] if len(row) > 1 else ""), (row[2] if len(row) > 2 else "")
        state = _MARKS.get(value) if not target or value == "SKIP" else _reached(value, target)
        if state:
            habit.days[day] = state
        if note := note_of(note, at):
            habit.notes[day] = note


def _reached(value: str, target: float) -> State | None:
    try:
        return "done" if float(value) >= target else None
    except ValueError:
        return None


def _number(text: str, where: str) -> int:
    if not text.isdecimal() or not 0 < int(text[:6]) < 10_000 or len(text) > 6:
        raise BadFile(f"{where}: {text[:20]!r} is no number of times or days.")
    return int(text)
