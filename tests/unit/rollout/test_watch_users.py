"""The requests of users while a wave is watched: counted, judged, and left out where they cannot be had."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.project.model import RolloutPolicy
from tests.unit.rollout.rollout_world import APP, World

MACHINES = f"/v1/apps/{APP}/machines"
WATCHED = RolloutPolicy(timeout=60.0)
OTHERS = {"iad": 1, "fra": 2, "nrt": 2}


def busy(world: World, errors_of: str, share: int) -> None:
    """Users ask every machine while it is watched; machines of this image answer some of them with 500."""

    def hear(event: Any) -> None:
        if event.name == "probe.answered":
            machine = event.fields["machine"]
            record = world.simulation.platform.kernel.machines[machine]
            world.users_get(machine, 500 if record.config["image"].startswith(errors_of) else 200, share)
            world.users_get(machine, 200, 5 - share)

    world.on_event = hear


def test_errors_that_users_get_fail_a_wave_though_every_page_we_ask_for_is_fine(world: World) -> None:
    world.counted = True
    world.deploy(world.desired(world.push("one")))
    bad = world.push("bad")
    busy(world, bad.ref or "", 2)
    world.events.clear()
    outcome = world.deploy(world.desired(bad, policy=WATCHED))
    assert (outcome.kind, outcome.code) == ("rolled_back", "traffic"), outcome.what
    assert "requests of users were answered with 5xx" in outcome.what
    told = [event.fields for event in world.events if event.name == "traffic.counted"]
    assert told and told[-1]["errors"] > 10


def test_users_who_are_well_served_are_counted_and_change_nothing(world: World) -> None:
    world.counted = True
    world.deploy(world.desired(world.push("one")))
    busy(world, "nothing", 0)
    world.events.clear()
    outcome = world.deploy(world.desired(world.push("two"), policy=WATCHED))
    assert outcome.kind == "done", outcome.what
    told = [event.fields for event in world.events if event.name == "traffic.counted"]
    # What we ask ourselves is not counted as a user's.
    assert 0 < told[-1]["asked"] <= 2 * 5 * 55 and told[-1]["asked"] % 5 == 0 and told[-1]["errors"] == 0


@pytest.mark.parametrize("status", [401, 404, 501, 503])
def test_metrics_that_cannot_be_had_are_said_once_and_are_no_failure(world: World, status: int) -> None:
    world.counted = True
    world.deploy(world.desired(world.push("one")))
    send = world.http.send

    def refuse(method: str, url: str, **more: Any) -> Any:
        from flyctl_orchestrator.fleet.http import HttpAnswer

        return HttpAnswer(status, {}, b"no") if "prometheus" in url else send(method, url, **more)

    world.http.send = refuse  # type: ignore[method-assign]
    world.events.clear()
    policy = RolloutPolicy(timeout=60.0, bake=20.0)
    assert world.deploy(world.desired(world.push("two"), policy=policy)).kind == "done"
    warnings = [event.fields["what"] for event in world.events if event.name == "warning"]
    assert warnings == [f"users' requests are not counted: the metrics API answered {status} (no)"]


def test_figures_that_come_too_late_for_a_watch_are_not_asked_for(world: World) -> None:
    from flyctl_orchestrator.rollout.context.context import EDGES

    world.counted, world.edge = True, EDGES["fly"]
    world.deploy(world.desired(world.push("one")))
    asked: list[str] = []
    world.on_call = lambda method, url, body: asked.append(url) if "prometheus" in url else None
    assert world.deploy(world.desired(world.push("two"), policy=WATCHED)).kind == "done"
    assert asked == []
    policy = RolloutPolicy(timeout=60.0, bake=40.0)
    assert world.deploy(world.desired(world.push("three"), policy=policy)).kind == "done"
    assert asked
