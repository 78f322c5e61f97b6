"""Tells every open page what changed. Looks at the platform only while at least one page is open."""

from __future__ import annotations

import asyncio
import contextlib
import json
import traceback
from collections.abc import Callable
from typing import Any

from flyctl_orchestrator.local.base.sightings import Sighting, Sightings
from flyctl_orchestrator.local.page import answers, world
from flyctl_orchestrator.local.page.masking import Mask
from flyctl_orchestrator.local.page.rollouts import Rollouts
from flyctl_orchestrator.local.platform import Platform

# Seconds between two looks: five pictures a second are what an eye follows of machines' states.
LOOK_SECONDS = 0.2
# Requests shown of each look: 50 a second.
SHOWN_PER_LOOK = 10
# Messages that a page may be behind before it is let go; it comes back by itself and gets everything anew.
MOST_WAITING = 200
Message = tuple[str, str]
Queue = asyncio.Queue[Message | None]


class Hub:
    """Every open page, and what they were told last.

    Args:
        in_flight: how many requests the proxy has on a machine, by app and id.
        facts: what a page that opens is told besides the world.
        idle: called when the last page has gone.
    """

    def __init__(
        self,
        platform: Platform,
        sightings: Sightings,
        rollouts: Rollouts,
        *,
        in_flight: Callable[[str, str], int],
        facts: Callable[[], dict[str, Any]],
        idle: Callable[[], None],
    ) -> None:
        self._platform = platform
        self._sightings = sightings
        self._rollouts = rollouts
        self._in_flight = in_flight
        self._facts = facts
        self._idle = idle
        self._pages: set[Queue] = set()
        self._told: world.Parts = {}
        self._seen = 0
        self._requests: list[dict[str, Any]] = []
        self._tally = answers.Tally()
        self._second = 0
        self._task: asyncio.Task[None] | None = None
        self.traffic: dict[str, Any] | None = None
        rollouts.heard = self._heard

    @property
    def open(self) -> int:
        """How many pages are open."""
        return len(self._pages)

    def join(self) -> Queue:
        """A page has opened: its messages, the whole world first. None in the queue ends them."""
        queue: Queue = asyncio.Queue(MOST_WAITING)
        if self._task is None:
            self._told = world.parts(self._platform)
            self._task = asyncio.get_running_loop().create_task(self._run())
        self._pages.add(queue)
        now = self._platform.clock.now()
        whole = {
            **self._facts(),
            **self._told,
            "now": now,
            "regions": world.regions(),
            "kinds": world.kinds(),
            "traffic": self.traffic,
            "history": answers.history(self._platform.traffic, now),
        }
        mask = Mask.of(self._platform)
        queue.put_nowait(_message("world", whole))
        for run in self._rollouts.all():
            queue.put_nowait(_message("rollout", {"run": run.key, "events": mask.over(run.events)}))
        return queue

    def leave(self, queue: Queue) -> None:
        """A page has gone."""
        self._pages.discard(queue)
        if self._pages:
            return
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._idle()

    async def close(self) -> None:
        """End every page's messages."""
        for queue in tuple(self._pages):
            self._end(queue)
        task = self._task
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def tell(self, name: str, body: Any) -> None:
        """Send every page a message."""
        if not self._pages:
            return
        message = _message(name, body)
        for queue in tuple(self._pages):
            try:
                queue.put_nowait(message)
            except asyncio.QueueFull:
                self._end(queue)

    def _end(self, queue: Queue) -> None:
        self._pages.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)

    def _heard(self, run: str, events: list[dict[str, Any]]) -> None:
        if self._pages:
            self.tell("rollout", {"run": run, "events": Mask.of(self._platform).over(events)})

    def _sighted(self, sighting: Sighting) -> None:
        self._seen += 1
        self._tally.see(sighting)
        if len(self._requests) < SHOWN_PER_LOOK:
            self._requests.append(answers.shown(sighting))

    async def _run(self) -> None:
        unwatch = self._sightings.watch(self._sighted)
        changed = True

        def note() -> None:
            nonlocal changed
            changed = True

        unsubscribe = self._platform.feed.subscribe(note)
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                second = int(self._platform.clock.now())
                # Faults that come and go, and deadlines that pass, change nothing that the feed tells of.
                if changed or second != self._second:
                    changed = False
                    self._look()
                self._tell_requests()
                if second != self._second:
                    self._second = second
                    self._tell_second(second)
        except Exception:  # noqa: BLE001 - pages that stand still would be believed; these come back for everything
            traceback.print_exc()
            self._task = None
            for queue in tuple(self._pages):
                self._end(queue)
        finally:
            unsubscribe()
            unwatch()

    def _look(self) -> None:
        now = world.parts(self._platform)
        told = world.changes(self._told, now)
        self._told = now
        if told:
            self.tell("change", told)

    def _tell_requests(self) -> None:
        if self._seen:
            self.tell("requests", {"seen": self._seen, "shown": self._requests})
            self._seen, self._requests = 0, []

    def _tell_second(self, second: int) -> None:
        taken = self._tally.take()
        load = {
            machine["id"]: busy
            for machine in self._told["machines"].values()
            if (busy := self._in_flight(machine["app"], machine["id"]))
        }
        self.tell("second", {"at": second - 1, **taken, "load": load})


def _message(name: str, body: Any) -> Message:
    return name, json.dumps(body, separators=(",", ":"), ensure_ascii=False)
