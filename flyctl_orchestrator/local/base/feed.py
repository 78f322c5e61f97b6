"""Tells whoever waits that something changed. Long polls look again after every change."""

from __future__ import annotations

from collections.abc import Callable


class Feed:
    """Subscribers that are called, without details, after each change."""

    def __init__(self) -> None:
        self._subscribers: dict[int, Callable[[], None]] = {}
        self._next = 0

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after every change, until the returned function is called."""
        number = self._next
        self._next += 1
        self._subscribers[number] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(number, None)

        return unsubscribe

    def changed(self) -> None:
        """Something changed."""
        for callback in list(self._subscribers.values()):
            callback()
