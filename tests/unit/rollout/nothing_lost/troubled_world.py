"""The rollout's world where things go wrong on order, at a request chosen beforehand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.local.api import render
from flyctl_orchestrator.local.base.errors import FAULT_HEADER
from flyctl_orchestrator.local.core import model
from flyctl_orchestrator.local.daemon.simulation import TOKEN
from flyctl_orchestrator.local.faults.request import fault_of
from flyctl_orchestrator.project.model import Probe
from flyctl_orchestrator.rollout.context.concurrency import Stop
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.guard import Unguarded
from flyctl_orchestrator.rollout.lock.take import Locker
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.state.lock_record import MARK
from flyctl_orchestrator.rollout.state.metadata import VERIFIED, verification_for
from flyctl_orchestrator.rollout.state.observe import observe
from tests.unit.rollout.nothing_lost.clocks import WrongClock
from tests.unit.rollout.nothing_lost.fleets import AT_THE_PLATFORM, SKEWS, FleetShape, Trouble
from tests.unit.rollout.nothing_lost.troubled_flyctl import Refused, TroubledFlyctl
from tests.unit.rollout.nothing_lost.troubled_http import TroubledHttp
from tests.unit.rollout.nothing_lost.troubled_lock import LockOfTheRun, OtherComputer
from tests.unit.rollout.rollout_world import APP, Looks, World

#: Requests after which a rollout is taken for one that never ends.
ENDLESS = 30_000
#: Faults that take machines down, or keep their state from being what somebody asked for.
HURTING = (
    "crash-loop", "crash-after", "host-down", "region-down", "stuck-suspending", "slow-boot", "image-pull-fails",
    "pull-reverted",
)  # fmt: skip
NOW_AND_THEN = ("rate-limited", "server-error", "connection-reset", "image-pull-fails", "pull-reverted", "unreadable")
#: Operations whose answers are spoilt: all of them, or one kind.
OPERATIONS = ("", "", "machines.list", "machines.get", "machines.update", "machines.*")
#: What somebody may do to machines while a rollout runs.
BY_HAND = ("edit", "destroy", "doze", "clone", "clone-lock")


class Endless(AssertionError):
    """The rollout does not come to an end."""


class TroubledWorld(World):
    """A world with a fleet that was there before, a secret, rate limits, and troubles.

    Attributes:
        requests: how many the rollout has made, to the platform and to machines.
        calls_of_platform: those to the platform.
        refused_for_pace: requests that were refused for being too many, by no fault.
        meddled: machines that somebody else changed or destroyed during the rollout.
        dozed: machines that somebody else put to sleep during the rollout.
        hurt: regions where a fault may have taken machines down.
        struck: kinds of trouble that came up.
        treacherous: digests of images that end by themselves after a while.
        half_broken: digests of images that answer a third of requests or more with an error, but for the health page.
        destroyed_going_back: machines that the rollout has had destroyed on its way back.
        rival: another computer that wants the lock; `rival_had_it` says, afterwards, whether it got it.
        crashing: digests of images that end seconds after their first good answer.
        shaky: digests of images of whose answers a share is wrong or late.
        gaps: regions that were seen without a machine that takes requests, of those named in `begin`.
    """

    def __init__(self, tmp_path: Path, *, seed: int = 0) -> None:
        self._spoiling: set[str] = set()
        super().__init__(tmp_path, seed=seed, rate_limits=True)
        self.wrong = WrongClock(self.simulation, meanwhile=self._renew)
        self.clock = self.wrong
        self.http = TroubledHttp(self)
        self.api = MachinesApi("http://fly.test", TOKEN, self.http, self.clock, self.random, patience=10.0)
        self.flyctl = TroubledFlyctl(self)
        self.platform = self.simulation.platform
        self.regions: tuple[str, ...] = ()
        self.overheard: list[str] = []
        self.asks_for_secrets = False
        self.treacherous: set[str] = set()
        self.half_broken: set[str] = set()
        self.crashing: set[str] = set()
        self.shaky: set[str] = set()
        self.lock: LockOfTheRun | None = None
        self.rival: OtherComputer | None = None
        self.rival_had_it = False
        self._commands = 0
        self.begin(())

    # --- one rollout after the other

    def begin(self, troubles: tuple[Trouble, ...], *, watching: bool = False, skew: float = 0.0) -> None:
        """Get ready for the next rollout.

        Args:
            watching: look for gaps before each of its requests.
            skew: seconds by which its clock is off.
        """
        self.wrong.skew = skew
        self._watched = self._open_regions() if watching else set()
        self.gaps: set[str] = set()
        self._pending = sorted(troubles, key=lambda each: each.at)
        self._lasting: list[tuple[str, float]] = []
        self.requests = self.calls_of_platform = 0
        self.refused_for_pace: list[str] = []
        self.destroyed_going_back: list[str] = []
        self.events.clear()
        self.calls.clear()
        self.stop = Stop()
        self.meddled: set[str] = set()
        self.dozed: set[str] = set()
        self.hurt: set[str] = set()
        self.struck: set[str] = set()

    def settle(self) -> None:
        """The rollout is over: so are the troubles, and everything comes to rest."""
        self._pending, self._lasting = [], []
        self.platform.faults.clear()
        self.rival_had_it = self.rival is not None and self.rival.held is not None
        if self.rival is not None:
            self.rival.release()
        self.rival, self.wrong.skew = None, 0.0
        self.pass_time(70.0)

    def count_request(self, *, of_platform: bool = True) -> None:
        """Another request of the rollout; troubles that are due begin. Those to machines are many, and none is due."""
        self.requests += 1
        self.calls_of_platform += of_platform
        if self.requests > ENDLESS:
            raise Endless(f"{self.requests} requests and no end")
        while self._pending and self._pending[0].at <= self.calls_of_platform:
            self._strike(self._pending.pop(0))
        if self._watched:
            self.gaps |= self._watched - self._open_regions()
        if self.rival is not None:
            self.rival.renew()
            assert not (self.rival.sure and self.lock is not None and self.lock.sure), "two hold the lock"

    # --- the lock

    def take_lock(self, image: str | None) -> None:
        """Have the next rollout, of an image, run under the lock, or raise FlyoError."""
        locker = Locker(self.api, APP, self.clock, ComputerLock(self.tmp_path / "lock" / "app.lock"), self.regions)
        self._commands += 1
        self.guard = self.lock = LockOfTheRun(locker, self._commands)
        self.lock.take()
        self.lock.secure(image)

    def release_lock(self) -> None:
        """Give it back, if there is one."""
        if self.lock is not None:
            self.lock.release()
        self.guard, self.lock = Unguarded(), None

    def _renew(self) -> None:
        if self.lock is not None:
            self.lock.renew()

    def _rival_comes(self, trouble: Trouble) -> None:
        if self.rival is None:
            name, skew = f"rival{self._commands}", SKEWS[trouble.machine % len(SKEWS)]
            self.rival = OtherComputer(self.simulation, self.settings, self.tmp_path / "lock", name, skew)
            self.rival.try_to_take(min(trouble.seconds or 0.0, 45.0))

    # --- more of the rollout's

    def _open_regions(self) -> set[str]:
        """Where a machine takes requests, or would be woken by one."""
        ready = ("started", "stopped", "suspended")
        serving = [machine for machine in self.records() if machine.config.get("services") and not machine.cordoned]
        return {machine.region for machine in serving if machine.state in ready}

    def during(self, kind: str) -> bool:
        """Whether something of this kind goes on."""
        return any(name == kind and until > self.simulation.clock.now() for name, until in self._lasting)

    # --- what goes wrong

    def _strike(self, trouble: Trouble) -> None:
        self.struck.add(trouble.kind)
        if trouble.kind in AT_THE_PLATFORM:
            self._set_fault(trouble)
        elif trouble.kind == "press":
            self.stop.press()
        elif trouble.kind == "rival":
            self._rival_comes(trouble)
        elif trouble.kind == "clock-steps":
            self.wrong.skew += SKEWS[-1 - trouble.machine % 4]
        elif trouble.kind in BY_HAND:
            self._meddle(trouble)
        else:
            self._lasting.append((trouble.kind, self.simulation.clock.now() + (trouble.seconds or 1e6)))

    def _set_fault(self, trouble: Trouble) -> None:
        name, settings = AT_THE_PLATFORM[trouble.kind]
        region = None if trouble.everywhere and name not in ("host-down", "region-down") else self._region(trouble)
        said: dict[str, object] = {"name": name, "app": APP, "region": region, "for": trouble.seconds, "set": settings}
        if name == "unreadable":
            operation = OPERATIONS[trouble.region % len(OPERATIONS)]
            said |= {"region": None, "set": {**settings, **({"op": operation} if operation else {})}}
        if trouble.machine % 2 and name in NOW_AND_THEN:
            said |= {"times": 1 + trouble.machine, "for": None}
        if name == "lost-create":
            said["for"] = None
        if name in HURTING:
            self.hurt |= {region} if region else set(self.regions)
        fault = self.platform.faults.add(fault_of(self.platform.kernel, said))
        if name == "unreadable":
            self._spoiling.add(fault.id)

    def _region(self, trouble: Trouble) -> str:
        return self.regions[trouble.region % len(self.regions)]

    def _meddle(self, trouble: Trouble) -> None:
        machines = [machine for machine in self.records() if machine.metadata.get("fly_platform_version") == "v2"]
        if not machines:
            return
        machine = machines[trouble.machine % len(machines)]
        try:
            self._act_by_hand(trouble, machine)
        except Refused as refusal:
            if not refusal.perhaps:
                return
            # Only the answer got lost.
            (self.dozed if trouble.kind == "doze" else self.meddled).add(machine.id)
        self.hurt.add(machine.region)

    def _act_by_hand(self, trouble: Trouble, machine: model.Machine) -> None:
        path = f"/v1/apps/{APP}/machines/{machine.id}"
        if trouble.kind == "edit":
            config = {**machine.config, "env": {**machine.config.get("env", {}), "EDITED": str(self.requests)}}
            self.call("POST", path, {"config": config})
            self.meddled.add(machine.id)
        elif trouble.kind == "destroy":
            self.call("DELETE", f"{path}?force=true")
            self.meddled.add(machine.id)
        elif trouble.kind == "doze":
            self.call("POST", f"{path}/{'suspend' if trouble.everywhere else 'stop'}", {})
            self.dozed.add(machine.id)
        else:
            self._clone(machine, of_lock=trouble.kind == "clone-lock")

    def _clone(self, machine: model.Machine, *, of_lock: bool) -> None:
        """As `flyctl scale count` and `flyctl machine clone` do: metadata and all."""
        there = {each.id for each in self.records()}
        locks = [each for each in self.records() if MARK in each.metadata]
        for each in locks[:1] if of_lock else [machine]:
            config = json.loads(json.dumps(render.machine(each)["config"]))
            try:
                self.call("POST", f"/v1/apps/{APP}/machines", {"config": config, "region": each.region})
            finally:
                self.meddled |= {each.id for each in self.records()} - there

    # --- the platform without what lies between

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A request of somebody other than flyo, which no rate limit counts."""
        limits, self.settings.rate_limits = self.settings.rate_limits, False
        try:
            status, headers, raw = self.simulation.send(method, path, None, body)
        except ConnectionResetError as cut:
            raise Refused("connection reset", perhaps=True) from cut
        finally:
            self.settings.rate_limits = limits
        if headers.get(FAULT_HEADER) in self._spoiling:
            raise Refused("unreadable", perhaps=True)
        if status >= 300:
            raise Refused(f"{status} {raw.decode()[:200]}")
        return json.loads(raw) if raw else None

    def records(self) -> list[model.Machine]:
        """The platform's own records of all machines that are not gone."""
        return [machine for machine in self.platform.kernel.machines_of(APP) if machine.alive]

    def record_of(self, machine_id: str) -> model.Machine | None:
        """The platform's own record of one machine."""
        machine = self.platform.kernel.machines.get(machine_id)
        return machine if machine is not None and machine.alive else None

    def out_of_reach(self, machine: model.Machine) -> bool:
        """Whether a fault hides the machine."""
        return self.platform.faults.out_of_reach(machine) is not None

    def bodies(self) -> list[dict[str, Any]]:
        """Every machine as the API would show it if nothing were wrong."""
        found: list[dict[str, Any]] = json.loads(json.dumps([render.machine(machine) for machine in self.records()]))
        return found

    def machine(self, machine_id: str) -> dict[str, Any] | None:
        """One machine, None when it is gone."""
        machine = self.record_of(machine_id)
        return None if machine is None else render.machine(machine)

    def context(self, probe: Probe, timeout: float) -> RolloutContext:
        """What the core acts with; every other rollout insists on the newest secrets."""
        context = super().context(probe, timeout)
        return replace(context, secrets_version=1) if self.asks_for_secrets else context

    # --- the fleet that is found

    def build(self, shape: FleetShape) -> None:
        """Make the machines of a fleet, as flyctl or an earlier rollout left them."""
        self.regions, self.groups, self.primary = shape.regions, shape.groups, shape.regions[0]
        images = {False: self.push("old"), True: self.push("older")}
        self.release = 1
        made = []
        for box in shape.boxes:
            machine_id = self.flyctl_create(box.group, images[box.older].ref or "", shape.regions[box.region])
            made.append((machine_id, box))
        if shape.stray:
            config = {"image": images[False].ref, "env": {"STRAY": "yes"}}
            self.call("POST", f"/v1/apps/{APP}/machines", {"config": config, "region": shape.regions[-1]})
        self.pass_time(10.0)
        if shape.marked:
            self._mark([machine_id for machine_id, _ in made])
        for machine_id, box in made:
            path = f"/v1/apps/{APP}/machines/{machine_id}"
            if box.edited:
                now = next(body["config"] for body in self.bodies() if body["id"] == machine_id)
                self.call("POST", path, {"config": {**now, "env": {**now["env"], "BY_HAND": "yes"}}})
                self.pass_time(5.0)
            if box.cordoned:
                self.call("POST", f"{path}/cordon")
            if box.sleep:
                self.call("POST", f"{path}/{box.sleep}", {})
        self.pass_time(15.0)

    def _mark(self, machines: list[str]) -> None:
        secrets = observe(self.api, APP).secrets
        for machine_id in machines:
            machine = Machine.of_api(APP, self.machine(machine_id) or {})
            value = str(verification_for(machine, self.definition, secrets))
            self.call("POST", f"/v1/apps/{APP}/machines/{machine_id}/metadata/{VERIFIED}", {"value": value})

    def looks_for(self, image: PlannedImage, looks: Looks) -> None:
        """Say how machines of an image answer."""
        self.looks[image.ref or ""] = looks
