"""Waking a machine on the simulated platform: how long it takes, what is wrong, and that it is left as it was found."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.measure.waking import Waker
from flyctl_orchestrator.fleet.probe import Answer, Prober
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from tests.unit.rollout.rollout_world import HEALTH, Looks, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def machine_of(world: World, behaviour: Behaviour | None = None, state: str = "started") -> Machine:
    """A machine in fra that is in a state."""
    world.flyctl_create("app", world.push("one", behaviour).ref or "", "fra")
    world.pass_time(10)
    (machine,) = world.machines()
    if state != "started":
        world.call("POST", f"/v1/apps/{world.app}/machines/{machine.id}/{'stop' if state == 'stopped' else 'suspend'}")
        world.pass_time(10)
    (machine,) = world.machines()
    assert machine.state == state
    return machine


def waker(world: World, *, asks: bool = True) -> Waker:
    """One that asks over the simulated network, and is patient for 20 seconds."""
    prober = Prober(world.http)
    ask: Callable[[Machine], Answer] = lambda machine: prober.check(  # noqa: E731
        "http://{app}.test", world.app, machine, HEALTH, 5.0
    )
    return Waker(world.api, world.clock, ask if asks else None, 20.0)


@pytest.mark.parametrize("state", ["stopped", "suspended"])
def test_a_sleeper_is_timed_and_sleeps_again_as_before(world: World, state: str) -> None:
    machine = machine_of(world, Behaviour(boot_seconds=3.0), state)
    woken = waker(world).wake(machine)
    assert (woken.well, woken.was, woken.checks, woken.left) == (True, state, "passing", "")
    assert 0 < woken.cold_s < 4 and (state == "suspended" or woken.cold_s >= 3)
    assert [each.state for each in world.machines()] == [state]


def test_one_that_runs_is_suspended_for_it_and_runs_again(world: World) -> None:
    woken = waker(world).wake(machine_of(world))
    assert (woken.well, woken.was, woken.left) == (True, "suspended", "")
    assert [each.state for each in world.machines()] == ["started"]


def test_one_that_cannot_be_suspended_is_stopped_instead(world: World) -> None:
    machine = machine_of(world)
    config = {**machine.config, "guest": {"cpu_kind": "performance", "cpus": 2, "memory_mb": 8192}}
    world.call("POST", f"/v1/apps/{world.app}/machines/{machine.id}", {"config": config})
    world.pass_time(10)
    (machine,) = world.machines()
    woken = waker(world).wake(machine)
    assert (woken.well, woken.was, woken.left) == (True, "stopped", "")
    assert [each.state for each in world.machines()] == ["started"]


def test_a_page_that_never_answers_well_is_told_with_its_reason(world: World) -> None:
    machine = machine_of(world, state="suspended")
    world.looks[machine.image.split("@")[0]] = Looks(status=500)
    woken = waker(world).wake(machine)
    assert (woken.cold_s, woken.well) == (math.inf, False)
    assert woken.trouble == f"did not serve within 20 s: http://shop.test{HEALTH}: answered 500 (" + (
        f'{{"region": "fra", "machine": "{machine.id}"}})'
    )
    assert [each.state for each in world.machines()] == ["suspended"]


def test_checks_that_do_not_pass_are_a_trouble(world: World) -> None:
    sick = False
    behaviour = Behaviour(healthy=lambda machine, region: not sick)
    machine = machine_of(world, behaviour, "stopped")
    sick = True
    woken = waker(world).wake(machine)
    assert woken.cold_s < 20 and woken.trouble.startswith("check ") and woken.checks.endswith(" critical")
    assert [each.state for each in world.machines()] == ["stopped"]


def test_where_no_request_reaches_it_its_state_has_to_do(world: World) -> None:
    woken = waker(world, asks=False).wake(machine_of(world, state="stopped"))
    assert woken.well and woken.cold_s < 20


def test_a_machine_that_will_not_start_is_told(world: World) -> None:
    machine = machine_of(world, state="stopped")
    world.call("DELETE", f"/v1/apps/{world.app}/machines/{machine.id}?force=true")
    woken = waker(world).wake(machine)
    assert (woken.cold_s, woken.well) == (math.inf, False)
    assert woken.trouble and "may not be stopped" in woken.left


def test_a_break_off_leaves_it_as_it_was(world: World) -> None:
    machine = machine_of(world, state="suspended")

    def interrupt(asked: Machine) -> Answer:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Waker(world.api, world.clock, interrupt, 20.0).wake(machine)
    assert [each.state for each in world.machines()] == ["suspended"]
