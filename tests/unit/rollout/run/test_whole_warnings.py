"""What a rollout warns of and fails with, each provoked on the simulated platform: the whole line of each."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.environment import SystemClock
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.report.outcome_text import ended_line
from flyctl_orchestrator.report.words import sentence
from flyctl_orchestrator.rollout.context.concurrency import Stop
from flyctl_orchestrator.rollout.context.events import Emitter, Event
from flyctl_orchestrator.rollout.context.hooks import HookRunner
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.run.hooks_around import AroundRollout
from tests.unit.rollout.rollout_world import APP, World
from tests.unit.rollout.volumes.mounted_world import MountedWorld

INTERNAL = "500 internal: the server could not handle the request"
EXITS = Behaviour(exit_after_seconds=0.3, exit_code=3)
MACHINE = re.compile(r"\b[0-9a-f]{14}\b")


def warned(world: World) -> list[str]:
    """What a person is warned of, ids of machines left out, each once."""
    told = [said.text for event in world.events if event.name == "warning" and (said := sentence(event))]
    return list(dict.fromkeys(MACHINE.sub("ID", line) for line in told))


def fails(world: World, op: str) -> None:
    """Let an operation of the Machines API fail from now on."""
    world.call("POST", "/_local/faults", {"name": "server-error", "set": {"op": op}})


def fails_at(world: World, event_name: str, op: str) -> None:
    """The same, as soon as something happens."""

    def hear(event: Event) -> None:
        if event.name == event_name:
            world.on_event = None
            fails(world, op)

    world.on_event = hear


def told(outcome: Outcome) -> tuple[str, int, str, str, str]:
    """All that an outcome says, ids of machines left out."""
    return outcome.kind, int(outcome.exit), outcome.code, MACHINE.sub("ID", outcome.what), outcome.next


@pytest.fixture
def deployed(world: World) -> World:
    assert world.deploy(world.desired(world.push("one"))).kind == "done"
    world.events.clear()
    return world


@pytest.mark.parametrize(
    ("op", "lines"),
    [
        (
            "leases.release",
            [f"ID: could not give the lease back: {INTERNAL}; it ends by itself within a minute [lease_kept]"],
        ),
        (
            "metadata.set",
            [
                f"ID: could not set metadata flyo_before: {INTERNAL}; that this rollout changed it is only known on "
                "this computer [untagged]",
                f"ID: could not set metadata flyo_verified: {INTERNAL}; the next deploy looks at it once more "
                "[unmarked]",
            ],
        ),
    ],
)
def test_what_fails_and_is_no_reason_to_go_back(deployed: World, op: str, lines: list[str]) -> None:
    fails(deployed, op)
    assert deployed.deploy(deployed.desired(deployed.push("two"))).kind == "done"
    assert warned(deployed) == lines


@pytest.mark.parametrize(
    ("op", "line"),
    [
        ("machines.list", f"could not list the machines: {INTERNAL}; how the machines are now is not known [unread]"),
        (
            "secrets.list",
            f"could not list the secrets: {INTERNAL}; whether they have changed is not known [secrets.unread]",
        ),
    ],
)
def test_what_cannot_be_read_after_going_back(deployed: World, op: str, line: str) -> None:
    fails_at(deployed, "rollback.finished", op)
    assert deployed.deploy(deployed.desired(deployed.push("bad", EXITS))).kind == "rolled_back"
    assert warned(deployed) == [line]


class SwapWorld(World):
    """fly.toml asks for swap from a moment on."""

    swap = 0

    def config_for(self, *args: Any, **named: Any) -> dict[str, Any]:
        config = super().config_for(*args, **named)
        return config | ({"init": {"swap_size_mb": self.swap}} if self.swap else {})


def test_a_machine_that_cannot_be_suspended_any_more_is_stopped(tmp_path: Path) -> None:
    world = SwapWorld(tmp_path)
    world.deploy(world.desired(world.push("one")))
    (asleep,) = world.in_region("fra")
    world.call("POST", f"/v1/apps/{APP}/machines/{asleep.id}/suspend")
    world.pass_time(5.0)
    world.events.clear()
    world.swap, world.definition = 512, "two"
    assert world.deploy(world.desired(world.push("two"))).kind == "done"
    assert warned(world) == [
        "ID: could not suspend the machine: 412 failed_precondition: machine can not be suspended: it has swap; it is "
        "stopped instead [stopped_instead]"
    ]
    assert [machine.state for machine in world.in_region("fra")] == ["stopped"]


def test_a_machine_that_somebody_else_has_changed(deployed: World) -> None:
    (target,) = deployed.in_region("nrt")

    def edit(event: Event) -> None:
        if event.name == "wave.started":
            deployed.on_event = None
            config = {**target.config, "env": {"EDITED": "yes"}}
            deployed.call("POST", f"/v1/apps/{APP}/machines/{target.id}", {"config": config})

    deployed.on_event = edit
    outcome = deployed.deploy(deployed.desired(deployed.push("two")))
    assert (int(outcome.exit), MACHINE.sub("ID", ended_line(APP, outcome, str))) == (
        3,
        "flyo: app shop: nrt ID: another client has changed the machine in the meantime; every touched machine is back "
        "as it was, verified. Look at it with 'flyo status --machines'; roll out again once nobody else changes it "
        "[changed_meanwhile]",
    )


def test_volumes_that_cannot_be_listed_at_the_end(tmp_path: Path) -> None:
    there = MountedWorld(tmp_path / "here")
    there.make("iad")
    fails_at(there.world, "wave.passed", "volumes.list")
    there.want(iad=1)
    assert there.deploy(there.push("one")).kind == "done"
    assert warned(there.world) == [
        f"could not list the volumes: {INTERNAL}; which are left without a machine is not known [volumes_unread]"
    ]


# --- the user's own commands


@pytest.fixture
def hanging(tmp_path: Path) -> Callable[[list[Event]], HookRunner]:
    """Hooks that would take a minute, and may take a moment."""

    def make(events: list[Event]) -> HookRunner:
        clock = SystemClock()
        return HookRunner(
            commands=dict.fromkeys(("pre-deploy", "post-deploy"), "exec sleep 60"),
            timeout=0.05,
            root=tmp_path,
            inherited={"PATH": os.environ["PATH"]},
            clock=clock,
            emit=Emitter(APP, clock, events.append),
        )

    return make


def test_a_hook_that_takes_too_long(deployed: World, hanging: Callable[[list[Event]], HookRunner]) -> None:
    events: list[Event] = []
    plan = deployed.plan(deployed.desired(deployed.push("two")))
    around = AroundRollout(hanging(events), plan, "0002", Stop(), hanging(events).emit)  # type: ignore[arg-type]
    before = around.before()
    assert before is not None and told(before) == (
        "untouched",
        1,
        "hook.timeout",
        "hook pre-deploy took too long and was ended; nothing was changed on the fleet",
        "Give it more time with [hooks] timeout in flyo.toml, or find out what it waits for",
    )
    around.after(Outcome("done", "every machine is new and verified"))
    (warning,) = (said.text for event in events if event.name == "warning" and (said := sentence(event)))
    assert warning == "hook post-deploy took too long and was ended; the rollout is done all the same [hook.timeout]"
