"""Whole rollouts under a lock."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.lock.by_hand import give_back
from flyctl_orchestrator.rollout.lock.guard import Unguarded
from flyctl_orchestrator.rollout.lock.held import Held
from tests.unit.rollout.lock.lock_hall import Hall
from tests.unit.rollout.rollout_world import APP, World


class Watched(Unguarded):
    """A guard that renews as its thread would, and looks at every step whether the platform shows the lock."""

    def __init__(self, hall: Hall, held: Held) -> None:
        self.hall = hall
        self.held = held
        self.unseen = 0
        self.looks = 0
        self.looking = True

    def lost(self) -> str:
        self.held.renew_if_due()
        self.looks += 1
        self.unseen += self.looking and self.hall.names() != ["ada@test"] and self.held.sure
        return self.held.lost()


@pytest.mark.parametrize("healthy", [True, False])
@pytest.mark.parametrize("fault", ["", "image-pull-fails", "region-down"])
def test_the_lock_is_there_at_every_moment_and_nowhere_afterwards(
    hall: Hall, world: World, healthy: bool, fault: str
) -> None:
    """Forward and back, with every machine changed on the way, and while machines are reverted or out of reach."""
    assert world.deploy(world.desired(world.push("zero"))).kind == "done"
    before = {machine.id: machine.config for machine in world.observe().machines}
    held = hall.take("ada")
    world.guard = guard = Watched(hall, held)
    if fault == "image-pull-fails":
        hall.fault(fault, region="fra")
    if fault == "region-down":
        # Where the lock's machine is, once the first region is done; then nobody can look at it.
        guard.looking = False
        world.on_event = lambda event: hall.fault(fault, region="iad") if event.name == "wave.passed" else None
    behaviour = Behaviour(healthy=lambda machine, region: healthy or region != "nrt")
    outcome = world.deploy(world.desired(world.push("two", behaviour)))
    assert outcome.code != "lock.lost" and "lock.lost" not in [event for event, _ in hall.told]
    assert guard.looks > 5 and guard.unseen == 0
    if not fault:
        assert outcome.kind == ("done" if healthy else "rolled_back")
    if fault == "image-pull-fails":
        assert (outcome.kind, outcome.exit) == ("rolled_back", Exit.ROLLED_BACK)
    world.call("DELETE", "/_local/faults")
    held.release()
    assert hall.holders() == []
    # What stands on a machine that was out of reach goes with that machine.
    hall.take("bob").release()
    assert hall.written() == [] and len(hall.lock_machines()) == 1
    if outcome.kind == "rolled_back" and not fault:
        assert {id: config["metadata"] for id, config in before.items()} == {
            machine.id: machine.config["metadata"] for machine in world.observe().machines
        }


def test_a_rollout_that_loses_its_lock_stops_and_goes_neither_on_nor_back(
    hall: Hall,
    world: World,
) -> None:
    assert world.deploy(world.desired(world.push("zero"))).kind == "done"
    before = {machine.region: machine.instance_id for machine in world.observe().machines}
    held = hall.take("ada")
    world.guard = Watched(hall, held)

    def interfere(event: Event) -> None:
        if event.name == "wave.passed":
            world.on_event = None
            give_back(world.api, APP, hall.holders(), "bob@test", force=True)
            held.renew()

    world.on_event = interfere
    outcome = world.deploy(world.desired(world.push("two")))
    assert (outcome.kind, outcome.exit, outcome.code) == ("inconclusive", Exit.INCONCLUSIVE, "lock.lost")
    assert outcome.what == "the lock was released elsewhere; stopped right there"
    after = {machine.region: machine.instance_id for machine in world.observe().machines}
    assert after["iad"] != before["iad"]
    assert (after["fra"], after["nrt"]) == (before["fra"], before["nrt"])
    assert "rollback.started" not in world.names()


def test_a_rollout_that_has_lost_its_lock_before_it_began_changes_nothing(
    hall: Hall,
    world: World,
) -> None:
    assert world.deploy(world.desired(world.push("zero"))).kind == "done"
    before = [machine.instance_id for machine in world.observe().machines]
    held = hall.take("ada")
    give_back(world.api, APP, hall.holders(), "bob@test", force=True)
    held.renew()
    world.guard = Watched(hall, held)
    outcome = world.deploy(world.desired(world.push("two")))
    assert (outcome.kind, outcome.code) == ("untouched", "lock.lost")
    assert [machine.instance_id for machine in world.observe().machines] == before
