"""Waiting for the platform to change, on an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from flyctl_orchestrator.local.base.feed import Feed


async def until(feed: Feed, reached: Callable[[], bool], deadline: float | None = None) -> bool:
    """Return True once `reached()` holds, looking after every change; False when the loop's time passes `deadline`."""
    changed = asyncio.Event()
    unsubscribe = feed.subscribe(changed.set)
    try:
        while not reached():
            changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await changed.wait()
            except TimeoutError:
                return reached()
        return True
    finally:
        unsubscribe()
