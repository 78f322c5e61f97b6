"""One lock from the taking to the giving back, step by step."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.rollout.lock.by_hand import give_back
from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.locked import Locked
from flyctl_orchestrator.rollout.lock.machines import LockMachines
from flyctl_orchestrator.rollout.lock.times import BUSY, GIVE_UP, LEASE, RENEW
from flyctl_orchestrator.rollout.state.lock_record import LockRecord, is_lock_machine
from tests.unit.rollout.lock.lock_hall import PATH, Hall
from tests.unit.rollout.rollout_world import APP, World

# --- taking


def test_the_lock_is_the_lease_of_a_machine_that_never_runs_and_that_flyctl_leaves_alone(hall: Hall) -> None:
    hall.create("fra", "nrt")
    held = hall.take("ada")
    hall.world.pass_time(20)
    (machine,) = hall.lock_machines()
    assert machine["region"] == "iad" and machine["state"] in ("created", "stopped")
    assert machine["config"]["guest"] == {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}
    assert "services" not in machine["config"] and "fly_platform_version" not in machine["config"]["metadata"]
    lease = hall.world.api.find_lease(APP, machine["id"])
    assert lease is not None and lease.description == "flyo lock ada"
    assert {event["type"] for event in machine["events"]} == {"launch"}
    held.release()
    assert hall.world.api.find_lease(APP, machine["id"]) is None and hall.written() == []


def test_no_other_machine_is_leased_since_the_proxy_could_not_wake_it(hall: Hall) -> None:
    fleet = hall.create("iad", "fra")
    hall.take("ada")
    assert all(hall.world.api.find_lease(APP, id) is None for id in fleet)


def test_what_keeps_the_lock_is_no_part_of_the_fleet(hall: Hall) -> None:
    """Neither plans nor rollbacks nor copies of a fleet ever see it."""
    hall.create("iad")
    hall.world.pass_time(20)
    before = hall.world.observe()
    held = hall.take("ada")
    during = hall.world.observe()
    assert during == before and during.fingerprint() == before.fingerprint()
    assert not any(is_lock_machine(machine) for machine in during.machines)
    held.release()


def test_the_second_time_the_same_machine_is_used(hall: Hall) -> None:
    hall.create("iad")
    hall.take("ada").release()
    (machine,) = hall.lock_machines()
    hall.world.calls.clear()
    hall.take("bob").release()
    assert [each["id"] for each in hall.lock_machines()] == [machine["id"]]
    assert [method for method, _ in hall.world.calls] == ["GET", "POST", "GET", "POST", "DELETE", "DELETE"]


def test_whoever_comes_second_is_told_who_was_first_and_what_to_type(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    hall.world.pass_time(15)
    held.renew_if_due()
    with pytest.raises(Locked) as refusal:
        hall.take("bob")
    assert refusal.value.exit == Exit.LOCKED and refusal.value.code == "lock.held"
    assert str(refusal.value) == (
        "app shop: locked by ada@test since 2027-01-15 08:00:00 UTC (15 s ago): flyo deploy. If that command "
        "was killed, its lock ends by itself within 30 s; wait with --lock-wait 5m, or end it with "
        "'flyo lock release --force'"
    )
    assert hall.names() == ["ada@test"]


def test_somebody_elses_lease_is_waited_for_and_then_told(hall: Hall) -> None:
    """As of a person who has typed `flyctl machine update` with the lock machine's id."""
    hall.create("iad")
    hall.take("ada").release()
    (machine,) = hall.lock_machines()
    hall.world.call("POST", f"{PATH}/{machine['id']}/lease?ttl=13", {})
    hall.take("ada").release()
    hall.world.call("POST", f"{PATH}/{machine['id']}/lease?ttl=600", {})
    since = hall.world.clock.now()
    with pytest.raises(FlyoError) as refusal:
        hall.take("bob")
    assert (refusal.value.exit, refusal.value.code) == (Exit.LOCKED, "lock.busy")
    assert BUSY <= hall.world.clock.now() - since < BUSY + 10
    # The same computer is not locked out by its own failure.
    assert hall.locker("bob").computer.take(LockRecord("x", "", "", "rollout")) is None


def test_an_app_without_a_machine_gets_its_lock_with_the_first_image(hall: Hall) -> None:
    locker, record = hall.locker("ada"), LockRecord("ada", "ada@test", "flyo deploy", "rollout")
    assert locker.take_there(record, 0.0, must=False) is None
    with pytest.raises(FlyoError) as refusal:
        locker.take_there(record, 0.0)
    assert refusal.value.code == "lock.nowhere"
    held = locker.take_there(record, 0.0, hall.image.ref)
    assert held is not None and held.lost() == "" and hall.names() == ["ada@test"]
    with pytest.raises(Locked):
        hall.take("bob", image=hall.image.ref)


def test_an_app_that_does_not_exist_has_no_lock_yet(hall: Hall) -> None:
    locker = hall.locker("ada")
    locker.app = "nothing-of-that-name"
    assert locker.take_there(LockRecord("a", "ada", "", "rollout"), 0.0, must=False) is None


def test_an_image_that_is_gone_from_the_registry_does_not_keep_a_new_one_from_being_deployed(hall: Hall) -> None:
    hall.create("iad", "fra")
    hall.world.simulation.images.remove(hall.image.ref or "")
    locker, record = hall.locker("ada"), LockRecord("ada", "ada@test", "flyo deploy", "rollout")
    assert locker.take_there(record, 0.0, must=False) is None
    with pytest.raises(FlyoError, match="MANIFEST_UNKNOWN"):
        locker.take_there(record, 0.0)
    assert locker.take_there(record, 0.0, hall.world.push("two").ref) is not None


def test_a_region_without_room_is_passed_by(hall: Hall) -> None:
    hall.create("iad")
    hall.fault("region-down", region="iad")
    hall.take("ada")
    assert [each["region"] for each in hall.lock_machines()] == ["fra"]


def test_two_processes_of_one_computer_need_no_machine_to_tell_who_was_first(hall: Hall) -> None:
    first, second = hall.locker("laptop"), hall.locker("laptop")
    first.take_here(LockRecord("a", "ada@laptop", "flyo deploy", "rollout", 5.0), 0.0)
    with pytest.raises(Locked, match="locked by ada@laptop") as refusal:
        second.take_here(LockRecord("b", "bob", "", "rollout"), 0.0)
    # It is known to be alive: there is nothing to be forced.
    assert refusal.value.next == "Wait for it with --lock-wait 5m"
    first.computer.release()
    second.take_here(LockRecord("b", "bob", "", "rollout"), 0.0)


def test_what_this_computer_remembers_is_nobody_elses_to_read(hall: Hall) -> None:
    hall.create("iad")
    hall.take("ada")
    files = sorted((hall.tmp_path / "ada").iterdir())
    assert [path.name for path in files] == ["app.json", "app.lock"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_state_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FlyoError) as refusal:
        ComputerLock(tmp_path / "file" / "app.lock").take(LockRecord("a", "ada", "", "rollout"))
    assert refusal.value.code == "lock.unwritable" and "FLYO_STATE_DIR" in refusal.value.next


# --- waiting


def test_a_dead_holder_is_taken_over_from_when_its_lease_has_ended(hall: Hall) -> None:
    hall.create("iad", "fra")
    hall.take("ada")
    since = hall.world.clock.now()
    held = hall.take("bob", wait=60.0)
    assert LEASE - 1 <= hall.world.clock.now() - since < LEASE + 4
    assert hall.names() == ["bob@test"] and held.lost() == ""
    waiting = [facts for event, facts in hall.told if event == "lock.waiting"]
    assert [facts["who"] for facts in waiting] == ["ada@test"]


def test_waiting_ends_when_the_lock_is_given_back(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    since = hall.world.clock.now()

    def release(method: str, url: str, json: Any) -> None:
        hall.world.on_call = None
        if hall.world.clock.now() > since + 40:
            held.release()
        else:
            held.renew_if_due()
            hall.world.on_call = release

    hall.world.on_call = release
    hall.take("bob", wait=300)
    assert 40 < hall.world.clock.now() - since < 50
    assert hall.names() == ["bob@test"]


def test_a_lock_taken_by_hand_is_never_waited_for(hall: Hall) -> None:
    hall.create("iad")
    hall.by_hand("ada")
    since = hall.world.clock.now()
    with pytest.raises(Locked) as refusal:
        hall.take("bob", wait=300)
    assert refusal.value.code == "lock.by_hand" and "'flyo lock release'" in refusal.value.next
    assert hall.world.clock.now() - since < 3


def test_a_lock_taken_by_hand_ends_when_it_says_by_the_platforms_clock(hall: Hall) -> None:
    hall.create("iad")
    record = hall.by_hand("ada", lasts=60.0)
    assert record.expires == pytest.approx(hall.world.clock.now() + 60, abs=2)
    hall.world.pass_time(57)
    with pytest.raises(Locked):
        hall.take("bob")
    hall.world.pass_time(4)
    hall.take("bob")
    assert hall.names() == ["bob@test"]


# --- keeping


def test_a_lock_released_by_force_is_lost_and_not_fought_for(hall: Hall) -> None:
    hall.create("iad", "fra")
    held = hall.take("ada")
    with pytest.raises(FlyoError) as refusal:
        give_back(hall.world.api, APP, hall.holders(), "ada@test", force=False)
    assert refusal.value.code == "lock.not_yours"
    released = give_back(hall.world.api, APP, hall.holders(), "bob@test", force=True)
    assert [each.who for each in released] == ["ada@test"]
    held.renew()
    assert held.lost() == "the lock was released elsewhere"
    assert hall.told[-1][0] == "lock.lost"
    held.renew()
    held.release()
    assert hall.holders() == [] and hall.written() == []


def test_a_holder_that_overslept_looks_before_it_goes_on(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    hall.world.pass_time(60)
    hall.take("bob")
    assert held.lost() == "the lock was taken over by bob@test"
    held.release()
    assert hall.names() == ["bob@test"]


def test_a_holder_that_overslept_finds_out_that_others_came_and_went(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    hall.world.pass_time(60)
    hall.take("bob").release()
    assert held.lost() == "the lock was released elsewhere"
    assert hall.holders() == []


def test_a_holder_that_overslept_and_was_not_missed_goes_on(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    hall.world.pass_time(3600)
    assert not held.sure and hall.holders() == []
    assert held.lost() == "" and held.sure
    assert hall.names() == ["ada@test"]


def test_an_image_pull_that_fails_takes_no_lock_away(hall: Hall) -> None:
    """It reverts a machine with all its metadata; the lock has no line there."""
    (id,) = hall.create("iad")
    held = hall.take("ada")
    hall.fault("image-pull-fails", machine=id)
    config = {**(hall.world.machine(id) or {})["config"], "image": hall.world.push("two").ref}
    hall.world.call("POST", f"{PATH}/{id}", {"config": config})
    hall.world.pass_time(5)
    held.renew()
    assert held.lost() == "" and hall.names() == ["ada@test"]


def test_a_cloned_machine_locks_nobody_out(hall: Hall) -> None:
    (id,) = hall.create("iad")
    held = hall.take("ada")
    body = hall.world.machine(id)
    assert body is not None
    hall.world.call("POST", PATH, {"config": body["config"], "region": "fra"})
    held.release()
    hall.take("bob").release()


def test_a_clone_of_the_lock_machine_is_cleared_away_by_the_next_holder(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    (machine,) = hall.lock_machines()
    hall.world.call("POST", PATH, {"config": machine["config"], "region": "fra"})
    held.renew()
    assert held.lost() == ""
    with pytest.raises(FlyoError):
        hall.take("bob")
    held.release()
    hall.take("bob").release()
    assert len(hall.lock_machines()) == 1


@given(st.lists(st.tuples(st.sets(st.integers(0, 3)), st.booleans()), min_size=1, max_size=4), st.integers(0, 9))
@example([(set(), False), ({0}, True), (set(), True)], 0)
@example([(set(), False), ({0}, True), (set(), True)], 1)
@example([(set(), False), ({0}, True), (set(), True)], 2)
@settings(max_examples=60, deadline=None)
def test_clearing_away_never_makes_a_machine_count_again(shape: list[tuple[set[int], bool]], seed: int) -> None:
    """Each stands in for some of those before it; some are on a host that does not answer."""
    with tempfile.TemporaryDirectory() as directory:
        world = World(Path(directory), seed=seed)
        image, ids = world.push("one").ref, list[str]()
        for earlier, answers in shape:
            instead = ",".join(ids[number] for number in earlier if number < len(ids))
            metadata = {"flyo_lock": "1", "flyo_lock_instead_of": instead}
            body = {"config": {"image": image, "metadata": metadata}, "region": "iad" if answers else "fra"}
            ids.append(world.call("POST", PATH, {**body, "skip_launch": True})["id"])
        world.call("POST", "/_local/faults", {"name": "region-down", "region": "fra"})
        machines = LockMachines(world.api, APP, ())
        before = machines.find()
        if not before.usable:
            return
        gone = machines.tidy(before, {})
        after = machines.find()
        assert after.ids == before.ids - set(gone)
        assert {each.id for each in after.counting} <= {each.id for each in before.counting}
        assert before.counting[0].id in after.ids
        # What is left would count if the others were away, or is on a host that does not answer.
        assert len(gone) >= len([each for each in before.counting[1:] if not each.instead_of])


def test_a_lock_machine_that_is_destroyed_takes_the_lock_with_it(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    (machine,) = hall.lock_machines()
    hall.world.pass_time(LEASE + 1)
    hall.world.call("DELETE", f"{PATH}/{machine['id']}?force=true")
    assert held.lost() == "the lock machine was destroyed"
    hall.take("bob")
    assert hall.names() == ["bob@test"]


def test_an_answer_that_fails_once_is_no_reason_for_another_lock_machine(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    hall.fault("server-error", set={"op": "leases.*"}, **{"for": "4s"})
    held.renew()
    hall.world.pass_time(4)
    held.renew_if_due()
    assert held.lost() == "" and held.sure and len(hall.lock_machines()) == 1


def test_a_platform_that_does_not_answer_for_a_while_is_no_loss(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    hall.fault("server-error", **{"for": "40s"})
    hall.world.pass_time(30)
    since = hall.world.clock.now()
    assert held.lost() == ""
    assert held.sure and hall.world.clock.now() - since > 9


def test_a_platform_that_does_not_answer_for_long_ends_the_rollout(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    hall.fault("server-error", **{"for": "10m"})
    since = hall.world.clock.now()
    hall.world.pass_time(RENEW * 3)
    assert "could not be renewed" in held.lost()
    assert GIVE_UP <= hall.world.clock.now() - since < GIVE_UP + 60
    held.release()


def test_a_lease_that_was_taken_anew_without_our_hearing_of_it_is_ours(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    hall.fault("server-error", set={"op": "leases.*"}, **{"for": LEASE + 2.0})
    hall.world.pass_time(LEASE + 1.0)
    hall.world.call("DELETE", "/_local/faults")
    # Ours had ended; it is given to us again, and no answer tells.
    (machine,) = hall.lock_machines()
    hall.world.api.acquire_lease(APP, machine["id"], LEASE, "flyo lock ada")
    assert held.lost() == "" and hall.names() == ["ada@test"]
    held.release()
    assert hall.holders() == [] and hall.written() == []


def test_a_last_call_that_fails_is_not_repeated_for_long(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    hall.fault("server-error", **{"for": "10m"})
    since = hall.world.clock.now()
    held.release()
    assert hall.world.clock.now() - since < 15
