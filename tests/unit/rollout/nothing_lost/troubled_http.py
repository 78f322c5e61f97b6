"""What lies between a rollout and the platform, and between a rollout and its machines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.local.api import render
from flyctl_orchestrator.local.base.machine_config import CheckSpec
from flyctl_orchestrator.local.core import model
from flyctl_orchestrator.local.core.seams import CheckAnswer
from tests.unit.rollout.nothing_lost.troubled_lock import Wire
from tests.unit.rollout.rollout_world import APP

if TYPE_CHECKING:
    from tests.unit.rollout.nothing_lost.troubled_world import TroubledWorld

LOOK = CheckSpec("outside", "http", 8080, 1.0, 1.0, 0.0, of_service=True)
ELSEWHERE_REGION = "ams"


class TroubledHttp:
    """What lies between the rollout and the platform, and between the rollout and the machines."""

    def __init__(self, world: TroubledWorld) -> None:
        self._world = world
        self._wire = Wire(world.simulation)

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
        if method == "DELETE" and "rollback.started" in world.names():
            world.destroyed_going_back.append(urlsplit(url).path.rsplit("/", 1)[-1])
        answer = self._wire.send(method, url, headers=headers, json=json, timeout=timeout)
        if answer.status == 429 and "fly-local-fault" not in answer.headers:
            world.refused_for_pace.append(f"{method} {url}")
        world.overheard += [method, url]
        return answer

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
        status, seconds = self._disturbed(machine, path, status, seconds)
        if world.during("wrong-region"):
            region = ELSEWHERE_REGION
        said = json.dumps({"region": region, "machine": machine_said}).encode()
        return HttpAnswer(status, {"content-type": "application/json"}, said, seconds)

    def _disturbed(self, machine: model.Machine, path: str, status: int, seconds: float) -> tuple[int, float]:
        """What faults of the proxy make of an answer."""
        view = self._world.simulation.proxy_view
        target = next((each for each in view.targets(APP) if each.machine_id == machine.id), None)
        if target is None or not self._world.platform.faults:
            return status, seconds
        between = view.interference(APP, target, path)
        return between.status or status, seconds + between.seconds
