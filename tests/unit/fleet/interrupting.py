"""Ctrl-C at a moment that a test chooses: while this process is inside a method, and at no other."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Presser:
    """Raises KeyboardInterrupt in the main thread, once inside each of some methods, in order.

    Args:
        places: qualified names, e.g. "Child.wait".

    Attributes:
        left: those that are to be interrupted yet.
        missed: at the end, those that were not.
    """

    def __init__(self, *places: str) -> None:
        self.left = list(places)
        self.missed: list[str] = []
        self._pressed = threading.Event()

    def press(self, line: str = "") -> None:
        """Interrupt the next of the methods; from another thread, which goes on when it has happened."""
        self._pressed.clear()
        while self.left and not self._pressed.is_set():
            # To the process, whose main thread gets it and wakes, whatever it waits for.
            os.kill(os.getpid(), signal.SIGINT)
            self._pressed.wait(0.02)

    def heed(self, number: int, frame: FrameType | None) -> None:
        """What a signal does: it is only an interrupt where it is meant to be one."""
        if self.left and _inside(frame, self.left[0]):
            self.left.pop(0)
            self._pressed.set()
            raise KeyboardInterrupt


@contextmanager
def pressing(*places: str) -> Iterator[Presser]:
    """While inside, signals mean what a `Presser` makes of them."""
    presser = Presser(*places)
    former = signal.signal(signal.SIGINT, presser.heed)
    try:
        yield presser
    finally:
        # Whoever still presses has come too late, and would interrupt somebody else.
        presser.missed, presser.left = presser.left, []
        signal.signal(signal.SIGINT, former)


def _inside(frame: FrameType | None, place: str) -> bool:
    while frame is not None:
        if frame.f_code.co_qualname == place:
            return True
        frame = frame.f_back
    return False
