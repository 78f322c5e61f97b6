"""A renewal makes do with a list that a rollout has just read, and proves no more by it than that list shows."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.rollout.lock.held import Held
from flyctl_orchestrator.rollout.lock.times import RECENT, RENEW, SURE
from tests.unit.rollout.lock.lock_hall import Hall
from tests.unit.rollout.rollout_world import APP


def taken(hall: Hall) -> Held:
    hall.create("iad", "fra")
    return hall.take("ada")


def lists_of_a_renewal(hall: Hall, held: Held) -> int:
    before = len(hall.world.calls)
    held.renew()
    calls = hall.world.calls[before:]
    assert any(path.endswith("/lease") for _, path in calls)
    return sum(path.endswith("/machines") for _, path in calls)


@pytest.mark.parametrize(("age", "lists"), [(0.0, 0), (RECENT - 1, 0), (RECENT + 1, 1)])
def test_a_list_is_good_for_a_few_seconds(hall: Hall, age: float, lists: int) -> None:
    held = taken(hall)
    hall.world.pass_time(RENEW)
    hall.world.api.list_machines(APP)
    hall.world.pass_time(age)
    assert lists_of_a_renewal(hall, held) == lists
    assert held.sure and not held.lost()


def test_one_from_before_the_last_proof_tells_nothing_new(hall: Hall) -> None:
    held = taken(hall)
    hall.world.pass_time(1)
    hall.world.api.list_machines(APP)
    hall.world.pass_time(1)
    hall.world.api.list_machines(APP)
    assert lists_of_a_renewal(hall, held) == 0
    assert lists_of_a_renewal(hall, held) == 1


def test_the_lock_is_sure_from_when_the_list_was_asked_for(hall: Hall) -> None:
    held = taken(hall)
    hall.world.pass_time(RENEW)
    hall.world.api.list_machines(APP)
    hall.world.pass_time(RECENT - 1)
    assert lists_of_a_renewal(hall, held) == 0
    hall.world.pass_time(SURE - RECENT)
    assert held.sure
    hall.world.pass_time(2)
    assert not held.sure


def test_a_list_that_shows_another_lock_machine_is_looked_into(hall: Hall) -> None:
    held = taken(hall)
    hall.world.pass_time(RENEW)
    (machine,) = hall.lock_machines()
    config = {"config": machine["config"], "region": "nrt"}
    hall.world.call("POST", f"/v1/apps/{APP}/machines", config)
    hall.world.api.list_machines(APP)
    assert lists_of_a_renewal(hall, held) == 1


def test_a_lease_that_had_ended_is_looked_into(hall: Hall) -> None:
    held = taken(hall)
    hall.world.pass_time(SURE * 2)
    hall.world.api.list_machines(APP)
    assert lists_of_a_renewal(hall, held) == 1
    assert held.lost() == ""
