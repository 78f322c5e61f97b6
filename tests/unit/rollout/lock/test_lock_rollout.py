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
from tests.unit.rollout.rollout_world import World


class Watched(Unguarded):
    """A guard that beats as its thread would, and looks at every step whether the platform shows the lock."""

    def __init__(self, hall: Hall, held: Held) -> None:
        self.hall = hall
        self.held = held
        self.unseen = 0
        self.looks = 0

    def lost(self) -> str:
        self.held.beat_if_due()
        self.looks += 1
        self.unseen += self.hall.written() != {"ada@test"} and not self.held.known_lost
        return self.held.lost()

    def tags(self, machine_id: str):  # type: ignore[no-untyped-def]
        return self.held.tags(machine_id)

    def leaving(self, *machine_ids: str) -> None:
        self.held.leaving(*machine_ids)


@pytest.mark.parametrize("healthy", [True, False])
def test_the_lock_is_there_at_every_moment_and_nowhere_afterwards(
    hall: Hall,
    world: World,
    healthy: bool,
) -> None:
    """Forward and back, with every machine changed on the way."""
    assert world.deploy(world.desired(world.push("zero"))).kind == "done"
    before = {machine.id: machine.config for machine in world.machines()}
    held = hall.take("ada")
    world.guard = guard = Watched(hall, held)
    behaviour = Behaviour(healthy=lambda machine, region: healthy or region != "nrt")
    outcome = world.deploy(world.desired(world.push("two", behaviour)))
    assert outcome.kind == ("done" if healthy else "rolled_back")
    assert guard.looks > 5 and guard.unseen == 0
    held.release()
    assert hall.written() == set()
    if not healthy:
        assert {id: config["metadata"] for id, config in before.items()} == {
            machine.id: machine.config["metadata"] for machine in world.machines()
        }


def test_a_rollout_that_loses_its_lock_stops_and_goes_neither_on_nor_back(
    hall: Hall,
    world: World,
) -> None:
    assert world.deploy(world.desired(world.push("zero"))).kind == "done"
    before = {machine.region: machine.instance_id for machine in world.machines()}
    held = hall.take("ada")
    world.guard = Watched(hall, held)

    def interfere(event: Event) -> None:
        if event.name == "wave.passed":
            world.on_event = None
            give_back(world.api, world.observe(), "bob@test", force=True)
            held.beat()

    world.on_event = interfere
    outcome = world.deploy(world.desired(world.push("two")))
    assert (outcome.kind, outcome.exit, outcome.code) == ("inconclusive", Exit.INCONCLUSIVE, "lock.lost")
    assert outcome.what == "the lock was released by somebody; stopped right there"
    after = {machine.region: machine.instance_id for machine in world.machines()}
    assert after["iad"] != before["iad"]
    assert (after["fra"], after["nrt"]) == (before["fra"], before["nrt"])
    assert "rollback.started" not in world.names()


def test_a_rollout_that_has_lost_its_lock_before_it_began_changes_nothing(
    hall: Hall,
    world: World,
) -> None:
    assert world.deploy(world.desired(world.push("zero"))).kind == "done"
    before = [machine.instance_id for machine in world.machines()]
    held = hall.take("ada")
    give_back(world.api, world.observe(), "bob@test", force=True)
    held.beat()
    world.guard = Watched(hall, held)
    outcome = world.deploy(world.desired(world.push("two")))
    assert (outcome.kind, outcome.code) == ("untouched", "lock.lost")
    assert [machine.instance_id for machine in world.machines()] == before
