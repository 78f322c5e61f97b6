"""Waiting in the proxy: for a moment, for room on a machine, for a machine to wake."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Collection

from flyctl_orchestrator.local.base.clock import Clock
from flyctl_orchestrator.local.proxy.backend import Backend, Target, WakeFailed


async def pause(clock: Clock, seconds: float) -> None:
    """Wait `seconds` of the platform's time."""
    done = asyncio.get_running_loop().create_future()

    def finish() -> None:
        if not done.done():
            done.set_result(None)

    timer = clock.call_later(seconds, finish)
    try:
        await done
    finally:
        timer.cancel()


class Queue:
    """Requests that wait for room on some machine of their app, first come first served."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    def room(self, app: str) -> None:
        """Something became free: let the one that waits longest look again."""
        line = self._waiting.get(app)
        while line:
            waiter = line.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    async def wait(self, app: str, seconds: float) -> None:
        """Until it is this request's turn to look again, or `seconds` have passed."""
        waiter = asyncio.get_running_loop().create_future()
        line = self._waiting.setdefault(app, deque())
        line.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            pass
        finally:
            if waiter in line:
                line.remove(waiter)
            if not line and self._waiting.get(app) is line:
                del self._waiting[app]


class Wakes:
    """Machines being woken. Requests that need the same machine share one wake."""

    def __init__(self, backend: Backend, events: Counter[str], wake_seconds: float, again_seconds: float) -> None:
        """`events` counts the wakes; `again_seconds`: how long a failed one stands before it is worth another try."""
        self._backend = backend
        self._events = events
        self._wake_seconds = wake_seconds
        self._again_seconds = again_seconds
        self._running: dict[tuple[str, str], asyncio.Task[Target]] = {}
        self._failed: dict[tuple[str, str], tuple[float, WakeFailed]] = {}

    def of(self, app: str) -> Collection[str]:
        """Ids of the app's machines that are being woken."""
        return {machine_id for owner, machine_id in self._running if owner == app} if self._running else ()

    def begin(self, app: str, machine_id: str) -> asyncio.Task[Target]:
        """Wake a machine, or join a wake under way."""
        key = (app, machine_id)
        task = self._running.get(key)
        if task is None:
            self._events["wakes"] += 1
            task = self._running[key] = asyncio.create_task(self._wake(app, machine_id))
            task.add_done_callback(lambda done: self._ended(key, done))
        return task

    async def wake(self, app: str, machine_id: str, seconds: float) -> Target:
        """Wake a machine and wait until it listens, no longer than `seconds`.

        Raises:
            WakeFailed: it could not be woken.
            TimeoutError: it takes longer; the wake goes on.
        """
        moment, failure = self._failed.get((app, machine_id), (0.0, None))
        if failure is not None and asyncio.get_running_loop().time() < moment + self._again_seconds:
            raise failure
        async with asyncio.timeout(seconds):
            return await asyncio.shield(self.begin(app, machine_id))

    async def _wake(self, app: str, machine_id: str) -> Target:
        return await self._backend.wake(app, machine_id, self._wake_seconds)

    def _ended(self, key: tuple[str, str], task: asyncio.Task[Target]) -> None:
        self._running.pop(key, None)
        self._failed.pop(key, None)
        if task.cancelled():
            return
        error = task.exception()
        loop = asyncio.get_running_loop()
        if isinstance(error, WakeFailed):
            self._failed[key] = (loop.time(), error)
        elif error is not None:
            loop.call_exception_handler({"message": "waking a machine failed unexpectedly", "exception": error})

    def close(self) -> None:
        """Stop waiting for machines to wake."""
        for task in self._running.values():
            task.cancel()
