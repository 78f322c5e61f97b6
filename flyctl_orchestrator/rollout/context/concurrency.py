"""How things are done side by side: real threads, or one after the other where a test owns the time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# As many connections as the HTTP pool keeps open.
WIDTH = 64


class Concurrency(Protocol):
    """Does the same thing to many items."""

    def each(self, action: Callable[[T], None], items: Iterable[T]) -> None:
        """Call `action` with every item and return when all calls have returned; then raise the first error."""
        ...

    def beside(self, main: Callable[[], R], aside: Callable[[Callable[[], bool]], None]) -> R:
        """Do `main`, and use the time it takes for something else; give what it gives when both have returned.

        Args:
            main: done on this thread, so that Ctrl-C reaches it.
            aside: told by its argument, which it asks again and again, whether `main` has come to its end.
        """
        ...


class InTurn:
    """One after the other, in order."""

    def each(self, action: Callable[[T], None], items: Iterable[T]) -> None:
        """Call `action` with every item, all of them even when one raises."""
        errors = []
        for item in items:
            try:
                action(item)
            except Exception as error:  # noqa: BLE001 the others must have their turn; raised below
                errors.append(error)
        if errors:
            raise errors[0]

    def beside(self, main: Callable[[], R], aside: Callable[[Callable[[], bool]], None]) -> R:
        """Do `aside` first, all of it, and then `main`."""
        aside(lambda: False)
        return main()


class Threads:
    """Side by side, at most `width` at once. A context manager: leaving it waits for what still runs."""

    def __init__(self, width: int = WIDTH) -> None:
        self._pool = ThreadPoolExecutor(width, thread_name_prefix="rollout")

    def __enter__(self) -> Threads:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)

    def each(self, action: Callable[[T], None], items: Iterable[T]) -> None:
        """Call `action` with every item on a thread of its own."""
        futures = [self._pool.submit(action, item) for item in items]
        errors = [error for future in futures if (error := future.exception()) is not None]
        if errors:
            raise errors[0]

    def beside(self, main: Callable[[], R], aside: Callable[[Callable[[], bool]], None]) -> R:
        """Do `aside` on a thread of its own."""
        over = threading.Event()
        future = self._pool.submit(aside, over.is_set)
        try:
            return main()
        finally:
            over.set()
            # What is under way is waited for; that it failed is no reason to lose what `main` gave.
            future.exception()


class Stop:
    """The wish to stop, as often as it was voiced: once means go back, twice means stop where you are."""

    def __init__(self) -> None:
        self._count = 0

    def press(self) -> None:
        """Voice it (once more). Safe to call from a signal handler."""
        self._count += 1

    @property
    def requested(self) -> bool:
        """Stop going forward, and go back."""
        return self._count >= 1

    @property
    def insisted(self) -> bool:
        """Stop going back, too."""
        return self._count >= 2
