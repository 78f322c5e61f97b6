"""The app's lock, and files that cannot be written: the whole line of each refusal, on the simulated platform."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from flyctl_orchestrator.rollout.state.lock_record import MARK
from tests.functional.printed.simulated import plain, simulated
from tests.unit.rollout.recovery.killed_world import KilledWorld
from tests.unit.rollout.rollout_world import APP

HOST = socket.gethostname()


@pytest.fixture
def killed(tmp_path: Path) -> KilledWorld:
    """A machine in each of three regions."""
    world = KilledWorld(tmp_path / "here")
    assert world.deploy(world.world.push("one")).kind == "done"
    return world


def test_a_lock_that_a_person_has_taken(killed: KilledWorld) -> None:
    with simulated(killed) as there:
        assert there.flyo("lock take --why moving").status == 0
        ran = there.flyo("scale iad=2", USER="bob")
        assert (ran.status, plain(ran.line)) == (
            6,
            f"flyo: app shop: locked by ann@{HOST} since TIME (0 s ago): moving. It was taken by hand, so --lock-wait "
            "does not wait for it; 'flyo lock release --local' releases it [lock.by_hand]",
        )
        ran = there.flyo("lock release", USER="bob")
        assert (ran.status, ran.line) == (
            6,
            f"flyo: app shop: the lock is held by another person: ann@{HOST}, moving. Add --force when you know that "
            "nothing is under way [lock.not_yours]",
        )


def test_a_lock_machine_of_which_somebody_else_has_the_lease(killed: KilledWorld) -> None:
    with simulated(killed) as there:
        assert there.flyo("lock take --why moving").status == 0
        assert there.flyo("lock release").status == 0
        (lock,) = (body["id"] for body in killed.world.bodies() if MARK in body["config"].get("metadata", {}))
        killed.world.api.acquire_lease(APP, lock, 3600, "somebody")
        ran = there.flyo("scale iad=2")
    assert (ran.status, plain(ran.line)) == (
        6,
        "flyo: app shop: another client holds the lease of the lock machine (could not take the machine's lease: 409 "
        "machine ID ID lease currently held by local@flyo.localhost, expires at TIME). Try again later; 'flyo local "
        "exec -- flyctl machine leases view' shows who holds it, 'flyo lock release --local --force' ends it "
        "[lock.busy]",
    )


def test_an_app_without_a_machine_has_no_place_for_a_lock(tmp_path: Path) -> None:
    with simulated(KilledWorld(tmp_path / "here")) as there:
        ran = there.flyo("lock take --why moving")
    assert (ran.status, ran.line) == (
        1,
        "flyo: app shop: the app has no machine yet, and without an image no lock machine can be made. Run 'flyo "
        "deploy --local' first [lock.nowhere]",
    )


def test_a_state_directory_in_which_no_lock_can_be_written(killed: KilledWorld) -> None:
    locks = killed.directory / "state" / "locks"
    locks.write_text("")
    with simulated(killed) as there:
        ran = there.flyo("scale iad=2")
    assert (ran.status, ran.line) == (
        1,
        f"flyo: {locks}/local/shop.lock: the lock file cannot be written (Not a directory). Set FLYO_STATE_DIR to a "
        "directory that can be written [lock.unwritable]",
    )


def test_a_state_directory_in_which_no_journal_can_be_written(killed: KilledWorld) -> None:
    """It leads to where nothing is."""
    journals = killed.work().journals.directory
    shutil.rmtree(journals)
    journals.symlink_to(killed.directory / "unmounted" / "shop")
    with simulated(killed) as there:
        ran = there.flyo("scale iad=2")
    assert (ran.status, plain(ran.line)) == (
        1,
        f"flyo: {journals}/ROLLOUT.jsonl: the rollout's journal cannot be written (File exists). Make it yours to "
        "write, or set FLYO_STATE_DIR to a directory that can be written [journal.unwritable]",
    )


# --- rehearsals


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "rehearse --all --only region-down@frx:before",
            "flyo: --only: there is no bad day 'region-down@frx:before'. Write FAULT@REGION:MOMENT, e.g. "
            "region-down@iad:before; 'flyo local fault names' lists the faults [rehearse.day]",
        ),
        (
            "rehearse --fault region-down:fra:soon",
            "flyo: --fault region-down:fra:soon: 'soon' is no region and no duration. Write "
            "NAME[:REGION][:DURATION][:KEY=VALUE]..., e.g. region-down:fra:30s or server-error:times=3 "
            "[rehearse.fault]",
        ),
    ],
)
def test_what_cannot_be_rehearsed(killed: KilledWorld, words: str, line: str) -> None:
    (killed.directory / "Dockerfile").write_text("FROM scratch\n")
    with simulated(killed) as there:
        ran = there.flyo(words)
    assert (ran.status, ran.line) == (2, line)


def test_a_rollout_that_fails_without_any_fault(killed: KilledWorld) -> None:
    """flyctl refuses a service that does not say which of two groups it is for."""
    (killed.directory / "Dockerfile").write_text("FROM scratch\n")
    fly = killed.directory / "fly.toml"
    fly.write_text(f'{fly.read_text()}[processes]\napp = "run"\nworker = "work"\n')
    with simulated(killed) as there:
        ran = there.flyo("rehearse --all")
    assert (ran.status, plain(ran.line)) == (
        1,
        "flyo: flyo rehearse --all: on a day without any fault the rollout ends with status 1: iad ID: flyctl gave up: "
        "App configuration is not valid; nothing was changed on the fleet. Look at it with 'flyo rehearse --local "
        "--all --only fair-weather' [rehearse.fair]",
    )
