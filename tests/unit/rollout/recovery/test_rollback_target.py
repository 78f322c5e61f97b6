"""Which earlier state `flyo rollback` goes back to, what it says of it, and how to come back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.state.metadata import CREATED, ROLLOUT
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint
from tests.unit.rollout.journal.kept_rollouts import APP, MORNING, Kept, machine, rollout_id
from tests.unit.rollout.recovery.rollback_choice import choose, led_to, one, passed

SECRETS_CHANGED = (
    "secrets have changed since: which ones is not known on this computer; Fly keeps no old values, so the machines "
    "start with the newest ones"
)
PUT_TOGETHER = "put together from what the machines themselves had; machines that are gone since are not known"


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "rollouts")


# --- without a name: the last good state


def test_the_beginning_of_the_last_rollout_is_the_state_before_it(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    kept.whole(2, [machine("b", 2, image="two"), machine("c", 3, image="two", region="fra")])
    state = choose(kept, one(4, "new"))
    assert led_to(state) == {"b": "two", "c": "two"}
    assert state.said == "release v2, v3, registry.fly.io/shop:two"
    assert (state.towards, state.notes, state.undo) == (rollout_id(2), (), f"flyo rollback {rollout_id(2)}")
    # Whatever was created since is to go, whoever made it.
    point = state.restore_point
    assert (point.at, point.surplus, point.touched) == (MORNING + 7200, True, None)
    assert point.made_by == {rollout_id(2)}


def test_every_rollout_since_may_have_made_machines(kept: Kept) -> None:
    for number, release in ((1, 1), (2, 2), (3, 3)):
        kept.whole(number, one(release, "one"))
    assert choose(kept, one(4, "new"), "2").restore_point.made_by == {rollout_id(2), rollout_id(3)}


def test_of_a_rollout_that_was_resumed_the_state_is_as_old_as_its_origin(kept: Kept) -> None:
    kept.whole(1, one(1, "one"), began=MORNING + 1800)
    assert choose(kept, one(2, "new")).restore_point.at == MORNING + 1800
    kept.whole(2, one(1, "one"), origin=RestorePoint({}, MORNING + 900).as_dict())
    assert choose(kept, one(2, "new")).restore_point.at == MORNING + 900


def test_machines_that_were_ill_then_need_not_be_well_now(kept: Kept) -> None:
    kept.begin(1, one(1, "one"))
    kept.change(1, ill=["a"])
    kept.end(1)
    assert choose(kept, one(2, "new")).restore_point.ill == {"a"}


@pytest.mark.parametrize("outcome", ["done", "resumed", "mixed", "inconclusive"])
def test_rollouts_that_left_the_fleet_changed_count(kept: Kept, outcome: str) -> None:
    kept.whole(1, one(1, "one"))
    kept.whole(2, one(2, "two"), outcome)
    state = choose(kept, one(3, "new"))
    assert (led_to(state), state.undo) == ({"a": "two"}, f"flyo rollback {rollout_id(2)}")


@pytest.mark.parametrize("outcome", ["rolled_back", "untouched", "aborted"])
def test_rollouts_that_went_back_by_themselves_do_not(kept: Kept, outcome: str) -> None:
    kept.whole(1, one(1, "one"))
    kept.whole(2, one(2, "two"), outcome)
    state = choose(kept, one(2, "two"))
    assert (led_to(state), state.towards, state.undo) == ({"a": "one"}, rollout_id(1), f"flyo rollback {rollout_id(1)}")


def test_rollouts_that_changed_nothing_do_not_count_either(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    kept.begin(2, one(2, "two"))
    kept.end(2)
    assert led_to(choose(kept, one(2, "two"))) == {"a": "one"}
    with pytest.raises(UsageError):
        choose(kept, one(2, "two"), rollout_id(2))


def test_after_a_rollback_the_state_before_the_one_it_led_to_is_next(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    kept.whole(2, one(2, "two"))
    kept.whole(3, one(3, "three"))
    kept.whole(4, one(4, "four"), target=one(3, "three"), towards=rollout_id(3))
    assert led_to(choose(kept, one(5, "three"))) == {"a": "two"}
    kept.whole(5, one(5, "three"), target=one(2, "two"), towards=rollout_id(2))
    assert led_to(choose(kept, one(6, "two"))) == {"a": "one"}


def test_after_a_rollback_a_new_rollout_is_undone_to_where_the_rollback_led(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    kept.whole(2, one(2, "two"))
    kept.whole(3, one(3, "three"), target=one(2, "two"), towards=rollout_id(2))
    kept.whole(4, one(4, "two"))
    state = choose(kept, one(5, "new"))
    assert (led_to(state), state.towards) == ({"a": "two"}, rollout_id(4))


def test_after_a_rollback_to_what_no_journal_knows_the_machines_are_asked(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    kept.whole(2, one(2, "two"), target=one(1, "zero"))
    state = choose(kept, one(3, "zero"), had={"a": [_had(2, "two")]})
    assert (led_to(state), state.towards, state.notes[0]) == ({"a": "two"}, "", PUT_TOGETHER)


def test_a_first_deploy_is_not_undone_to_nothing(kept: Kept) -> None:
    kept.whole(1, [])
    kept.whole(2, one(1, "one"))
    kept.whole(3, [])
    assert led_to(choose(kept, one(3, "new"))) == {"a": "one"}


def test_of_the_first_deploy_alone_nothing_earlier_is_known(kept: Kept) -> None:
    kept.whole(1, [])
    with pytest.raises(FlyoError) as raised:
        choose(kept, one(1, "one"))
    assert raised.value.code == "rollback.nothing"


def test_machines_that_are_all_gone_come_back_from_the_journal(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    assert led_to(choose(kept, [])) == {"a": "one"}


@pytest.mark.parametrize(
    ("before", "sound"),
    [
        ([machine("a", image="x"), machine("b", image="y")], False),
        ([machine("a", image="x"), machine("b", image="x")], True),
        ([machine("a", image="x"), machine("b", image="y", group="worker")], True),
        ([machine("a", image="x"), machine("b", image="y", group="worker"), machine("c", image="x")], True),
        ([machine("a", image="x"), machine("b", image="y", group="worker"), machine("c", image="z")], False),
        ([replace(machine("a", image="x"), digest=None), machine("b", image="x")], False),
        # The same name, but not the same image.
        ([machine("a", image="x"), replace(machine("b", image="x"), digest="sha256:y")], False),
    ],
)
def test_a_state_with_two_images_in_a_process_group_is_passed_over(
    kept: Kept, before: list[Machine], sound: bool
) -> None:
    kept.whole(1, one(1, "one"))
    kept.whole(2, before)
    assert choose(kept, one(3, "new")).towards == rollout_id(2 if sound else 1)


def test_where_another_computer_went_on_the_machines_are_asked(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    for tag in ({ROLLOUT: rollout_id(2)}, {CREATED: f"{rollout_id(2)}/iad/app/new-1"}):
        moved = one(3, "three", wrote=tag)
        state = choose(kept, moved, had={"a": [_had(3, "three"), _had(2, "two"), _had(1, "one")]})
        assert (led_to(state), state.towards, state.undo) == ({"a": "two"}, "", "flyo rollback 3")


@pytest.mark.parametrize("wrote", [{}, {ROLLOUT: rollout_id(1)}, {ROLLOUT: rollout_id(0)}])
def test_where_this_computer_changed_it_last_its_journals_say(kept: Kept, wrote: dict[str, str]) -> None:
    kept.whole(1, one(1, "one"))
    assert choose(kept, one(2, "new", wrote=wrote)).towards == rollout_id(1)


# --- by a release


@pytest.mark.parametrize("wanted", ["2", "v2"])
def test_a_release_is_found_by_its_number(kept: Kept, wanted: str) -> None:
    kept.whole(1, one(1, "one"))
    kept.whole(2, [machine("a", 2, image="two"), machine("b", 1, image="two")])
    kept.whole(3, one(3, "three"))
    state = choose(kept, one(4, "new"), wanted)
    assert (state.towards, state.undo) == (rollout_id(2), f"flyo rollback {rollout_id(3)}")


def test_of_a_release_that_was_there_twice_the_latest_time_is_meant(kept: Kept) -> None:
    kept.whole(1, one(2, "two"))
    kept.whole(2, [])
    kept.whole(3, one(2, "two again"))
    kept.whole(4, [machine("b", None)])
    assert choose(kept, one(4, "new"), "2").towards == rollout_id(3)


def test_a_release_that_no_journal_knows_is_looked_for_on_the_machines(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    had = {"a": [_had(9, "nine"), _had(7, "seven"), _had(6, "six")]}
    state = choose(kept, one(9, "nine"), "6", had)
    assert (led_to(state), state.said) == ({"a": "six"}, "release v6, registry.fly.io/shop:six")
    assert (state.towards, state.notes, state.undo) == ("", (PUT_TOGETHER,), f"flyo rollback {rollout_id(1)}")


def test_machines_without_a_release_are_of_none(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    kept.whole(2, [machine("a", None, image="two")])
    assert choose(kept, one(3, "new"), "1").towards == rollout_id(1)
    assert choose(kept, one(3, "new")).said == "registry.fly.io/shop:two"


def test_a_number_as_long_as_a_date_is_the_beginning_of_no_release(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    kept.whole(2, one(1_234_567, "two"))
    assert choose(kept, one(3, "new"), "1234567").towards == rollout_id(2)
    with pytest.raises(UsageError) as raised:
        choose(kept, one(3, "new"), "20261123")
    assert raised.value.code == "rollback.unknown"


# --- by a rollout


@pytest.mark.parametrize("wanted", [rollout_id(1), "070000-000001", "-000001"])
def test_a_rollout_means_the_state_it_left(kept: Kept, wanted: str) -> None:
    kept.whole(1, one(1, "one"))
    kept.whole(2, one(2, "two"))
    kept.whole(3, one(3, "three"))
    state = choose(kept, one(4, "new"), wanted)
    assert (led_to(state), state.towards) == ({"a": "two"}, rollout_id(2))
    assert state.undo == f"flyo rollback {rollout_id(3)}"


def test_the_newest_rollout_is_the_present_state(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    kept.whole(2, one(2, "two"))
    with pytest.raises(UsageError) as raised:
        choose(kept, one(3, "new"), rollout_id(2))
    error = raised.value
    assert (error.code, error.where) == ("rollback.current", "rollback")
    assert f"rollout {rollout_id(2)} is the newest one" in error.what
    assert "'flyo rollback'" in error.next


def test_an_unknown_rollout_is_refused(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    with pytest.raises(UsageError) as raised:
        choose(kept, one(2, "new"), "nobody")
    error = raised.value
    assert (error.code, error.where) == ("rollback.unknown", "rollback")
    assert "no rollout nobody" in error.what and f"app {APP}" in error.what
    assert "'flyo history'" in error.next


def test_an_end_that_fits_two_rollouts_is_refused(kept: Kept) -> None:
    for number in (1, 2):
        kept.whole(number, one(1, "one"))
    other = rollout_id(3)[:-1] + "1"  # another time, the same end
    path = kept.store.path(rollout_id(1))
    kept.store.path(other).write_text(path.read_text().replace(rollout_id(1), other))
    with pytest.raises(UsageError) as raised:
        choose(kept, one(3, "new"), "-000001")
    assert "more than one rollout -000001" in raised.value.what
    assert choose(kept, one(3, "new"), rollout_id(1)).towards == rollout_id(2)


# --- notes


def test_release_commands_that_ran_since_are_named(kept: Kept) -> None:
    kept.whole(1, one(1, "one"), release_command=True)
    kept.whole(2, one(2, "two"), release_command=True)
    kept.whole(3, one(3, "three"))
    kept.whole(4, one(4, "four"), release_command=True)
    notes = choose(kept, one(5, "new"), "2").notes
    assert notes == tuple(
        f"rollout {rollout_id(number)} may have run a release command since; what it did stays done"
        for number in (2, 4)
    )


@pytest.mark.parametrize(
    ("marks", "changed"),
    [
        ((None,), False),
        (("secrets",), False),
        (("older",), True),
        (("secrets", "older"), True),
        (("older", None), True),
    ],
)
def test_secrets_that_changed_since_are_mentioned(kept: Kept, marks: tuple[str | None, ...], changed: bool) -> None:
    bare = [machine(f"m{number}", 1) for number in range(len(marks))]
    before = [passed(each, mark) if mark else each for each, mark in zip(bare, marks, strict=True)]
    kept.whole(1, [])
    kept.whole(2, before, release_command=True)
    for wanted in (None, "1", rollout_id(1)):
        notes = choose(kept, one(2, "new"), wanted).notes
        assert notes[0].startswith(f"rollout {rollout_id(2)}")
        assert notes[1:] == ((SECRETS_CHANGED,) if changed else ())


# --- from what the machines had


def _had(release: int | None, image: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """One version of a machine's configuration."""
    return f"v{release}", dict(machine("any", release, image=image, **more).config)


def test_without_a_journal_each_machine_goes_to_the_release_before_its_present_one(kept: Kept) -> None:
    fleet = [machine("a", 5, image="five"), machine("b", 5, image="five", region="fra"), machine("c", 5, region="nrt")]
    old = passed(machine("b", 4, image="four"), "older")
    had = {
        "a": [_had(5, "five"), _had(None, "by hand"), _had(3, "three"), _had(2, "two")],
        "b": [_had(5, "five"), ("v4", dict(old.config))],
        "c": [_had(5, "five")],
    }
    state = choose(kept, fleet, None, had)
    assert led_to(state) == {"a": "three", "b": "four", "c": "one"}
    assert state.restore_point.ill == frozenset()
    assert (state.restore_point.at, state.restore_point.surplus) == (0.0, False)
    assert state.restore_point.made_by == frozenset()
    assert state.notes == (PUT_TOGETHER, "nrt c had no such version and stays as it is", SECRETS_CHANGED)
    assert (state.towards, state.undo) == ("", "flyo rollback 5")
    assert state.said == "release v3, v4, v5, registry.fly.io/shop:four, registry.fly.io/shop:one, " + (
        "registry.fly.io/shop:three"
    )


@pytest.mark.parametrize(("wanted", "words"), [(None, "an earlier state"), ("3", "release v3")])
@pytest.mark.parametrize("machines", [[], one(5, "five")], ids=["no machines", "no versions"])
def test_where_nothing_is_known_it_says_so(kept: Kept, machines: list[Machine], wanted: str | None, words: str) -> None:
    with pytest.raises(FlyoError) as raised:
        choose(kept, machines, wanted, {"a": [_had(5, "five")]})
    error = raised.value
    assert (error.code, error.where) == ("rollback.nothing", f"app {APP}")
    assert f"nothing is known of {words}, neither on this computer nor by the machines" in error.what
    assert "'flyo history'" in error.next and "'flyo deploy --image IMAGE'" in error.next


def test_a_computer_without_journals_asks_the_machines_of_another_ones_rollout(kept: Kept) -> None:
    state = choose(kept, one(5, "five", wrote={ROLLOUT: rollout_id(2)}), None, {"a": [_had(4, "four")]})
    assert (led_to(state), state.undo) == ({"a": "four"}, "flyo rollback 5")


def test_one_machine_with_a_past_is_enough(kept: Kept) -> None:
    fleet = [machine("a", 5, image="five"), machine("b", 5, image="five")]
    state = choose(kept, fleet, None, {"b": [_had(4, "four")]})
    assert led_to(state) == {"a": "five", "b": "four"}


def test_without_a_journal_and_a_release_a_deploy_is_the_way_to_come_back(kept: Kept) -> None:
    kept.begin(1, one(1, "one"))
    kept.change(1)  # and was killed
    fleet = [machine("a", None, image="x")]
    state = choose(kept, fleet, "1", {})
    assert (state.towards, state.undo) == (rollout_id(1), "flyo deploy")


def test_after_another_computer_its_release_is_the_way_to_come_back(kept: Kept) -> None:
    kept.whole(1, one(1, "one"))
    fleet = [machine("a", 7, wrote={ROLLOUT: rollout_id(2)}), machine("b", 8), machine("c", None)]
    assert choose(kept, fleet, "1").undo == "flyo rollback 8"
