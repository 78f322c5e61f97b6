"""A rollout's whole world on one virtual clock: the simulated platform, a proxy, a flyctl, and the core on top.

The orchestrator's own Machines API client talks to the platform's own handlers; only the socket between them is left
out. The flyctl here does what flyctl's deploy does to machines, with a configuration the test hands it.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.http import Http, HttpAnswer, HttpError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.fleet.metrics import Metrics
from flyctl_orchestrator.fleet.probe import Prober
from flyctl_orchestrator.local.base.settings import Settings
from flyctl_orchestrator.local.daemon.simulation import TOKEN, Simulation
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.project.model import Probe, RolloutPolicy
from flyctl_orchestrator.rollout.context.concurrency import Concurrency, InTurn, Stop
from flyctl_orchestrator.rollout.context.context import Edge, RolloutContext
from flyctl_orchestrator.rollout.context.events import Emitter, Event
from flyctl_orchestrator.rollout.context.hooks import HookRunner
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.executor import Executor
from flyctl_orchestrator.rollout.journal.journal import Journal
from flyctl_orchestrator.rollout.lock.guard import Guard, Unguarded
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.plan import Plan, PlannedImage
from flyctl_orchestrator.rollout.plan.planner import plan_rollout
from flyctl_orchestrator.rollout.run.record import Record
from flyctl_orchestrator.rollout.state.machine_file import machine_as_dict
from flyctl_orchestrator.rollout.state.observe import Fleet, observe
from flyctl_orchestrator.rollout.state.rollout_ids import new_rollout_id
from tests import planted
from tests.unit.rollout.world_flyctl import WorldFlyctl

APP = "shop"
HEALTH = "/up"
HTTP_CHECK = {"type": "http", "path": "/up", "interval": "2s", "timeout": "1s", "grace_period": "1s"}
WEB: dict[str, Any] = {
    "protocol": "tcp",
    "internal_port": 8080,
    "ports": [{"port": 80, "handlers": ["http"]}],
    "checks": [HTTP_CHECK],
}


class WorldClock:
    """The platform's clock, as the orchestrator sees time; sleeping moves it."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def now(self) -> float:
        return self._simulation.clock.now()

    def monotonic(self) -> float:
        return self._simulation.clock.now()

    def sleep(self, seconds: float) -> None:
        self._simulation.pass_time(seconds)


class WorldHttp:
    """Machines API calls go to the platform's handlers, everything else to a proxy that forces an instance."""

    def __init__(self, world: World) -> None:
        self._world = world

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], json: Any = None, timeout: float
    ) -> HttpAnswer:
        world = self._world
        if world.on_call is not None:
            world.on_call(method, url, json)
        if "/v1/" in url:
            world.calls.append((method, url.split("/v1", 1)[1].split("?")[0]))
            return HttpAnswer(*_answer(world.simulation.send(method, url, headers, json)))
        return self._probe(headers.get("fly-force-instance-id", ""), urlsplit(url).path)

    def _probe(self, machine_id: str, path: str) -> HttpAnswer:
        world = self._world
        world.simulation.pass_time(world.latency)
        if world.network_down:
            raise HttpError("timeout", "no answer")
        record = world.simulation.platform.kernel.machines.get(machine_id)
        if record is None or record.state != "started":
            return HttpAnswer(503, {}, b"")
        if record.cordoned and not world.edge.reaches_cordoned:
            return HttpAnswer(503, {}, b"")
        status, region, machine, seconds = world.answer_of(
            {"id": record.id, "region": record.region, "config": record.config}
        )
        world.probes.append(machine_id)
        status = world.page_status(record.config["image"], path) or status
        world.simulation.platform.traffic.count(record, status)
        said = json.dumps({"region": region, "machine": machine}).encode()
        return HttpAnswer(status, {"content-type": "application/json"}, said, seconds)


def _answer(raw: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, str], bytes]:
    return raw


@dataclass
class Looks:
    """What a machine answers to a probe; None keeps the truth.

    Attributes:
        status: of its health page.
        slow: the share of requests that take two seconds.
        errors: the share of requests for other pages that are answered with 500.
        pages: path -> status of another page.
    """

    status: int = 200
    region: str | None = None
    machine: str | None = None
    seconds: float = 0.02
    errors: float = 0.0
    slow: float = 0.0
    pages: Mapping[str, int] = field(default_factory=dict)


class World:
    """Everything a rollout meets, and short names for what tests do all the time."""

    def __init__(self, tmp_path: Path, *, seed: int = 0, rate_limits: bool = False) -> None:
        self.app = APP
        self.settings = Settings(rate_limits=rate_limits)
        self.simulation = Simulation(seed=seed, settings=self.settings)
        self.clock: Clock = WorldClock(self.simulation)
        self.http: Http = WorldHttp(self)
        self.flyctl = WorldFlyctl(self)
        self.random = random.Random(seed)
        self.luck = random.Random(seed)
        self.api = MachinesApi("http://fly.test", TOKEN, self.http, self.clock, self.random, patience=10.0)
        self.events: list[Event] = []
        self.calls: list[tuple[str, str]] = []
        self.probes: list[str] = []
        self.on_call: Callable[[str, str, Any], None] | None = None
        self.on_event: Callable[[Event], None] | None = None
        self.network_down = False
        self.edge = Edge()
        self.concurrency: Concurrency = InTurn()
        self.latency = 0.01
        self.watch_back = self.timeout_back = 0.0
        self.counted = False
        self.looks: dict[str, Looks] = {}
        self.groups: tuple[str, ...] = ("app",)
        self.mounts: dict[str, str] = {}
        self.primary = "iad"
        self.definition = "one"
        self.release = 0
        self.stop = Stop()
        self.guard: Guard = Unguarded()
        self.hooks = HookRunner()
        self.tmp_path = tmp_path
        self.call("POST", "/v1/apps", {"name": APP, "org_slug": "personal"})
        self.call("POST", f"/v1/apps/{APP}/secrets", {"values": {planted.NAME: planted.SECRET}})
        planted.watch(tmp_path)

    # --- the platform

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A request of the test's own, which no rate limit counts."""
        limits, self.settings.rate_limits = self.settings.rate_limits, False
        status, _, raw = self.simulation.send(method, path, None, body)
        self.settings.rate_limits = limits
        assert status < 300, (status, raw)
        return json.loads(raw) if raw else None

    def push(self, label: str, behaviour: Behaviour | None = None) -> PlannedImage:
        """An image that exists."""
        image = self.simulation.images.push(f"registry.fly.io/{APP}:{label}", behaviour)
        return PlannedImage(image.ref, image.digest)

    def bodies(self) -> list[dict[str, Any]]:
        """Every machine as the API shows it."""
        found: list[dict[str, Any]] = self.call("GET", f"/v1/apps/{APP}/machines")
        return found

    def volumes(self) -> list[dict[str, Any]]:
        """Every volume that is there to stay, as the API shows it."""
        found: list[dict[str, Any]] = self.call("GET", f"/v1/apps/{APP}/volumes")
        return [each for each in found if each["state"] == "created"]

    def machine(self, machine_id: str) -> dict[str, Any] | None:
        """One machine, None when it is gone."""
        return next((body for body in self.bodies() if body["id"] == machine_id), None)

    def machines(self) -> list[Machine]:
        """Every machine as the orchestrator sees it, by region."""
        return sorted((Machine.of_api(APP, body) for body in self.bodies()), key=lambda m: (m.region, m.id))

    def in_region(self, region: str) -> list[Machine]:
        """The machines of one region."""
        return [machine for machine in self.machines() if machine.region == region]

    def pass_time(self, seconds: float) -> None:
        """Let time go by."""
        self.simulation.pass_time(seconds)

    def answer_of(self, body: Mapping[str, Any]) -> tuple[int, str, str, float]:
        """What a started machine answers to a probe: status, region, machine, seconds."""
        looks = self.looks.get(body["config"]["image"].split("@")[0]) or Looks()
        seconds = 2.0 if self.luck.random() < looks.slow else looks.seconds
        return looks.status, looks.region or body["region"], looks.machine or body["id"], seconds

    def page_status(self, image: str, path: str) -> int | None:
        """The status that another page than the health page has, None for that of the health page."""
        looks = self.looks.get(image.split("@")[0]) or Looks()
        if path == HEALTH:
            return None
        return 500 if self.luck.random() < looks.errors else looks.pages.get(path)

    def users_get(self, machine_id: str, status: int, number: int) -> None:
        """Requests of users are answered by a machine."""
        machine = self.simulation.platform.kernel.machines[machine_id]
        for _ in range(number):
            self.simulation.platform.traffic.count(machine, status)

    # --- flyctl's part

    def config_for(
        self, group: str, image: str, own: Mapping[str, Any] | None, region: str | None = None
    ) -> dict[str, Any]:
        """What flyctl makes of fly.toml for a machine of a group; `region`: what it was told for primary_region."""
        primary = region or self.primary
        config = copy.deepcopy(dict(own or {}))
        config |= {
            "image": image,
            "env": {"DEFINITION": self.definition, "FLY_PROCESS_GROUP": group, "PRIMARY_REGION": primary},
        }
        config |= {"services": [WEB]} if group != "worker" else {}
        config.setdefault("guest", {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256})
        if group in self.mounts:
            config.setdefault("mounts", [{"path": "/data", "name": self.mounts[group]}])
        release = {"fly_release_id": f"rel{self.release}", "fly_release_version": str(self.release)}
        common = {"fly_platform_version": "v2", "fly_process_group": group, "fly_flyctl_version": "0.4.87"}
        config["metadata"] = {**config.get("metadata", {}), **common, **release}
        return config

    def flyctl_update(self, body: Mapping[str, Any], image: str) -> str:
        group = body["config"]["metadata"]["fly_process_group"]
        asleep = body["state"] in ("stopped", "suspended")
        config = self.config_for(group, image, body["config"])
        path = f"/v1/apps/{APP}/machines/{body['id']}"
        self.call("POST", path, {"config": config, "skip_launch": asleep})
        return str(body["id"])

    def flyctl_create(self, group: str, image: str, region: str | None = None) -> str:
        config = self.config_for(group, image, None, region)
        if group in self.mounts:
            place = (self.mounts[group], region or self.primary)
            free = [
                each["id"]
                for each in self.volumes()
                if (each["name"], each["region"]) == place and not each["attached_machine_id"]
            ]
            config["mounts"][0]["volume"] = free[0]
        made = self.call("POST", f"/v1/apps/{APP}/machines", {"config": config, "region": region or self.primary})
        return str(made["id"])

    # --- a rollout

    def desired(self, image: PlannedImage, counts: Mapping[str, int] | None = None, **more: Any) -> Desired:
        """The goal: `counts` machines of every group per region."""
        places = counts or {"iad": 1, "fra": 1, "nrt": 1}
        policy = more.pop("policy", RolloutPolicy(timeout=60.0, watch=0.0))
        return Desired(
            app=APP,
            image=image,
            definition=self.definition,
            groups=self.groups,
            counts={(region, group): count for region, count in places.items() for group in self.groups},
            primary_region=self.primary,
            policy=policy,
            **more,
        )

    def observe(self) -> Fleet:
        """One reading."""
        return observe(self.api, APP, volumes=bool(self.mounts))

    def plan(self, desired: Desired) -> Plan:
        """Plan from what is there now."""
        return plan_rollout(self.observe(), desired)

    def deploy(
        self, desired: Desired, probe: Probe | None = None, before: Callable[[Record], None] | None = None
    ) -> Outcome:
        """Plan and run."""
        fleet = self.observe()
        return self.run(plan_rollout(fleet, desired), desired.policy, probe, before, fleet)

    def run(
        self,
        plan: Plan,
        policy: RolloutPolicy,
        probe: Probe | None = None,
        before: Callable[[Record], None] | None = None,
        fleet: Fleet | None = None,
    ) -> Outcome:
        """Run a plan on the fleet it was made for."""
        fleet = fleet or self.observe()
        rollout = new_rollout_id(self.clock, self.random, [path.stem for path in self.tmp_path.glob("*.jsonl")])
        journal = Journal(self.tmp_path / f"{rollout}.jsonl", self.clock, sync=lambda _: None)
        record = Record(
            rollout,
            plan,
            journal,
            {m.id: m for m in fleet.machines},
            plan.image.ref or "",
            plan.image.digest,
            began=self.api.platform_time(),
        )
        record.learn_firsts(fleet.managed)
        journal.write("begin", before=[machine_as_dict(machine) for machine in fleet.managed])
        context = self.context(probe or Probe(path="/up"), policy.timeout)
        if before is not None:
            before(record)
        try:
            outcome = Executor(context, record, policy).run()
        except FlyoError as error:
            planted.hear(error)
            raise
        finally:
            journal.close()
        planted.hear(outcome)
        return outcome

    def hear(self, event: Event) -> None:
        """Whatever a rollout tells."""
        planted.hear(event)
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event)

    def context(self, probe: Probe, timeout: float) -> RolloutContext:
        """What the core acts with."""
        return RolloutContext(
            app=APP,
            api=self.api,
            flyctl=self.flyctl,
            prober=Prober(self.http),
            clock=self.clock,
            concurrency=self.concurrency,
            emit=Emitter(APP, self.clock, self.hear),
            stop=self.stop,
            config=self.tmp_path / "fly.toml",
            app_url="http://{app}.test",
            probe=probe,
            timeout=timeout,
            watch_back=self.watch_back,
            timeout_back=self.timeout_back,
            metrics=Metrics("http://fly.test", TOKEN, self.http, lambda app: "personal") if self.counted else None,
            guard=self.guard,
            hooks=self.hooks,
            edge=self.edge,
        )

    def names(self) -> list[str]:
        """Names of the events so far."""
        return [event.name for event in self.events]


@dataclass
class Snapshot:
    """A machine, reduced to what a rollback has to bring back."""

    image: str
    digest: str | None
    state: str
    cordoned: bool
    config: dict[str, Any] = field(default_factory=dict)


def snapshot(world: World) -> dict[str, Snapshot]:
    """The fleet, to be compared with what is left after a rollback."""
    return {
        machine.id: Snapshot(
            machine.image.split("@")[0],
            machine.digest,
            machine.state,
            machine.cordoned,
            {key: value for key, value in machine.config.items() if key != "image"},
        )
        for machine in world.machines()
    }
