"""How a rollout ends that flyctl begins, and what it warns of: whole lines, from the simulated platform."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.fleet.http import HttpAnswer
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.report.outcome_text import ended_line
from flyctl_orchestrator.report.words import sentence
from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.context.outcome import Outcome
from tests.functional.printed.simulated import plain
from tests.unit.rollout.rollout_world import APP, Looks, World
from tests.unit.rollout.test_watch_users import busy

WATCHED = RolloutPolicy(timeout=60.0)
SURGE = RolloutPolicy(strategy="surge", timeout=60.0)
BACK = "every touched machine is back as it was, verified. See what it wrote: flyctl logs --app shop --machine ID"


def ended(outcome: Outcome) -> tuple[int, str]:
    """The exit status, and the last line."""
    return int(outcome.exit), plain(ended_line(APP, outcome, str))


def warned(world: World) -> list[str]:
    """What a person is warned of."""
    told = [said.text for event in world.events if event.name == "warning" and (said := sentence(event))]
    return list(dict.fromkeys(map(plain, told)))


def once(world: World, name: str, do: Callable[[Event], object], **fields: Any) -> None:
    """Do something the first time an event comes."""

    def hear(event: Event) -> None:
        if event.name == name and fields.items() <= event.fields.items():
            world.on_event = None
            do(event)

    world.on_event = hear


@pytest.fixture
def deployed(tmp_path: Path) -> World:
    """A machine in each of three regions."""
    world = World(tmp_path)
    world.counted = True
    assert world.deploy(world.desired(world.push("one"))).kind == "done"
    world.events.clear()
    return world


@pytest.mark.parametrize(
    ("looks", "line"),
    [
        (
            Looks(pages={"/": 500}),
            "flyo: app shop: iad ID: 16 of 20 answers were errors (/: 16 x 500), before the change 0 of 60: error rate "
            f"above 59 % (95 %); {BACK} [errors]",
        ),
        (
            Looks(seconds=0.3),
            "flyo: app shop: iad ID: / took 300 ms in iad, 20 ms before the change (medians of 23 and 16 answers); "
            f"{BACK} [latency]",
        ),
    ],
)
def test_a_release_that_is_worse_than_the_one_before(deployed: World, looks: Looks, line: str) -> None:
    image = deployed.push("two")
    deployed.looks[image.ref or ""] = looks
    assert ended(deployed.deploy(deployed.desired(image, policy=WATCHED))) == (3, line)


def test_a_release_whose_users_get_errors(deployed: World) -> None:
    image = deployed.push("two")
    busy(deployed, image.ref or "", 2)
    assert ended(deployed.deploy(deployed.desired(image, policy=WATCHED))) == (
        3,
        "flyo: app shop: iad ID: 60 of 150 requests of users were answered with 5xx, before the change 4 of 175: error "
        f"rate above 33 % (95 %); {BACK} [traffic]",
    )


def test_too_few_answers_to_judge_by(deployed: World) -> None:
    image = deployed.push("limited")
    deployed.looks[image.ref or ""] = Looks(pages={"/": 429})
    outcome = deployed.deploy(deployed.desired(image, policy=RolloutPolicy(timeout=20.0)))
    assert ended(outcome) == (
        5,
        "flyo: app shop: no verdict: iad ID: too few answers to judge by, and the time is over; left as it is (changed "
        "and not proved: iad ID; unchanged: 2). 'flyo status' shows how it is then; 'flyo deploy' goes on from there, "
        "'flyo rollback' goes back [evidence]",
    )


def test_flyctl_that_gives_up(deployed: World) -> None:
    deployed.flyctl.broken = "no such builder"
    outcome = deployed.deploy(deployed.desired(deployed.push("two")))
    assert ended(outcome) == (
        1,
        "flyo: app shop: iad ID: flyctl gave up: no such builder; nothing was changed on the fleet. Put that right, "
        "then 'flyo deploy' again [flyctl]",
    )


def test_replaced_machines_that_cannot_be_removed(deployed: World) -> None:
    deployed.call("POST", "/_local/faults", {"name": "server-error", "set": {"op": "machines.delete"}})
    outcome = deployed.deploy(deployed.desired(deployed.push("two"), policy=SURGE))
    assert ended(outcome) == (
        4,
        "flyo: app shop: every machine is new and verified, but what was replaced could not be removed: iad ID, fra "
        "ID, nrt ID. 'flyo deploy' removes it [surge.left_over]",
    )


def test_a_machine_that_stays_awake(deployed: World) -> None:
    (asleep,) = deployed.in_region("fra")
    deployed.call("POST", f"/v1/apps/{APP}/machines/{asleep.id}/suspend")
    deployed.pass_time(5.0)
    deployed.call("POST", "/_local/faults", {"name": "stuck-suspending", "set": {"seconds": 600}})
    assert deployed.deploy(deployed.desired(deployed.push("two"))).kind == "done"
    assert warned(deployed) == ["ID: it passed the gate, but is still not suspended after 60 s [awake]"]


def test_metrics_that_cannot_be_had(deployed: World) -> None:
    send = deployed.http.send

    def refuse(method: str, url: str, **more: Any) -> HttpAnswer:
        return HttpAnswer(503, {}, b"no") if "prometheus" in url else send(method, url, **more)

    deployed.http.send = refuse  # type: ignore[method-assign]
    policy = RolloutPolicy(timeout=60.0, bake=20.0)
    assert deployed.deploy(deployed.desired(deployed.push("two"), policy=policy)).kind == "done"
    assert warned(deployed) == ["users' requests are not counted: the metrics API answered 503 (no) [metrics]"]


def test_a_machine_that_was_destroyed_before_a_surge_went_back(deployed: World) -> None:
    once(deployed, "step.started", lambda event: deployed.stop.press(), step="destroy_machine")
    outcome = deployed.deploy(deployed.desired(deployed.push("two"), policy=SURGE))
    assert ended(outcome) == (
        130,
        "flyo: app shop: interrupted; every touched machine is back as it was, verified [interrupted]",
    )
    # How many were is another matter.
    told = {re.sub("in (iad|fra|nrt) ", "in REGION ", line) for line in warned(deployed)}
    assert told == {"ID: machine ID in REGION was destroyed already; ID has its configuration now [new_id]"}
