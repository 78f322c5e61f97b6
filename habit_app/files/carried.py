"""A habit with its whole history, as files carry it, and the limits for what is taken in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from habit_app.schedule import Schedule
from habit_app.store.entries import State

LONGEST_NAME = 80
LONGEST_NOTE = 500
# Days with something to say, of all habits of one file together: twenty years of ten habits.
MOST_DAYS = 75_000
FIRST_DAY = date(1970, 1, 1)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class BadFile(ValueError):
    """Not a file we can read; the message says what is wrong with it, and where."""


@dataclass
class Carried:
    """One habit.

    Attributes:
        days: done or skipped ones.
    """

    name: str
    schedule: Schedule
    archived: bool = False
    days: dict[date, State] = field(default_factory=dict)
    notes: dict[date, str] = field(default_factory=dict)


def rows(text: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV text with their line numbers, empty ones left out.

    Raises:
        BadFile: it is none.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as problem:
        raise BadFile(f"{where}, line {reader.line_num}: {problem}.") from None


def decoded(data: bytes, where: str) -> str:
    """A file's text.

    Raises:
        BadFile: it is not UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadFile(f"{where} is not UTF-8 text.") from None


def day_of(text: str, where: str) -> date:
    """A day written as YYYY-MM-DD, from 1970 on.

    Raises:
        BadFile: it is none.
    """
    if _DAY.fullmatch(text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            pass
        else:
            if day >= FIRST_DAY:
                return day
    raise BadFile(f"{where}: {text[:40]!r} is not a day like 2026-01-30.")


def name_of(text: str, where: str) -> str:
    """A habit's name, cut to what we keep.

    Raises:
        BadFile: it is empty, or has control characters.
    """
    name = " ".join(text.split())[:LONGEST_NAME].strip()
    if not name or not name.isprintable():
        raise BadFile(f"{where}: a habit has no name that could be shown.")
    return name


def note_of(text: str, where: str) -> str:
    """A note, cut to what we keep.

    Raises:
        BadFile: it has a NUL character.
    """
    if "\0" in text:
        raise BadFile(f"{where}: a note has a character that cannot be stored.")
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()[:LONGEST_NOTE].strip()
