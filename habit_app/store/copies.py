"""Statements that read and write whole habits, for files that carry them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from habit_app.files.carried import Carried
from habit_app.store import entries, habits, settled
from habit_app.store.accounts import User
from habit_app.store.database import Connection

# How far ahead a day may be skipped.
AHEAD = timedelta(days=366)


class NoRoom(Exception):
    """There are more habits than one account can have; nothing was changed."""


def of_user(link: Connection, user: User) -> list[Carried]:
    """All of a user's habits in their order, then the archived ones."""
    found = [*habits.of_user(link, user.id), *(each for each in habits.put_away(link, user.id) if not each.deleted)]
    return [_carried(link, habit) for habit in found]


@dataclass
class Taken:
    """What became of what files carry.

    Attributes:
        new, there: habits that were added, and habits that were there already.
        days, notes: days, and notes, of which a file said something else than what was there and stayed.
    """

    new: int = 0
    there: int = 0
    days: int = 0
    notes: int = 0


def take_in(
    link: Connection, user: User, carried: Iterable[Carried], *, new_id: Callable[[], str], today: date, at: str
) -> Taken:
    """Add what files carry.

    A habit of the same name and schedule is the same one, once. What its user said of a day, and noted, stays; days and
    notes are added where there are none, and its order, and whether it is archived, stay too. Days after `today` are
    only taken when they are skipped.

    Raises:
        NoRoom: too many habits.
    """
    known = [*habits.of_user(link, user.id), *(each for each in habits.put_away(link, user.id) if not each.deleted)]
    taken = Taken()
    for habit in carried:
        same = next((each for each in known if (each.name, each.schedule) == (habit.name, habit.schedule)), None)
        if same is None:
            taken.new += 1
            id = new_id()
            _add(link, user, habit, id, at)
        else:
            taken.there += 1
            known.remove(same)
            id = same.id
        _fill(link, id, habit, taken, today, at)
    return taken


def _fill(link: Connection, id: str, habit: Carried, taken: Taken, today: date, at: str) -> None:
    """Give a habit the days and notes of a file where it has none, and count what stayed."""
    own = entries.history(link, id)
    days = {day: state for day, state in habit.days.items() if _takes(day, state, today)}
    taken.days += sum(own.state(day) not in ("open", state) for day, state in days.items())
    if entries.put_all(link, id, {day: state for day, state in days.items() if own.state(day) == "open"}, at):
        settled.start_again(link, id)
    for day, note in habit.notes.items():
        if day not in own.notes:
            entries.set_note(link, id, day, note)
        elif own.notes[day] != note:
            taken.notes += 1


def _takes(day: date, state: entries.State, today: date) -> bool:
    return day <= (today if state == "done" else today + AHEAD)


def _add(link: Connection, user: User, habit: Carried, id: str, at: str) -> None:
    if not (habits.has_room(link, user.id) or (habit.archived and habits.has_shelf(link, user.id))):
        raise NoRoom
    habits.add(link, id=id, user_id=user.id, name=habit.name, schedule=habit.schedule, at=at)
    if habit.archived:
        habits.set_archived(link, user.id, id, at)


def _carried(link: Connection, habit: habits.Habit) -> Carried:
    found = entries.history(link, habit.id)
    days: dict[date, entries.State] = dict.fromkeys(found.done, "done")
    days.update(dict.fromkeys(found.skipped, "skipped"))
    return Carried(habit.name, habit.schedule, habit.archived, days, found.notes)
