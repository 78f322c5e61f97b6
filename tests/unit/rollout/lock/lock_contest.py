"""Several commands that want one app's lock, each on a computer of its own, with their calls interleaved at will.

Every contender is a thread that runs only when it is its turn: it stops before and after every call to the platform,
and whenever it sleeps. Whose turn is next is the test's choice, time moves only when all of them sleep, and a contender
can be killed wherever it stops: then nothing of it runs any more, and the operating system frees its files.
"""

from __future__ import annotations

import json as json_module
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.http import HttpAnswer
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.local.daemon.simulation import TOKEN
from flyctl_orchestrator.rollout.lock.by_hand import give_back, holders, take_by_hand
from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.held import Held
from flyctl_orchestrator.rollout.lock.locked import Locked
from flyctl_orchestrator.rollout.lock.take import Locker
from flyctl_orchestrator.rollout.state.lock_record import MARK, LockRecord
from tests.unit.rollout.rollout_world import APP, World

Chooser = Callable[[int], int]
"""Picks one of so many."""

NONCE = "fly-machine-lease-nonce"
REGIONS = ("iad", "fra", "nrt")


class Over(BaseException):
    """The contest is over; ends a contender's thread."""


@dataclass(frozen=True)
class Platform:
    """What the documentation leaves open about leases.

    Attributes:
        strict: metadata of a leased machine is written with the lease's nonce only.
        tells: a lease that is looked at says its description.
        refuses: the nonce of a lease that has ended is refused; else it is taken for none.
        lag: seconds for which the list does not show a machine to others than who has made it.
    """

    strict: bool = False
    tells: bool = True
    refuses: bool = False
    lag: float = 0.0


class Contender:
    """One command on one computer. It plays `script` once it is let go.

    Args:
        computer: commands of one computer share its lock file.
        skew: seconds by which its clock is off.
    """

    def __init__(
        self, contest: Contest, name: str, script: Callable[[Contender], None], *, computer: str, skew: float
    ) -> None:
        self.contest = contest
        self.name = name
        self.computer = computer
        self.skew = skew
        self.asleep = 0.0
        self.held: Held | None = None
        self.by_hand = False
        self.said: list[str] = []
        self.refused: Locked | None = None
        self.got_at: float | None = None
        self.number = 0
        self.wakes = 0.0
        self.over = False
        self.dead = False
        self.stops = 0
        self.at_stop: Callable[[Contender], None] = lambda me: None
        self.cut_until = 0.0
        self.error: Exception | None = None
        self._script = script
        self._go = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._play, daemon=True)
        # Patience of a second: troubles are told soon, and not slept over.
        self.api = MachinesApi("http://fly.test", TOKEN, self, self, random.Random(name), patience=1.0)
        lock = ComputerLock(contest.world.tmp_path / computer / "app.lock")
        self.locker = Locker(self.api, APP, self, lock, REGIONS, tell=lambda event, **fields: self.said.append(event))

    def record(self, how: Any = "rollout") -> LockRecord:
        return LockRecord(self.name, f"{self.name}@test", "flyo deploy", how)

    # --- what it does

    def take(self, wait: float = 0.0) -> Held | None:
        until = self.monotonic() + wait
        try:
            self.locker.take_here(self.record(), until)
            self.held = self.locker.take_there(self.record(), until)
        except Locked as refusal:
            self.refused = refusal
            self.locker.computer.release()
            return None
        self.number = 0
        self._got_when_sure()
        return self.held

    def _got_when_sure(self) -> None:
        """Whoever has stalled while taking it may not be sure any more: it has it from when it is sure again."""
        if self.number == 0 and self.held is not None and self.held.sure:
            self._got()

    def hold(self, seconds: float) -> None:
        """Be at work for so long, renewing, as long as the lock is there."""
        assert self.held is not None
        until = self.monotonic() + seconds
        while self.monotonic() < until and not self.held.lost():
            self._got_when_sure()
            self.sleep(1.0)
            if self.contest.lists and int(until - self.monotonic()) % self.contest.lists == 0:
                self._list()
            self.held.renew_if_due()

    def _list(self) -> None:
        """Look at the fleet, as a rollout does while it watches."""
        try:
            self.api.list_machines(APP)
        except ApiError:
            return

    def release(self) -> None:
        assert self.held is not None
        if not self.held.lost():
            self._got_when_sure()
        self.held.release()
        self.locker.computer.release()
        self.held = None

    def take_by_hand(self, lasts: float | None = None) -> bool:
        try:
            take_by_hand(self.locker, self.record("hand"), lasts)
        except Locked as refusal:
            self.refused = refusal
            return False
        self.by_hand = True
        self._got()
        return True

    def _got(self) -> None:
        self.got_at = self.contest.now
        self.contest.holders += 1
        self.number = self.contest.holders

    def give_back(self) -> None:
        self.by_hand = False
        give_back(self.api, APP, holders(self.api, APP), f"{self.name}@test", force=False)

    @property
    def believes(self) -> bool:
        """Whether it would change a machine now without looking again, or counts on nobody doing so."""
        return self.by_hand or (not self.dead and self.held is not None and self.held.sure)

    # --- its clocks and its wire

    def now(self) -> float:
        return self.contest.now + self.skew

    def monotonic(self) -> float:
        return self.contest.now - 1_799_000_000.0 - self.asleep

    def sleep(self, seconds: float) -> None:
        self._pause(seconds)

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], json: Any = None, timeout: float
    ) -> HttpAnswer:
        self._pause(0.0)
        answer = self.contest.answer(self, method, url, headers, json)
        self._pause(0.0)
        return answer

    # --- its turns

    def start(self) -> None:
        self._thread.start()

    def stall(self, seconds: float) -> None:
        """Stay where it is for so long."""
        self.wakes = self.contest.now + seconds

    def turn(self) -> None:
        """Let it go on until its next stop."""
        self._go.release()
        self.contest.back.acquire()

    def kill(self) -> None:
        """It runs no more; the operating system closes its files."""
        self.dead = self.over = True
        self.locker.computer.release()

    def _pause(self, seconds: float) -> None:
        if self.contest.closed:
            raise Over
        self.wakes = self.contest.now + seconds
        self.stops += 1
        self.at_stop(self)
        self.contest.back.release()
        self._go.acquire()
        if self.contest.closed or self.dead:
            raise Over

    def _play(self) -> None:
        self._go.acquire()
        try:
            if not self.contest.closed:
                self._script(self)
        except Over:
            return
        except Exception as error:  # noqa: BLE001 raised again at the end of the contest
            self.error = error
        self.over = True
        self.contest.back.release()


class Contest:
    """Some contenders for one lock."""

    def __init__(self, tmp_path: Path, *, machines: int = 3, seed: int = 0, platform: Platform | None = None) -> None:
        tmp_path.mkdir(exist_ok=True)
        self.world = World(tmp_path, seed=seed)
        self.image = self.world.push("one")
        self.platform = platform or Platform()
        self.back = threading.Semaphore(0)
        self.closed = False
        self.contenders: list[Contender] = []
        self.holders = 0
        self.most_believers = 0
        self.away_until = 0.0
        self.deaf = ""
        """A machine whose host does not answer, though the list does not say so."""
        self.checks = True
        self.lists = 0
        """Seconds between two looks of a holder at the fleet; 0: it does not look."""
        self._made: dict[str, tuple[float, str]] = {}
        for number in range(machines):
            self.create(REGIONS[number % 3])

    @property
    def now(self) -> float:
        """The platform's time."""
        return self.world.clock.now()

    # --- what others do to the app

    def create(self, region: str = "iad") -> str:
        assert self.image.ref is not None
        return self.world.flyctl_create("app", self.image.ref, region)

    def lock_machines(self) -> list[dict[str, Any]]:
        found = [body for body in self.world.bodies() if MARK in body["config"].get("metadata", {})]
        return sorted(found, key=lambda body: str(body["id"]))

    def clone_lock_machine(self) -> None:
        """As `flyctl machine clone` does, metadata and all."""
        for body in self.lock_machines()[:1]:
            url = f"/v1/apps/{APP}/machines"
            self.world.simulation.send("POST", url, {}, {"config": body["config"], "region": body["region"]})

    def destroy_lock_machine(self) -> None:
        """By somebody without a nonce: the platform refuses it while there is a lease."""
        for body in self.lock_machines()[:1]:
            self.world.simulation.send("DELETE", f"/v1/apps/{APP}/machines/{body['id']}?force=true")

    def region_down(self, region: str, seconds: float) -> None:
        self.world.call("POST", "/_local/faults", {"name": "region-down", "region": region, "for": f"{seconds}s"})

    # --- what the platform answers

    def answer(self, me: Contender, method: str, url: str, headers: Mapping[str, str], json: Any) -> HttpAnswer:
        path = url.split("/v1", 1)[1]
        of_a_machine = path.count("/") > 3
        deaf = bool(self.deaf) and f"/machines/{self.deaf}/" in path
        if self.now < self.away_until or deaf or (of_a_machine and self.now < me.cut_until):
            return HttpAnswer(503, {}, b'{"error": "upstream unavailable"}')
        if self.platform.strict and "/metadata/" in path and method != "GET" and self._leased_by_another(path, headers):
            return HttpAnswer(409, {}, b'{"message": "lease currently held"}')
        if self.platform.refuses and "/lease?" in path and method == "POST" and self._is_stale(path, headers):
            return HttpAnswer(400, {}, b'{"error": "invalid lease nonce"}')
        status, raw_headers, body = self.world.simulation.send(method, url, headers, json)
        return HttpAnswer(status, raw_headers, self._told(me, method, path, status, body))

    def _told(self, me: Contender, method: str, path: str, status: int, body: bytes) -> bytes:
        if status == 200 and method == "GET" and path.endswith("/lease") and not self.platform.tells:
            said = json_module.loads(body)
            said["data"].pop("description", None)
            return json_module.dumps(said).encode()
        if status == 200 and path.split("?")[0].endswith("/machines") and self.platform.lag:
            if method == "POST":
                self._made[json_module.loads(body)["id"]] = (self.now, me.name)
                return body
            shown = [each for each in json_module.loads(body) if self._shows(each["id"], me.name)]
            return json_module.dumps(shown).encode()
        return body

    def _shows(self, machine_id: str, name: str) -> bool:
        made, by = self._made.get(machine_id, (0.0, name))
        return by == name or self.now - made >= self.platform.lag

    def _lease_of(self, path: str) -> str | None:
        machine = path.split("/machines/")[1].split("/")[0]
        status, _, body = self.world.simulation.send("GET", f"/v1/apps/{APP}/machines/{machine}/lease")
        return str(json_module.loads(body)["data"]["nonce"]) if status == 200 else None

    def _leased_by_another(self, path: str, headers: Mapping[str, str]) -> bool:
        return self._lease_of(path) not in (None, headers.get(NONCE))

    def _is_stale(self, path: str, headers: Mapping[str, str]) -> bool:
        return bool(headers.get(NONCE)) and self._lease_of(path) is None

    # --- the contest

    def add(
        self, name: str, script: Callable[[Contender], None], *, computer: str | None = None, skew: float = 0.0
    ) -> Contender:
        contender = Contender(self, name, script, computer=computer or name, skew=skew)
        contender.wakes = self.now
        self.contenders.append(contender)
        contender.start()
        return contender

    def run(self, choose: Chooser, *, turns: int = 4000, meanwhile: Callable[[int], None] = lambda turn: None) -> None:
        """Play until all are through, or `turns` are over; `meanwhile` is called before each turn."""
        try:
            for turn in range(turns):
                meanwhile(turn)
                waiting = [each for each in self.contenders if not each.over]
                if not waiting:
                    return
                self._until_somebody_is_awake(waiting)
                ready = [each for each in waiting if each.wakes <= self.now]
                ready[choose(len(ready))].turn()
                self._check()
        finally:
            self._close()

    def _check(self) -> None:
        """Nobody believes to hold the lock that somebody else has got since."""
        believers = [each for each in self.contenders if each.believes]
        if self.checks:
            assert all(each.number == self.holders for each in believers), [each.name for each in believers]
        self.most_believers = max(self.most_believers, len(believers))

    def _until_somebody_is_awake(self, waiting: list[Contender]) -> None:
        earliest = min(each.wakes for each in waiting)
        if earliest > self.now:
            self.world.pass_time(earliest - self.now)

    def _close(self) -> None:
        self.closed = True
        for each in self.contenders:
            each._go.release()
        for each in self.contenders:
            each._thread.join(10)
        errors = [each.error for each in self.contenders if each.error is not None]
        if errors:
            raise errors[0]


def in_turn(number: int) -> Callable[[int], int]:
    """One after the other, beginning with a number."""
    state = [number]

    def choose(of: int) -> int:
        state[0] += 1
        return state[0] % of

    return choose
