"""The rollout's world where things go wrong on order, at a request chosen beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flyctl_orchestrator.fleet.flyctl.flyctl import DeployOptions
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.local.api import render
from flyctl_orchestrator.local.base.machine_config import CheckSpec
from flyctl_orchestrator.local.core import model
from flyctl_orchestrator.local.core.seams import CheckAnswer
from flyctl_orchestrator.local.faults.request import fault_of
from flyctl_orchestrator.project.model import Probe
from flyctl_orchestrator.rollout.context.concurrency import Stop
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.state.metadata import VERIFIED, verification_for
from flyctl_orchestrator.rollout.state.observe import observe
from tests.unit.rollout.nothing_lost.fleets import AT_THE_PLATFORM, FleetShape, Trouble
from tests.unit.rollout.rollout_world import APP, Looks, World
from tests.unit.rollout.world_flyctl import WorldDeploy, WorldFlyctl

#: Requests after which a rollout is taken for one that never ends.
ENDLESS = 30_000
LOOK = CheckSpec("outside", "http", 8080, 1.0, 1.0, 0.0, of_service=True)
#: Faults that take machines down, or keep their state from being what somebody asked for.
HURTING = ("crash-loop", "host-down", "region-down", "stuck-suspending", "slow-boot", "image-pull-fails")
ELSEWHERE_REGION = "ams"


class Endless(AssertionError):
    """The rollout does not come to an end."""


class Refused(Exception):
    """The platform did not do what somebody other than flyo asked for."""


class TroubledHttp:
    """What lies between the rollout and the platform, and between the rollout and the machines."""

    def __init__(self, world: TroubledWorld) -> None:
        self._world = world

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], json: Any = None, timeout: float
    ) -> HttpAnswer:
        """One request of the rollout's."""
        world = self._world
        if "/v1/" not in url:
            world.count_request(of_platform=False)
            return self._probe(headers.get("fly-force-instance-id", ""), urlsplit(url).path, timeout)
        world.count_request()
        if world.during("blackout"):
            world.pass_time(0.5)
            raise HttpError("refused" if world.requests % 2 else "timeout")
        try:
            status, answered, body = world.simulation.send(method, url, headers, json)
        except ConnectionResetError as cut:
            raise HttpError("reset") from cut
        if status == 429 and "fly-local-fault" not in answered:
            world.refused_for_pace.append(f"{method} {url}")
        world.overheard += [method, url]
        return HttpAnswer(status, answered, body)

    def _probe(self, machine_id: str, path: str, timeout: float) -> HttpAnswer:
        world = self._world
        world.pass_time(0.01)
        if world.during("probe-blackout"):
            world.pass_time(min(timeout, 1.0))
            raise HttpError("timeout")
        machine = world.record_of(machine_id)
        if machine is None or machine.state != "started" or world.out_of_reach(machine):
            return HttpAnswer(503)
        if machine.cordoned and not world.edge.reaches_cordoned:
            return HttpAnswer(503)
        seen: list[CheckAnswer] = []
        world.simulation.runtime.probe(machine_id, LOOK, 8080, seen.append)
        if not seen[0].passed:
            return HttpAnswer(500 if "500" in seen[0].output else 502)
        status, region, machine_said, seconds = world.answer_of(render.machine(machine))
        status = world.page_status(machine.config["image"], path) or status
        if world.during("wrong-region"):
            region = ELSEWHERE_REGION
        said = json.dumps({"region": region, "machine": machine_said}).encode()
        return HttpAnswer(status, {"content-type": "application/json"}, said, seconds)


class TroubledDeploy(WorldDeploy):
    """A flyctl whose clean-up may be refused."""

    def end(self, grace: float = 3.0) -> Any:
        """Interrupt it."""
        try:
            return super().end(grace)
        except Refused:
            self.interrupted = True
            return super(TroubledDeploy, replace(self, machines=[])).end(grace)


class TroubledFlyctl(WorldFlyctl):
    """A flyctl that meets the same platform, and ends where it is refused."""

    def __init__(self, world: TroubledWorld) -> None:
        super().__init__(world)
        self._troubled = world

    def start_deploy(
        self,
        app: str,
        *,
        config: Path,
        image: str,
        options: DeployOptions,
        on_line: Callable[[str], None] | None = None,
    ) -> WorldDeploy:
        """Change the machines one after the other."""
        world = self._troubled
        deploy = TroubledDeploy(world, [], world.clock.now() + 2 * options.wait_timeout)
        if world.during("flyctl-gives-up") or world.during("blackout"):
            deploy.broken = "could not reach the platform"
            return deploy
        world.release += 1
        chosen = [body for body in world.bodies() if _chosen(body, options)]
        have = {body["config"]["metadata"]["fly_process_group"] for body in chosen}
        missing = [] if options.update_only else [g for g in options.process_groups or world.groups if g not in have]
        try:
            for number, body in enumerate(chosen):
                if number and world.during("flyctl-stops-midway"):
                    raise Refused("killed")
                deploy.machines.append(world.flyctl_update(body, image))
            for group in missing:
                deploy.machines.append(world.flyctl_create(group, image))
        except Refused as refusal:
            deploy.broken = str(refusal)
        return deploy


def _chosen(body: Mapping[str, Any], options: DeployOptions) -> bool:
    group = (body["config"].get("metadata") or {}).get("fly_process_group")
    return (
        group is not None
        and (not options.regions or body["region"] in options.regions)
        and (not options.only_machines or body["id"] in options.only_machines)
        and (not options.process_groups or group in options.process_groups)
    )


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
        half_broken: digests of images that answer every other request with an error, but for the health page.
        gaps: regions that were seen without a machine that takes requests, of those named in `begin`.
    """

    def __init__(self, tmp_path: Path, *, seed: int = 0) -> None:
        super().__init__(tmp_path, seed=seed, rate_limits=True)
        self.http = TroubledHttp(self)
        self.api._caller._http = self.http
        self.flyctl = TroubledFlyctl(self)
        self.platform = self.simulation.platform
        self.regions: tuple[str, ...] = ()
        self.overheard: list[str] = []
        self.asks_for_secrets = False
        self.treacherous: set[str] = set()
        self.half_broken: set[str] = set()
        self.begin(())

    # --- one rollout after the other

    def begin(self, troubles: tuple[Trouble, ...], *, watching: bool = False) -> None:
        """Get ready for the next rollout; `watching`: look for gaps before each of its requests."""
        self._watched = self._open_regions() if watching else set()
        self.gaps: set[str] = set()
        self._pending = sorted(troubles, key=lambda each: each.at)
        self._lasting: list[tuple[str, float]] = []
        self.requests = self.calls_of_platform = 0
        self.refused_for_pace: list[str] = []
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

    def _open_regions(self) -> set[str]:
        """Where a machine takes requests, or would be woken by one."""
        ready = ("started", "stopped", "suspended")
        serving = [machine for machine in self.records() if machine.config.get("services") and not machine.cordoned]
        return {machine.region for machine in serving if machine.state in ready}

    def during(self, kind: str) -> bool:
        """Whether something of this kind goes on."""
        return any(name == kind and until > self.clock.now() for name, until in self._lasting)

    # --- what goes wrong

    def _strike(self, trouble: Trouble) -> None:
        self.struck.add(trouble.kind)
        if trouble.kind in AT_THE_PLATFORM:
            self._set_fault(trouble)
        elif trouble.kind == "press":
            self.stop.press()
        elif trouble.kind in ("edit", "destroy", "doze"):
            self._meddle(trouble)
        else:
            self._lasting.append((trouble.kind, self.clock.now() + (trouble.seconds or 1e6)))

    def _set_fault(self, trouble: Trouble) -> None:
        name = {"reset-before": "connection-reset", "reset-after": "connection-reset"}.get(trouble.kind, trouble.kind)
        name = "rate-limited" if trouble.kind == "rate-limited-long" else name
        region = None if trouble.everywhere and name not in ("host-down", "region-down") else self._region(trouble)
        said: dict[str, object] = {"name": name, "app": APP, "region": region, "for": trouble.seconds}
        said["set"] = AT_THE_PLATFORM[trouble.kind]
        if trouble.machine % 2 and name in ("rate-limited", "server-error", "connection-reset", "image-pull-fails"):
            said |= {"times": 1 + trouble.machine, "for": None}
        if name == "lost-create":
            said["for"] = None
        if name in HURTING:
            self.hurt |= {region} if region else set(self.regions)
        self.platform.faults.add(fault_of(self.platform.kernel, said))

    def _region(self, trouble: Trouble) -> str:
        return self.regions[trouble.region % len(self.regions)]

    def _meddle(self, trouble: Trouble) -> None:
        machines = [machine for machine in self.records() if machine.metadata.get("fly_platform_version") == "v2"]
        if not machines:
            return
        machine = machines[trouble.machine % len(machines)]
        path = f"/v1/apps/{APP}/machines/{machine.id}"
        try:
            if trouble.kind == "edit":
                config = {**machine.config, "env": {**machine.config.get("env", {}), "EDITED": str(self.requests)}}
                self.call("POST", path, {"config": config})
                self.meddled.add(machine.id)
            elif trouble.kind == "destroy":
                self.call("DELETE", f"{path}?force=true")
                self.meddled.add(machine.id)
            else:
                self.call("POST", f"{path}/{'suspend' if trouble.everywhere else 'stop'}", {})
                self.dozed.add(machine.id)
        except Refused as refusal:
            if "reset" not in str(refusal):
                return
            # Only the answer got lost.
            (self.dozed if trouble.kind == "doze" else self.meddled).add(machine.id)
        self.hurt.add(machine.region)

    # --- the platform without what lies between

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A request of somebody other than flyo, which no rate limit counts."""
        limits, self.settings.rate_limits = self.settings.rate_limits, False
        try:
            status, _, raw = self.simulation.send(method, path, None, body)
        except ConnectionResetError as cut:
            raise Refused("connection reset") from cut
        finally:
            self.settings.rate_limits = limits
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
