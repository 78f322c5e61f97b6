"""One lock from the taking to the giving back, step by step."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.lock.by_hand import give_back, needs_a_machine
from flyctl_orchestrator.rollout.lock.patience import DEAD_AFTER
from flyctl_orchestrator.rollout.lock.take import Locked
from flyctl_orchestrator.rollout.state.lock_record import LockRecord
from tests.unit.fleet.fleet_doubles import machine as machine_body
from tests.unit.rollout.lock.lock_hall import PATH, Hall
from tests.unit.rollout.rollout_world import APP

# --- taking


def test_the_lock_stands_on_three_machines_and_says_who_since_when_and_why(hall: Hall) -> None:
    ids = sorted(hall.create("iad", "fra", "nrt", "syd", "lhr"))
    held = hall.take("ada")
    assert {id for id, holders in hall.carriers().items() if holders} == set(ids[:3])
    (seen,) = hall.world.observe().locks
    assert seen.record.id == held.record.id and set(seen.machines) == set(ids[:3])
    assert (seen.record.who, seen.record.why, seen.record.how) == ("ada@test", "flyo deploy", "rollout")
    assert abs(seen.record.since - hall.world.clock.now()) < 3
    assert seen.record.expires == pytest.approx(seen.record.since + DEAD_AFTER, abs=0.01)
    held.release()
    assert hall.written() == set()


def test_no_lease_is_left_behind_since_the_proxy_could_not_wake_a_leased_machine(hall: Hall) -> None:
    hall.create("iad", "fra")
    hall.take("ada")
    assert all(hall.world.api.find_lease(APP, body["id"]) is None for body in hall.world.bodies())


def test_whoever_comes_second_is_told_who_was_first_and_what_to_type(hall: Hall) -> None:
    hall.create("iad")
    hall.take("ada")
    hall.world.pass_time(20)
    with pytest.raises(Locked) as refusal:
        hall.take("bob")
    assert refusal.value.exit == Exit.LOCKED and refusal.value.code == "lock.held"
    assert str(refusal.value) == (
        "app shop: locked by ada@test since 2027-01-15 08:00:00 UTC (20 s ago): flyo deploy. "
        "Wait for it with --lock-wait 5m, or end it with 'flyo lock release --force'"
    )
    assert hall.written() == {"ada@test"}


def test_what_the_lock_writes_is_no_part_of_a_machine(hall: Hall) -> None:
    """Neither plans nor rollbacks nor copies of a fleet ever see it."""
    hall.create("iad")
    before = hall.world.observe()
    hall.take("ada")
    after = hall.world.observe()
    assert after.fingerprint() == before.fingerprint()
    assert after.machines[0].config == before.machines[0].config
    assert after.machines[0].metadata == before.machines[0].metadata


def test_two_that_begin_on_different_machines_find_each_other(hall: Hall) -> None:
    """A machine with a lower id appears in between, so each takes its lease on another one."""
    first = hall.create("iad")
    ada, bob = hall.locker("ada"), hall.locker("bob")
    here = hall.world.observe()
    while min(hall.world.machines(), key=lambda machine: machine.id).id == first[0]:
        hall.create("fra")
    there = hall.world.observe()
    hers, _ = ada.take(LockRecord("ada", "ada@test", "", "rollout", 0.0, None), here)
    his, _ = bob.take(LockRecord("bob", "bob@test", "", "rollout", 0.0, None), there)
    for locker, held in ((ada, hers), (bob, his)):
        if locker is ada:
            with pytest.raises(Locked):
                locker.confirm(held, hall.world.observe())
    bob.confirm(his, hall.world.observe())
    assert hall.written() == {"bob@test"}


def test_somebody_elses_lease_is_waited_for_and_then_told(hall: Hall) -> None:
    (id,) = hall.create("iad")
    hall.world.call("POST", f"{PATH}/{id}/lease?ttl=13", {})
    hall.take("ada").release()
    assert [event for event, _ in hall.told] == ["note", "lock.taken"]
    hall.world.call("POST", f"{PATH}/{id}/lease?ttl=600", {})
    since = hall.world.clock.now()
    with pytest.raises(FlyoError) as refusal:
        hall.take("bob")
    assert (refusal.value.exit, refusal.value.code) == (Exit.LOCKED, "lock.busy")
    assert 20 <= hall.world.clock.now() - since < 40
    # The same computer is not locked out by its own failure.
    assert hall.locker("bob").computer.take(LockRecord("x", "", "", "rollout", 0.0, None)) is None


def test_two_processes_of_one_computer_need_no_machine_to_tell_who_was_first(hall: Hall) -> None:
    first = hall.locker("ada", computer="laptop")
    fleet = hall.world.observe()
    assert fleet.machines == ()
    held, _ = first.take(LockRecord("a", "ada@laptop", "flyo deploy", "rollout", 5.0, None), fleet)
    with pytest.raises(Locked, match="locked by ada@laptop"):
        hall.locker("bob", computer="laptop").take(LockRecord("b", "bob", "", "rollout", 0.0, None), fleet)
    held.release()
    hall.locker("bob", computer="laptop").take(LockRecord("b", "bob", "", "rollout", 0.0, None), fleet)


# --- waiting


def test_a_dead_holder_is_taken_over_from_after_half_a_minute_of_silence(hall: Hall) -> None:
    hall.create("iad", "fra")
    hall.take("ada")
    hall.world.pass_time(3600)
    since = hall.world.clock.now()
    held = hall.take("bob")
    assert DEAD_AFTER <= hall.world.clock.now() - since < DEAD_AFTER + 10
    assert hall.written() == {"bob@test"} and held.lost() == ""
    waiting = [facts for event, facts in hall.told if event == "lock.waiting"]
    assert [(facts["who"], facts["silent"]) for facts in waiting] == [("ada@test", True)]


def test_a_holder_that_still_beats_is_not_dead_however_wrong_its_clock_is(hall: Hall) -> None:
    (id,) = hall.create("iad")
    held = hall.take("ada")
    ancient = LockRecord("ada", "ada@test", "flyo deploy", "rollout", 1.0, 31.0)

    def beat(method: str, url: str, json: Any) -> None:
        nonlocal ancient
        if url.endswith("/machines"):
            ancient = LockRecord("ada", "ada@test", "flyo deploy", "rollout", 1.0, 31.0, ancient.beat + 1)
            hall.world.call("POST", f"{PATH}/{id}/metadata/{held.record.key}", {"value": ancient.as_value()})

    hall.world.on_call = beat
    with pytest.raises(Locked, match="ada@test"):
        hall.take("bob", wait=120)
    hall.world.on_call = None


def test_silence_under_somebodys_lease_proves_nothing(hall: Hall) -> None:
    """flyctl holds a machine's lease while it deploys, and nobody else may write to the machine then."""
    (id,) = hall.create("iad")
    hall.take("ada")
    hall.world.pass_time(40)
    hall.world.call("POST", f"{PATH}/{id}/lease?ttl=3600", {})
    since = hall.world.clock.now()
    with pytest.raises(Locked, match="ada@test"):
        hall.take("bob", wait=100)
    assert hall.world.clock.now() - since >= 100


def test_waiting_ends_when_the_lock_is_given_back(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    since = hall.world.clock.now()

    def release(method: str, url: str, json: Any) -> None:
        hall.world.on_call = None
        if hall.world.clock.now() > since + 20:
            held.release()
        else:
            held.beat_if_due()
            hall.world.on_call = release

    hall.world.on_call = release
    hall.take("bob", wait=300)
    assert 20 < hall.world.clock.now() - since < 30
    assert hall.written() == {"bob@test"}


def test_a_lock_taken_by_hand_is_never_waited_for(hall: Hall) -> None:
    hall.create("iad")
    hall.take("ada", how="hand")
    since = hall.world.clock.now()
    with pytest.raises(Locked) as refusal:
        hall.take("bob", wait=300)
    assert refusal.value.code == "lock.by_hand" and "'flyo lock release'" in refusal.value.next
    assert hall.world.clock.now() - since < 3


def test_a_lock_taken_by_hand_ends_when_it_says(hall: Hall) -> None:
    hall.create("iad")
    hall.take("ada", how="hand", expires=hall.world.clock.now() + 60)
    hall.world.pass_time(59)
    with pytest.raises(Locked):
        hall.take("bob")
    hall.world.pass_time(1)
    hall.take("bob")
    assert hall.written() == {"bob@test"}


# --- keeping


def test_a_lock_released_by_force_is_lost_and_not_fought_for(hall: Hall) -> None:
    hall.create("iad", "fra", "nrt", "syd")
    held = hall.take("ada")
    with pytest.raises(FlyoError) as refusal:
        give_back(hall.world.api, hall.world.observe(), "ada@test", force=False)
    assert refusal.value.code == "lock.not_yours"
    released = give_back(hall.world.api, hall.world.observe(), "bob@test", force=True)
    assert [each.who for each in released] == ["ada@test"]
    held.beat()
    assert held.lost() == "the lock was released by somebody"
    assert hall.told[-1][0] == "lock.lost"
    held.beat()
    assert hall.written() == set() and held.tags(hall.world.machines()[0].id) == {}


def test_a_release_that_a_beat_falls_into_sticks(hall: Hall) -> None:
    ids = hall.create("iad", "fra", "nrt")
    held = hall.take("ada")
    hall.forget(sorted(ids)[0], held.record.key)
    held.beat()
    assert held.lost() and hall.written() == set()


def test_a_holder_that_overslept_looks_before_it_goes_on(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    hall.world.pass_time(60)
    hall.take("bob")
    assert held.lost() == "the lock was taken over by bob@test"
    assert hall.written() == {"bob@test"}


def test_a_holder_that_overslept_and_was_not_missed_goes_on(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    hall.world.pass_time(3600)
    assert not held.sure
    assert held.lost() == "" and held.sure
    assert hall.written() == {"ada@test"}


def test_the_lock_moves_on_before_a_machine_is_destroyed(hall: Hall) -> None:
    ids = sorted(hall.create("iad", "fra", "nrt", "syd"))
    held = hall.take("ada")
    held.leaving(ids[0])
    assert hall.carriers()[ids[3]] == ["ada@test"]
    for id in ids[:3]:
        held.leaving(id)
        hall.world.call("DELETE", f"{PATH}/{id}?force=true")
    held.beat()
    assert held.lost() == "" and {id for id, holders in hall.carriers().items() if holders} == {ids[3]}
    held.release()
    assert hall.written() == set()


def test_it_moves_once_for_all_that_are_to_go_and_is_taken_off_those_that_stay(hall: Hall) -> None:
    ids = sorted(hall.create("iad", "fra", "nrt", "syd", "gru", "lhr"))
    held = hall.take("ada")
    hall.world.calls.clear()
    held.leaving(*ids[:3])
    lists = [path for method, path in hall.world.calls if method == "GET" and path.endswith("/machines")]
    assert len(lists) == 2
    held.leaving(ids[0])
    assert len([path for method, path in hall.world.calls if path.endswith("/machines")]) == 2
    assert {id for id in ids[3:] if hall.carriers()[id]} == set(ids[3:])
    # Only one of them goes in the end.
    hall.world.call("DELETE", f"{PATH}/{ids[0]}?force=true")
    held.release()
    assert hall.written() == set()


def test_a_machine_that_is_gone_is_replaced_at_the_next_beat(hall: Hall) -> None:
    ids = sorted(hall.create("iad", "fra", "nrt", "syd"))
    held = hall.take("ada")
    hall.world.call("DELETE", f"{PATH}/{ids[0]}?force=true")
    hall.world.pass_time(10)
    held.beat_if_due()
    assert held.lost() == "" and hall.carriers()[ids[3]] == ["ada@test"]


def test_an_app_without_machines_gets_its_lock_with_the_first_one(hall: Hall) -> None:
    held = hall.take("ada")
    hall.world.pass_time(6)
    held.beat_if_due()
    assert held.lost() == ""
    (id,) = hall.create("iad")
    hall.world.pass_time(6)
    held.beat_if_due()
    assert hall.carriers() == {id: ["ada@test"]}
    held.release()
    assert hall.written() == set()


def test_two_first_deploys_from_two_computers_end_with_one_holder_at_most(hall: Hall) -> None:
    """Without a machine nothing can tell them apart; with the first one, one of them stops."""
    hers, his = hall.take("ada"), hall.take("bob")
    hall.create("iad")
    hers.beat()
    his.beat()
    assert (hers.lost(), his.lost()) == ("", "the lock was taken over by ada@test")


def test_a_platform_that_does_not_answer_is_no_loss(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    hall.world.call("POST", "/_local/faults", {"name": "server-error", "for": "5m"})
    hall.world.pass_time(60)
    assert held.lost() == "" and not held.sure
    hall.world.pass_time(300)
    assert held.lost() == "" and held.sure


# --- by hand


def test_ones_own_lock_is_given_back_without_force_and_somebody_elses_is_not(hall: Hall) -> None:
    hall.create("iad")
    hall.take("ada", how="hand")
    with pytest.raises(FlyoError, match="held by somebody else: ada@test") as refusal:
        give_back(hall.world.api, hall.world.observe(), "bob@test", force=False)
    assert refusal.value.exit == Exit.LOCKED
    assert [each.who for each in give_back(hall.world.api, hall.world.observe(), "ada@test", force=False)] == [
        "ada@test"
    ]
    assert give_back(hall.world.api, hall.world.observe(), "ada@test", force=False) == []


def test_a_lock_taken_by_hand_needs_a_machine(hall: Hall) -> None:
    with pytest.raises(FlyoError) as refusal:
        needs_a_machine(hall.world.observe())
    assert refusal.value.code == "lock.nowhere"


@pytest.mark.parametrize("value", ["", "{", "[]", '{"who": 1}', json.dumps({"who": "a", "why": "", "how": "x"})])
def test_what_cannot_be_read_is_left_to_a_person(value: str) -> None:
    record = LockRecord.of_value("flyo_lock_abc", value)
    assert (record.id, record.how, record.expires) == ("abc", "hand", None)


def test_a_machine_keeps_the_lock_apart_from_its_configuration() -> None:
    config = {"image": "i", "metadata": {"flyo_lock_a": "x", "mine": "y"}}
    machine = Machine.of_api(APP, machine_body("m", config=config))
    assert (machine.metadata, machine.locks) == ({"mine": "y"}, {"flyo_lock_a": "x"})
    assert machine.config == {"image": "i", "metadata": {"mine": "y"}}
