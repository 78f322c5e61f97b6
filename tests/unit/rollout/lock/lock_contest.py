"""Several rollouts that want one app's lock, each on a computer of its own, with their calls interleaved at will.

Every contender is a thread that runs only when it is its turn: it stops before every call to the platform and whenever
it sleeps. Whose turn is next is the test's choice, and time moves only when all of them sleep.
"""

from __future__ import annotations

import json as json_module
import random
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flyctl_orchestrator.fleet.http import HttpAnswer
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.local.daemon.simulation import TOKEN
from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.held import Held
from flyctl_orchestrator.rollout.lock.take import Locked, Locker
from flyctl_orchestrator.rollout.state.lock_record import LockRecord
from flyctl_orchestrator.rollout.state.observe import observe
from tests.unit.rollout.rollout_world import APP, World

Chooser = Callable[[int], int]
"""Picks one of so many."""


class GivenUp(BaseException):
    """The contest is over; ends a contender's thread."""


class Contender:
    """One computer: its clock is `skew` seconds off. It plays `script` once it is let go."""

    def __init__(self, contest: Contest, name: str, skew: float, script: Callable[[Contender], None]) -> None:
        self.contest = contest
        self.name = name
        self.skew = skew
        self.held: Held | None = None
        self.confirmed = False
        self.said: list[str] = []
        self.wakes = 0.0
        self.over = False
        self.error: Exception | None = None
        self._script = script
        self._go = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._play, daemon=True)
        world = contest.world
        # Patience of a second: troubles are told at once, and not slept over.
        self.api = MachinesApi("http://fly.test", TOKEN, self, self, random.Random(name), patience=1.0)
        self.locker = Locker(
            self.api,
            APP,
            self,
            lambda: observe(self.api, APP),
            ComputerLock(world.tmp_path / name / "app.lock"),
            tell=lambda event, **fields: self.said.append(event),
        )

    def record(self, how: Any = "rollout") -> LockRecord:
        return LockRecord(self.name, f"{self.name}@test", "flyo deploy", how, 0.0, None)

    # --- what it does

    def take(self, wait: float = 0.0) -> Held | None:
        until = self.monotonic() + wait
        try:
            self.held, _ = self.locker.take(self.record(), observe(self.api, APP), wait=wait)
            self.held, _ = self.locker.settle(self.held, observe(self.api, APP), until=until)
        except Locked:
            self.held = None
            return None
        self.confirmed = True
        return self.held

    def hold(self, seconds: float) -> None:
        """Be at work for so long, with signs of life."""
        assert self.held is not None
        until = self.monotonic() + seconds
        while self.monotonic() < until and not self.held.lost():
            self.sleep(1.0)
            self.held.beat_if_due()

    def release(self) -> None:
        assert self.held is not None
        self.held.release()
        self.held, self.confirmed = None, False

    @property
    def believes(self) -> bool:
        """Whether it would change a machine now without looking again."""
        return self.held is not None and self.confirmed and self.held.sure and not self.held.known_lost

    # --- its clock and its wire

    def now(self) -> float:
        return self.contest.world.clock.now() + self.skew

    def monotonic(self) -> float:
        return self.contest.world.clock.monotonic() - 1_799_000_000.0 + abs(self.skew)

    def sleep(self, seconds: float) -> None:
        self._pause(seconds)

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], json: Any = None, timeout: float
    ) -> HttpAnswer:
        self._pause(0.0)
        return self.contest.answer(method, url, headers, json)

    # --- its turns

    def start(self) -> None:
        self._thread.start()

    def turn(self) -> None:
        """Let it go on until its next call."""
        self._go.release()
        self.contest.back.acquire()

    def _pause(self, seconds: float) -> None:
        if self.contest.closed:
            raise GivenUp
        self.wakes = self.contest.world.clock.now() + seconds
        self.contest.back.release()
        self._go.acquire()
        if self.contest.closed:
            raise GivenUp

    def _play(self) -> None:
        self._go.acquire()
        try:
            self._script(self)
        except GivenUp:
            return
        except Exception as error:  # noqa: BLE001 raised again at the end of the contest
            self.error = error
        self.over = True
        self.contest.back.release()


class Contest:
    """Some contenders for one lock.

    Args:
        strict: whether the platform refuses metadata written without the nonce of a lease that is held.
    """

    def __init__(self, tmp_path: Path, *, machines: int = 3, seed: int = 0, strict: bool = False) -> None:
        self.world = World(tmp_path, seed=seed)
        self.image = self.world.push("one")
        self.back = threading.Semaphore(0)
        self.closed = False
        self.contenders: list[Contender] = []
        self.most_believers = 0
        self._strict = strict
        for number in range(machines):
            self.create(("iad", "fra", "nrt")[number % 3])

    def create(self, region: str = "iad") -> str:
        assert self.image.ref is not None
        return self.world.flyctl_create("app", self.image.ref, region)

    def destroy(self, machine_id: str) -> bool:
        """Destroy one, unless somebody leases it."""
        url = f"/v1/apps/{APP}/machines/{machine_id}?force=true"
        return self.world.simulation.send("DELETE", url)[0] == 200

    def ids(self) -> list[str]:
        return sorted(body["id"] for body in self.world.bodies() if body["state"] != "destroyed")

    def lock_keys(self) -> set[str]:
        """What is written about holders, anywhere."""
        bodies = self.world.bodies()
        return {key for body in bodies for key in body["config"]["metadata"] if key.startswith("flyo_lock_")}

    def answer(self, method: str, url: str, headers: Mapping[str, str], json: Any) -> HttpAnswer:
        path = url.split("/v1", 1)[1]
        if self._strict and "/metadata/" in path and method != "GET" and self._leased_by_another(path, headers):
            return HttpAnswer(409, {}, json_module.dumps({"message": "lease currently held"}).encode())
        return HttpAnswer(*self.world.simulation.send(method, url, headers, json))

    def _leased_by_another(self, path: str, headers: Mapping[str, str]) -> bool:
        url = "http://fly.test/v1" + path.split("/metadata")[0] + "/lease"
        status, _, body = self.world.simulation.send("GET", url, {}, None)
        nonce = {name.lower(): value for name, value in headers.items()}.get("fly-machine-lease-nonce")
        return status == 200 and json_module.loads(body)["data"]["nonce"] != nonce

    def add(self, name: str, script: Callable[[Contender], None], *, skew: float = 0.0) -> Contender:
        contender = Contender(self, name, skew, script)
        self.contenders.append(contender)
        contender.start()
        return contender

    def run(self, choose: Chooser, *, turns: int = 3000, meanwhile: Callable[[int], None] = lambda turn: None) -> None:
        """Play until all are through, or `turns` are over; `meanwhile` is called before each turn."""
        try:
            for turn in range(turns):
                meanwhile(turn)
                waiting = [each for each in self.contenders if not each.over]
                if not waiting:
                    return
                self._until_somebody_is_awake(waiting)
                ready = [each for each in waiting if each.wakes <= self.world.clock.now()]
                ready[choose(len(ready))].turn()
                self.most_believers = max(self.most_believers, sum(each.believes for each in self.contenders))
        finally:
            self._close()

    def _until_somebody_is_awake(self, waiting: list[Contender]) -> None:
        earliest = min(each.wakes for each in waiting)
        if earliest > self.world.clock.now():
            self.world.pass_time(earliest - self.world.clock.now())

    def _close(self) -> None:
        self.closed = True
        for each in self.contenders:
            each._go.release()
        for each in self.contenders:
            each._thread.join(10)
        errors = [each.error for each in self.contenders if each.error is not None]
        if errors:
            raise errors[0]
