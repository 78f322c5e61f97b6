"""A lock that a person takes, looks at and gives back; and what is written about holders."""

from __future__ import annotations

import json

import pytest

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.rollout.lock.by_hand import give_back
from flyctl_orchestrator.rollout.lock.held import Held
from flyctl_orchestrator.rollout.lock.locked import Locked
from flyctl_orchestrator.rollout.state.lock_record import LockRecord, plain
from tests.unit.rollout.lock.lock_hall import PATH, Hall
from tests.unit.rollout.rollout_world import APP

# --- by hand


def test_ones_own_lock_is_given_back_without_force_and_somebody_elses_is_not(hall: Hall) -> None:
    hall.create("iad")
    hall.by_hand("ada")
    assert hall.names() == ["ada@test"]
    with pytest.raises(FlyoError, match="held by another person: ada@test") as refusal:
        give_back(hall.world.api, APP, hall.holders(), "bob@test", force=False)
    assert refusal.value.exit == Exit.LOCKED
    assert [each.who for each in give_back(hall.world.api, APP, hall.holders(), "ada@test", force=False)] == [
        "ada@test"
    ]
    assert give_back(hall.world.api, APP, hall.holders(), "ada@test", force=False) == []


def test_a_lock_taken_by_hand_outlives_the_host_of_its_machine(hall: Hall) -> None:
    hall.create("iad", "fra")
    hall.by_hand("ada")
    hall.fault("region-down", region="iad")
    with pytest.raises(Locked) as refusal:
        hall.take("bob")
    assert refusal.value.code == "lock.by_hand"
    # It can be given back meanwhile, and stays given back when the host is there again.
    give_back(hall.world.api, APP, hall.holders(), "ada@test", force=False)
    hall.world.call("DELETE", "/_local/faults")
    assert hall.holders() == []
    hall.take("bob").release()
    assert len(hall.lock_machines()) == 1


def test_a_lock_taken_by_hand_needs_a_machine(hall: Hall) -> None:
    with pytest.raises(FlyoError) as refusal:
        hall.by_hand("ada")
    assert refusal.value.code == "lock.nowhere"


def test_a_lease_of_which_nobody_knows_whose_it_is_shows_as_such(hall: Hall) -> None:
    hall.create("iad")
    hall.take("ada").release()
    (machine,) = hall.lock_machines()
    hall.world.call("POST", f"{PATH}/{machine['id']}/lease?ttl=600", {})
    (holder,) = hall.holders()
    assert (holder.record.who, holder.record.why) == (
        "unknown",
        "another program holds the lease of the lock machine",
    )


# --- what is written


@pytest.mark.parametrize("value", ["", "{", "[]", "[" * 5000, '{"who": 1}', json.dumps({"who": "a", "how": "x"})])
def test_what_cannot_be_read_is_left_to_a_person(value: str) -> None:
    record = LockRecord.of_value(value)
    assert (record.how, record.expires) == ("hand", None) and record.lasts(1e12)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("x\n::add-mask::abc\n\x1b]0;T\x07", "x ::add-mask::abc ]0;T"),
        ("a\u202eb\u2028c\x9bd\x00", "a b c d"),
        ("  moving\tthe  database ", "moving the database"),
        ("é 日本 🚀", "é 日本 🚀"),
        ("y" * 500, "y" * 120),
    ],
)
def test_what_a_person_says_is_one_plain_line_before_it_is_stored_and_before_it_is_shown(given: str, kept: str) -> None:
    assert plain(given) == kept
    stored = json.loads(LockRecord("a", given, given, "hand").as_value())
    assert (stored["who"], stored["why"]) == (kept, kept)
    foreign = json.dumps({"id": given, "who": given, "why": given, "how": "hand", "since": 0, "expires": None})
    assert LockRecord.of_value(foreign).why == kept == LockRecord.of_value(foreign).id


def test_a_nonce_is_never_shown(hall: Hall) -> None:
    hall.create("iad")
    held: Held = hall.take("ada")
    (machine,) = hall.lock_machines()
    lease = hall.world.api.find_lease(APP, machine["id"])
    assert lease is not None
    told = json.dumps(hall.told) + json.dumps(hall.lock_machines()) + repr(held.record) + repr(hall.holders())
    assert lease.nonce not in told
