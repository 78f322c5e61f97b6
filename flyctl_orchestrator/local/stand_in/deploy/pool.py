"""A few tasks at a time on threads that never keep the program from ending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

Task = Callable[[], None]
_TICK_SECONDS = 0.2


class Cancelled(Exception):
    """Another task of the same pool failed, so this one was not finished."""


def run_all(tasks: Sequence[Task], width: int, cancelled: threading.Event, *, go_on: bool = False) -> None:
    """Run every task, at most `width` at once, and raise the first failure once the others have ended.

    Args:
        tasks: what to run; a task raises to say that it failed.
        width: how many at once.
        cancelled: set after the first failure, unless `go_on`; tasks look at it between their own steps.
        go_on: let the others finish after a failure.

    Raises:
        Exception: what the first failing task raised.
    """
    waiting: queue.Queue[Task] = queue.Queue()
    for task in tasks:
        waiting.put(task)
    ended: queue.Queue[Exception | None] = queue.Queue()

    def work() -> None:
        while True:
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                return
            ended.put(_outcome(task, cancelled, go_on))

    for _ in range(min(max(width, 1), len(tasks))):
        threading.Thread(target=work, daemon=True).start()
    _raise_first(_collect(ended, len(tasks)))


def _outcome(task: Task, cancelled: threading.Event, go_on: bool) -> Exception | None:
    if cancelled.is_set():
        return Cancelled()
    try:
        task()
    except Exception as error:  # noqa: BLE001 - handed to the caller's thread, which raises it
        if not go_on:
            cancelled.set()
        return error
    return None


def _collect(ended: queue.Queue[Exception | None], count: int) -> list[Exception]:
    """What each task ended with. Waits in short steps, so that a signal is noticed at once."""
    failures: list[Exception] = []
    while count:
        try:
            failure = ended.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            continue
        count -= 1
        if failure is not None:
            failures.append(failure)
    return failures


def _raise_first(failures: list[Exception]) -> None:
    for failure in failures:
        if not isinstance(failure, Cancelled):
            raise failure
    if failures:
        raise failures[0]
