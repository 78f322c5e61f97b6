"""A reading of the fleet that leaves machines out: no way back destroys what was there before."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.fleet.http import HttpAnswer
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.local.daemon.simulation import TOKEN
from flyctl_orchestrator.rollout.state.metadata import VERIFIED
from tests.unit.rollout.rollout_world import APP, World, snapshot


class Forgetful:
    """Says that there are no machines until a rollout has begun."""

    def __init__(self, world: World) -> None:
        self._world = world

    def send(self, method: str, url: str, *, headers: Any, json: Any = None, timeout: float) -> HttpAnswer:
        if url.endswith("/machines") and method == "GET" and "wave.started" not in self._world.names():
            return HttpAnswer(200, {}, b"[]")
        return self._world.http.send(method, url, headers=headers, json=json, timeout=timeout)


@pytest.mark.parametrize("marked", [True, False], ids=["deployed by flyo", "never seen by flyo"])
def test_a_fleet_that_was_overlooked_is_still_there_when_the_rollout_has_failed(world: World, marked: bool) -> None:
    world.deploy(world.desired(world.push("one")))
    if not marked:
        for machine in world.machines():
            for key in machine.metadata:
                if key.startswith("flyo_"):
                    world.call("DELETE", f"/v1/apps/{APP}/machines/{machine.id}/metadata/{key}")
    world.pass_time(600)
    before = snapshot(world)
    world.events.clear()
    world.api = MachinesApi("http://fly.test", TOKEN, Forgetful(world), world.clock, world.random, patience=5.0)
    world.flyctl.broken = "release command failed"
    world.deploy(world.desired(world.push("two")))
    assert snapshot(world).keys() == before.keys()
    assert not marked or all(VERIFIED in machine.metadata for machine in world.machines())
