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
from tests.unit.rollout.recovery.test_killed_scale import sweep as scales
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
            # Not begun, as good as done, or nothing says for whom flyctl has changed it: a plain deploy does the rest.
            killed.world.pass_time(60)
            assert killed.deploy(image).kind in ("done", "nothing") and killed.verified(image), killed.directory
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


def test_what_flyctl_has_changed_is_nobodys_unfinished_rollout(tmp_path: Path) -> None:
    killed = KilledWorld(tmp_path)
    assert killed.deploy(killed.world.push("one")).kind == "done"
    by_hand = killed.world.push("by-hand")
    killed.world.release += 1
    for body in killed.world.bodies():
        killed.world.flyctl_update(body, by_hand.ref or "")
    killed.world.pass_time(10)
    assert elsewhere(killed) is None


def test_copies_of_what_flyo_has_never_seen_are_no_unfinished_rollout(tmp_path: Path) -> None:
    killed = KilledWorld(tmp_path)
    killed.world.flyctl_create("app", killed.world.push("one").ref or "")
    killed.world.pass_time(10)
    assert killed.scale(nrt=1).kind == "done"
    assert elsewhere(killed) is None


@pytest.mark.parametrize("way", ["resume", "abort"])
def test_a_scale_is_finished_or_undone_as_far_as_the_machines_tell(tmp_path: Path, way: str) -> None:
    """They tell that copies were made and not proved; what was to go, they do not."""
    found = 0
    for killed, image, before in scales(tmp_path, False):
        past = elsewhere(killed)
        if past is None:
            continue
        found += 1
        outcome = getattr(killed.recovery(), way)(past)
        assert outcome.kind == "done", (killed.directory, outcome.what)
        assert killed.verified(image), killed.directory
        if way == "abort":
            assert snapshot(killed.world) == before, killed.directory
    assert found > 3


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
