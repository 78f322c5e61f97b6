"""How many may wait for the database, and what is not tried twice at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Event, Thread

import pytest

from habit_app.store.database import (
    DatabaseBusy,
    DatabaseFull,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseUnavailable,
    DatabaseUnreachable,
)
from habit_app.store.guard import STUCK_SECONDS, Guard
from tests.waiting import eventually


class Seconds:
    """A clock that only goes where it is told."""

    now = 100.0

    def __call__(self) -> float:
        """The time it shows."""
        return self.now


def fail(guard: Guard, problem: Exception, *, write: bool = False) -> None:
    """A piece of work that ends so."""
    with suppress(type(problem)), guard.writing() if write else guard.reading():
        raise problem


@contextmanager
def somebody_reads(guard: Guard) -> Iterator[Event]:
    """Another thread is inside until the event is set."""
    inside, leave = Event(), Event()

    def work() -> None:
        with guard.reading():
            inside.set()
            leave.wait(20)

    thread = Thread(target=work)
    thread.start()
    assert inside.wait(20)
    try:
        yield leave
    finally:
        leave.set()
        thread.join()


def test_the_seventh_is_refused_when_nobody_has_finished_for_long() -> None:
    seconds = Seconds()
    guard = Guard(seconds=seconds)
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(guard.reading())
        seconds.now += STUCK_SECONDS
        with pytest.raises(DatabaseBusy), guard.reading():
            pass
        with pytest.raises(DatabaseBusy), guard.writing():
            pass
        assert guard.waiting == 6
    with guard.reading():
        assert guard.waiting == 1


def test_the_second_waits_for_the_first_while_work_goes_on() -> None:
    guard = Guard(most=1, seconds=Seconds())
    order: list[str] = []

    def second() -> None:
        with guard.reading():
            order.append("second")

    with guard.reading():
        thread = Thread(target=second)
        thread.start()
        eventually(lambda: guard._changed._waiters)  # type: ignore[attr-defined]
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_being_refused_for_want_of_room_says_nothing_about_the_database() -> None:
    seconds = Seconds()
    guard = Guard(most=1, seconds=seconds)
    with guard.reading():
        seconds.now += STUCK_SECONDS
        with pytest.raises(DatabaseBusy), guard.reading():
            pass
    assert not guard.reads.open


def test_after_a_failure_one_tries_and_the_others_do_not_wait() -> None:
    guard = Guard()
    fail(guard, DatabaseUnreachable())
    with somebody_reads(guard) as leave:
        for _ in range(100):
            with pytest.raises(DatabaseUnreachable, match="being tried"), guard.reading():
                pass
        leave.set()
    assert not guard.reads.open
    with guard.reading(), guard.reading():
        assert guard.waiting == 2


def test_a_prober_that_fails_makes_room_for_the_next() -> None:
    guard = Guard()
    for _ in range(3):
        fail(guard, DatabaseUnreachable())
        assert guard.reads.open
    with guard.reading():
        pass
    assert not guard.reads.open


def test_a_prober_without_room_makes_room_for_the_next() -> None:
    seconds = Seconds()
    guard = Guard(most=1, seconds=seconds)
    fail(guard, DatabaseUnreachable())
    with guard.writing():
        seconds.now += STUCK_SECONDS
        with pytest.raises(DatabaseBusy), guard.reading():
            pass
    with guard.reading():
        pass
    assert not guard.reads.open


@pytest.mark.parametrize("problem", [DatabaseLocked(), DatabaseUnreachable()])
def test_writers_that_cannot_write_do_not_stop_readers(problem: DatabaseUnavailable) -> None:
    guard = Guard()
    fail(guard, problem, write=True)
    assert (guard.reads.open, guard.writes.open) == (False, True)


@pytest.mark.parametrize("problem", [DatabaseFull(), DatabaseReadOnly(), DatabaseUnavailable(), ValueError()])
def test_an_answer_of_the_database_opens_nothing(problem: Exception) -> None:
    guard = Guard()
    fail(guard, problem, write=True)
    assert not guard.writes.open


def test_what_the_app_itself_raises_shows_that_the_database_works() -> None:
    guard = Guard()
    fail(guard, DatabaseUnreachable())
    fail(guard, KeyError())
    assert not guard.reads.open
