"""A deployed app to scale, on the simulated platform, and short names for what tests of scaling do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from flyctl_orchestrator.fleet.http import HttpAnswer
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.local.daemon.simulation import TOKEN
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.plan.plan import Plan
from flyctl_orchestrator.rollout.plan.scale import ends_service, plan_scale
from tests.unit.rollout.rollout_world import World


class Wire:
    """An HTTP that is one function of the test's own."""

    def __init__(self, send: Callable[..., HttpAnswer]) -> None:
        self._send = send

    def send(self, method: str, url: str, *, headers: Any, json: Any = None, timeout: float) -> HttpAnswer:
        return self._send(method, url, headers=headers, json=json, timeout=timeout)


class ScaleBench:
    """A deployed app, and short names to scale it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sick: set[str] = set()
        behaviour = Behaviour(healthy=lambda machine, region: region not in self.sick)
        self.image = world.push("one", behaviour)
        assert world.deploy(world.desired(self.image, {"iad": 1, "fra": 1})).kind == "done"
        world.calls.clear()
        world.probes.clear()
        world.events.clear()

    def plan(self, counts: Mapping[str, int], **options: Any) -> Plan:
        places = {(region, "app"): count for region, count in counts.items()}
        return plan_scale(self.world.observe(), places, **options)

    def ends_service(self, counts: Mapping[str, int]) -> bool:
        return ends_service(self.world.observe(), self.plan(counts))

    def run(self, plan: Plan, **policy: Any) -> Outcome:
        return self.world.run(plan, RolloutPolicy(**({"timeout": 60.0} | policy)))

    def scale(self, timeout: float = 60.0, **counts: int) -> Outcome:
        return self.run(self.plan(counts), timeout=timeout)

    def break_wire(self, send: Callable[..., HttpAnswer]) -> None:
        """Let `send` stand between the client and the platform."""
        world = self.world
        world.api = MachinesApi("http://fly.test", TOKEN, Wire(send), world.clock, world.random, patience=5.0)

    def counts(self) -> dict[str, int]:
        return dict(Counter(machine.region for machine in self.world.machines()))


def fates(outcome: Outcome) -> dict[str, int]:
    return dict(Counter(row.fate for row in outcome.rows))


def press_at(bench: ScaleBench, event: str, **fields: Any) -> None:
    """Ctrl-C the first time an event with these fields is told."""

    def press(told: Any) -> None:
        if told.name == event and all(told.fields.get(key) == value for key, value in fields.items()):
            bench.world.on_event = None
            bench.world.stop.press()

    bench.world.on_event = press
