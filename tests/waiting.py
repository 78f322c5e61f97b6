"""Waiting for what the code under test brings about. The only place in the tests where time is let go by."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_SECONDS = 0.02


def eventually(read: Callable[[], T], accept: Callable[[T], object] = bool, seconds: float = 20.0) -> T:
    """Look again and again until `accept` likes what `read` gives.

    Args:
        seconds: how long it may take at most; longer fails the test.

    Returns: what was accepted.
    """
    until, pause = time.monotonic() + seconds, threading.Event()
    while True:
        seen = read()
        if accept(seen):
            return seen
        assert time.monotonic() < until, f"not within {seconds} s; last seen: {seen!r}"
        pause.wait(LOOK_SECONDS)


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """As `eventually`, on an event loop that goes on meanwhile."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        await asyncio.sleep(LOOK_SECONDS / 4)
