"""Statements that read and write whole habits, for files that carry them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


def take_in(
    link: Connection, user: User, carried: Iterable[Carried], *, new_id: Callable[[], str], today: date, at: str
) -> tuple[int, int]:
    """Add what files carry, and give the numbers of new habits and of those that were there already.

    A habit of the same name and schedule is the same one, once: its days are added, and none is taken away: what is
    done stays done. Days after `today` are only taken when they are skipped.

    Raises:
        NoRoom: too many habits.
    """
    known = [*habits.of_user(link, user.id), *(each for each in habits.put_away(link, user.id) if not each.deleted)]
    new = there = 0
    for habit in carried:
        same = next((each for each in known if (each.name, each.schedule) == (habit.name, habit.schedule)), None)
        if same is not None:
            known.remove(same)
            id = same.id
            there += 1
        else:
            id = new_id()
            new += 1
            _add(link, user, habit, id, at)
        done = frozenset(entries.of_habit(link, id)) if same is not None else frozenset()
        days = {day: state for day, state in habit.days.items() if day not in done and _takes(day, state, today)}
        if entries.put_all(link, id, days, at):
            settled.start_again(link, id)
        for day, note in habit.notes.items():
            entries.set_note(link, id, day, note)
    return new, there


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
