"""What `flyo rollback` says of where one is now, and what it makes of scales."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.rollout.recovery.rollback_target import State, choose_state
from tests.unit.rollout.recovery.killed_world import KilledWorld


@pytest.fixture
def killed(tmp_path: Path) -> KilledWorld:
    return KilledWorld(tmp_path)


def deploy(killed: KilledWorld, label: str, behaviour: Behaviour | None = None) -> str:
    """Roll out; gives the rollout's id."""
    killed.world.pass_time(60)
    killed.deploy(killed.world.push(label, behaviour))
    return killed.work().journals.all()[-1].id


def chosen(killed: KilledWorld, wanted: str | None = None) -> State:
    work = killed.work()
    return choose_state(work.journals, work.observe(), work.target.api, wanted)


def images(state: State) -> set[str]:
    return {machine.bare_image.rpartition(":")[2] for machine in state.restore_point.machines.values()}


def test_without_a_name_it_is_the_state_before_the_present_one(killed: KilledWorld) -> None:
    deploy(killed, "one")
    deploy(killed, "two")
    assert images(chosen(killed)) == {"one"}
    deploy(killed, "three")
    assert images(chosen(killed)) == {"two"}


def test_nothing_earlier_is_said(killed: KilledWorld) -> None:
    deploy(killed, "one")
    with pytest.raises(FlyoError) as caught:
        chosen(killed)
    assert caught.value.code == "rollback.nothing"


def test_after_a_release_that_was_taken_back_it_says_what_runs(killed: KilledWorld) -> None:
    """Who types `rollback` then may believe that the bad release runs; it would take the good one back."""
    deploy(killed, "one")
    deploy(killed, "two")
    bad = deploy(killed, "bad", Behaviour(exit_after_seconds=0.3, exit_code=3))
    state = chosen(killed)
    assert images(state) == {"one"}
    assert state.now.startswith("release v2, registry.fly.io/shop:two (")
    assert f"(rollout {bad} with registry.fly.io/shop:bad was taken back already)" in state.now


def test_in_quiet_times_it_says_only_what_runs(killed: KilledWorld) -> None:
    deploy(killed, "one")
    deploy(killed, "two")
    assert chosen(killed).now == "release v2, registry.fly.io/shop:two"


def test_other_counts_alone_make_no_state_to_go_back_to(killed: KilledWorld) -> None:
    deploy(killed, "one")
    deploy(killed, "two")
    killed.world.pass_time(60)
    killed.scale(nrt=3)
    state = chosen(killed)
    assert images(state) == {"one"}
    # What came since goes; whoever comes back from there has them again.
    new = [machine for machine in killed.world.machines() if state.restore_point.is_new(machine)]
    assert [machine.region for machine in new] == ["nrt", "nrt"]
    assert state.undo == f"flyo rollback {killed.work().journals.all()[-1].id}"


def test_a_scale_can_be_gone_back_to_by_its_name(killed: KilledWorld) -> None:
    deploy(killed, "one")
    killed.world.pass_time(60)
    killed.scale(nrt=3)
    scale = killed.work().journals.all()[-1].id
    deploy(killed, "two")
    state = chosen(killed, scale)
    assert images(state) == {"one"} and len(state.restore_point.machines) == 5


def test_names_that_say_nothing_are_refused(killed: KilledWorld) -> None:
    newest = deploy(killed, "one")
    with pytest.raises(UsageError, match="no rollout 20990101-000000-abcdef"):
        chosen(killed, "20990101-000000-abcdef")
    with pytest.raises(UsageError, match="is the newest one"):
        chosen(killed, newest)
