"""What recovering refuses and warns of: the whole line of each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from flyctl_orchestrator.report.words import sentence
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.recovery.going_back import Return, announce_return, decide_return
from flyctl_orchestrator.rollout.recovery.unfinished import refuse_unfinished
from tests.refusals import refused
from tests.unit.rollout.recovery.killed_world import FLY_TOML, KilledWorld
from tests.unit.rollout.rollout_world import APP

INTERNAL = "500 internal: the server could not handle the request"


@pytest.fixture
def killed(tmp_path: Path) -> KilledWorld:
    world = KilledWorld(tmp_path / "here")
    assert world.deploy(world.world.push("one")).kind == "done"
    return world


def half_way(killed: KilledWorld) -> PastRollout:
    """A second rollout, killed once it has changed something."""
    two = killed.world.push("two")
    assert killed.killed(9, lambda: killed.deploy(two))
    past = killed.past()
    assert past is not None and past.changing
    return past


def test_it_is_not_finished_with_another_fly_toml(killed: KilledWorld) -> None:
    past = half_way(killed)
    (killed.directory / "fly.toml").write_text(FLY_TOML + '[env]\nLEVEL = "debug"\n')
    with refused(
        2,
        f"flyo: {killed.directory / 'fly.toml'}: it has changed since rollout {past.id} began. Put it back and run "
        "'flyo deploy --resume', or 'flyo deploy --abort' and then 'flyo deploy' [resume.config]",
    ):
        killed.recovery().resume(past)


RECOVERING: dict[str, Callable[[KilledWorld, PastRollout], object]] = {
    "deploy": lambda killed, past: refuse_unfinished(killed.work(), killed.work().observe()),
    "resume": lambda killed, past: killed.recovery().resume(past),
    "abort": lambda killed, past: killed.recovery().abort(past),
}


@pytest.mark.parametrize("how", RECOVERING)
def test_nothing_is_begun_beside_a_rollout_that_runs(killed: KilledWorld, how: str) -> None:
    past = half_way(killed)
    with (
        closing(killed.work().journals.open(past.id, killed.world.clock)),  # as the process that runs it has it open
        refused(
            6,
            f"flyo: app shop: rollout {past.id} is running on this computer. Wait for its end, or press Ctrl-C where "
            "it runs [rollout.running]",
        ),
    ):
        RECOVERING[how](killed, past)


def test_what_a_rollback_leaves_as_it_is(killed: KilledWorld) -> None:
    killed.world.call("POST", f"/v1/apps/{APP}/secrets", {"values": {"KEY": "another"}})
    assert killed.deploy(killed.world.push("two")).kind == "done"
    killed.events.clear()
    work = killed.work()
    decided = decide_return(work, None)
    assert isinstance(decided, Return)
    announce_return(work, decided)
    warned = [said.text for event in killed.events if event.name == "warning" and (said := sentence(event))]
    assert warned == [
        "secrets have changed since: KEY (new); Fly keeps no old values, so the machines start with the newest ones "
        "[rollback.note]"
    ]


def test_a_lease_of_a_killed_rollout_that_cannot_be_given_back(killed: KilledWorld) -> None:
    past = half_way(killed)
    (machine, *_) = killed.world.machines()
    killed.world.api.acquire_lease(APP, machine.id, 60, f"flyo rollout {past.id}")
    killed.world.call("POST", "/_local/faults", {"name": "server-error", "set": {"op": "leases.release"}})
    killed.events.clear()
    killed.recovery().abort(past)
    warned = {said.text for event in killed.events if event.name == "warning" and (said := sentence(event))}
    assert (
        f"{machine.id}: could not give the lease back: {INTERNAL}; it ends by itself within a minute [lease_kept]"
        in warned
    )
