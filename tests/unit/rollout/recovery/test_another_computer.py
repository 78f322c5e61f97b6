"""Taking over without the journal, from what the machines themselves say, wherever the run was killed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.recovery.from_machines import unfinished_by_machines
from tests.unit.rollout.recovery.killed_world import KilledWorld
from tests.unit.rollout.recovery.test_killed_anywhere import bare, sweep
from tests.unit.rollout.rollout_world import snapshot


def elsewhere(killed: KilledWorld) -> PastRollout | None:
    """What another computer finds."""
    work = killed.work()
    shutil.rmtree(work.journals.directory)
    return unfinished_by_machines(work.observe(), work.target.api, work.journals)


@pytest.mark.parametrize("way", ["resume", "abort"])
def test_it_is_finished_or_undone(tmp_path: Path, way: str) -> None:
    found = 0
    for killed, image, before in sweep(tmp_path, "in-place", False, KilledWorld.deploy):
        past = elsewhere(killed)
        if past is None:
            # Not begun, or as good as done: a plain deploy does the rest.
            assert killed.verified(image) or snapshot(killed.world) == before, killed.directory
            continue
        found += 1
        outcome = getattr(killed.recovery(), way)(past)
        assert outcome.kind == "done", (killed.directory, outcome.what)
        if way == "resume":
            assert killed.verified(image), killed.directory
        else:
            assert bare(snapshot(killed.world)) == bare(before), killed.directory
        assert killed.leases() == 0
    assert found > 10


def test_a_surge_is_refused_and_a_plain_deploy_goes_on(tmp_path: Path) -> None:
    refused = 0
    for killed, image, _ in sweep(tmp_path, "surge", False, KilledWorld.deploy):
        try:
            elsewhere(killed)
        except FlyoError as error:
            assert error.code == "takeover.surge" and error.exit == 5
            refused += 1
            if refused % 8 == 0:
                killed.world.pass_time(60)
                assert killed.deploy(image).kind == "done", killed.directory
                assert killed.verified(image) and len(killed.world.machines()) == 4, killed.directory
    assert refused > 20
