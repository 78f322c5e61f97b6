"""What `flyo rollback` says of what runs now, before it asks: machines, and a rollout that was taken back already."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.rollout.state.metadata import ROLLOUT
from tests.unit.rollout.journal.kept_rollouts import Kept, machine, rollout_id
from tests.unit.rollout.recovery.rollback_choice import choose, led_to, one

NOW = "release v2, registry.fly.io/shop:two"


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    kept = Kept(tmp_path / "rollouts")
    kept.whole(1, one(1, "one"))
    return kept


def test_it_is_what_the_machines_run(kept: Kept) -> None:
    assert choose(kept, one(2, "two")).now == NOW
    assert choose(kept, [*one(2, "two"), machine("b", None, image="odd")]).now == (
        "release v2, registry.fly.io/shop:odd, registry.fly.io/shop:two"
    )


def test_without_a_machine_it_is_nothing(kept: Kept) -> None:
    assert choose(kept, []).now == "nothing"


@pytest.mark.parametrize("outcome", ["rolled_back", "aborted", "interrupted"])
def test_a_rollout_that_was_taken_back_last_is_named(kept: Kept, outcome: str) -> None:
    kept.whole(2, one(2, "two"), outcome)
    said = f"{NOW} (rollout {rollout_id(2)} with registry.fly.io/shop:new was taken back already)"
    assert choose(kept, one(2, "two")).now == said


def test_one_without_an_image_is_named_all_the_same(kept: Kept) -> None:
    kept.whole(2, one(2, "two"), "aborted", target=[])
    assert choose(kept, one(2, "two")).now == f"{NOW} (rollback {rollout_id(2)} was taken back already)"


def test_one_that_was_followed_by_another_is_not_named(kept: Kept) -> None:
    kept.whole(2, one(1, "one"), "rolled_back")
    kept.whole(3, one(1, "one"))
    assert choose(kept, one(2, "two")).now == NOW


def test_nor_is_one_after_which_another_computer_changed_the_fleet(kept: Kept) -> None:
    kept.whole(2, one(1, "one"), "rolled_back")
    machines = one(2, "two", wrote={ROLLOUT: rollout_id(3)})
    had = {"a": [("v2-a", dict(machines[0].config)), ("v1-a", dict(one(1, "one")[0].config))]}
    assert choose(kept, machines, had=had).now == NOW


def test_other_counts_alone_make_no_state(kept: Kept) -> None:
    kept.whole(2, one(2, "two"), kind="scale")
    state = choose(kept, [*one(2, "two"), machine("b", 2, image="two")])
    assert (led_to(state), state.towards) == ({"a": "one"}, rollout_id(1))
