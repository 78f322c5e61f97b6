"""Puts idle machines to sleep, every few minutes or when asked, without cutting a request short."""

from __future__ import annotations

import asyncio
from typing import Any

from flyctl_orchestrator.local.base.clock import Clock, Timer
from flyctl_orchestrator.local.proxy.autostop import Sleep, idle_machines
from flyctl_orchestrator.local.proxy.backend import Backend
from flyctl_orchestrator.local.proxy.limits import Limits, ProxySettings
from flyctl_orchestrator.local.proxy.load import LoadBook
from flyctl_orchestrator.local.proxy.waiting import pause

_TIMER_SECONDS = 1.0  # how often the timer looks whether a pass is due; the interval may change meanwhile
_DRAIN_LOOK_SECONDS = 0.05


class Sleeper:
    """The autostop loop of a proxy. `draining` holds the (app, machine) pairs that get no new requests."""

    def __init__(
        self, backend: Backend, clock: Clock, settings: ProxySettings, loads: LoadBook, limits: Limits
    ) -> None:
        self.draining: set[tuple[str, str]] = set()
        self._backend = backend
        self._clock = clock
        self._settings = settings
        self._loads = loads
        self._limits = limits
        self._timer: Timer | None = None
        self._passed_at = clock.now()
        self._passes: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Begin to count the interval (`autostop_tick_seconds`; 0 turns the loop off)."""
        self._passed_at = self._clock.now()
        self._timer = self._clock.call_later(_TIMER_SECONDS, self._on_timer)

    def close(self) -> None:
        """No more passes; those under way are abandoned."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._passes:
            task.cancel()

    async def tick(self) -> list[Sleep]:
        """One pass over all apps, judging by the load of this moment; what was put to sleep."""
        self._passed_at = self._clock.now()
        return await self._pass(dict.fromkeys(self._backend.apps()))

    def _on_timer(self) -> None:
        self._timer = self._clock.call_later(_TIMER_SECONDS, self._on_timer)
        interval = self._settings.autostop_tick_seconds
        if interval <= 0 or self._clock.now() < self._passed_at + interval:
            return
        self._passed_at = self._clock.now()
        # The highest load since the last pass: steady light traffic keeps a machine up, though at most moments
        # no request is on it.
        peaks: dict[str, dict[str, int] | None] = {app: self._loads.take_peaks(app) for app in self._backend.apps()}
        task = asyncio.get_running_loop().create_task(self._pass(peaks))
        self._passes.add(task)
        task.add_done_callback(self._passes.discard)

    async def _pass(self, peaks_by_app: dict[str, dict[str, int] | None]) -> list[Sleep]:
        wanted = [(app, sleep) for app, peaks in peaks_by_app.items() for sleep in self._idle_or_none(app, peaks)]
        done = await asyncio.gather(
            *(self._drain_and_sleep(app, sleep) for app, sleep in wanted), return_exceptions=True
        )
        for (app, sleep), problem in zip(wanted, done, strict=True):
            if isinstance(problem, BaseException):
                self._tell(app, sleep.machine_id, sleep.region, problem)
        return [sleep for (_, sleep), slept in zip(wanted, done, strict=True) if slept is True]

    def _idle_or_none(self, app: str, peaks: dict[str, int] | None) -> list[Sleep]:
        """What is idle in an app; nothing, and a line in its log, when looking goes wrong: others go on sleeping."""
        try:
            return self._idle(app, peaks)
        except Exception as problem:  # noqa: BLE001 - one app must not keep all others awake
            self._tell(app, None, None, problem)
            return []

    def _tell(self, app: str, machine_id: str | None, region: str | None, problem: BaseException) -> None:
        self._backend.log(app, machine_id, region, f"autostop failed: {type(problem).__name__}: {problem}")

    def _idle(self, app: str, peaks: dict[str, int] | None) -> list[Sleep]:
        def load(machine_id: str) -> int:
            return self._loads.of(app, machine_id) if peaks is None else peaks.get(machine_id, 0)

        targets = self._backend.targets(app)
        self._loads.forget_gone(app, {target.machine_id for target in targets})
        return idle_machines(targets, load, self._backend.primary_region(app))

    async def _drain_and_sleep(self, app: str, sleep: Sleep) -> bool:
        """Take no more requests, let those running finish, then sleep. Gives up rather than cut a request short."""
        key = (app, sleep.machine_id)
        if key in self.draining:
            return False
        self.draining.add(key)
        try:
            waited = 0.0
            while self._loads.of(*key) > 0:
                if waited >= self._limits.drain_seconds:
                    return False
                await pause(self._clock, _DRAIN_LOOK_SECONDS)
                waited += _DRAIN_LOOK_SECONDS
            slept = await self._backend.sleep(app, sleep.machine_id, sleep.mode)
        finally:
            self.draining.discard(key)
        if slept:
            self._loads.events["sleeps"] += 1
            self._backend.log(app, sleep.machine_id, sleep.region, f"excess capacity: {sleep.mode} by the proxy")
        return slept
