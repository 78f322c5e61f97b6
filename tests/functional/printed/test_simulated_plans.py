"""What `plan`, `deploy` and `scale` refuse before they change a machine: the whole line, on the simulated platform."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.functional.printed.simulated import plain, simulated
from tests.unit.rollout.recovery.killed_world import FLY_TOML, KilledWorld
from tests.unit.rollout.rollout_world import APP
from tests.unit.rollout.volumes.mounted_world import changed

MACHINES = f"/v1/apps/{APP}/machines"
NEW_PLAN = "Make a new one with 'flyo plan --local --out FILE'"


@pytest.fixture
def killed(tmp_path: Path) -> KilledWorld:
    """A machine in each of three regions."""
    world = KilledWorld(tmp_path / "here")
    assert world.deploy(world.world.push("one")).kind == "done"
    return world


def test_a_plan_that_is_not_about_the_fleet_as_it_is(killed: KilledWorld) -> None:
    image, kept = killed.world.push("two").ref, killed.directory / "plan.json"
    with simulated(killed) as there:
        assert there.flyo(f"plan --image {image} --out plan.json").status == 0
        killed.world.call("POST", f"/v1/apps/{APP}/secrets", {"values": {"KEY": "another"}})
        ran = there.flyo("deploy --plan plan.json")
        assert (ran.status, ran.line) == (
            7,
            f"flyo: {kept}: the secrets have changed since the plan was made. {NEW_PLAN} [plan.stale]",
        )
        assert there.flyo(f"plan --image {image} --out plan.json").status == 0
        assert killed.scale(iad=2).kind == "done"
        ran = there.flyo("deploy --plan plan.json")
        assert (ran.status, ran.line) == (
            7,
            f"flyo: {kept}: the fleet has changed since the plan was made. {NEW_PLAN} [plan.stale]",
        )
        (killed.directory / "fly.toml").write_text(FLY_TOML + '[env]\nLEVEL = "debug"\n')
        ran = there.flyo("deploy --plan plan.json")
        assert (ran.status, ran.line) == (
            7,
            f"flyo: {kept}: fly.toml has changed since the plan was made. {NEW_PLAN} [plan.stale]",
        )


@pytest.mark.parametrize(
    ("words", "regions", "line"),
    [
        (
            "--without frq", "iad = 1",
            "flyo: --without: 'frq' is neither a region nor a machine of app shop. Did you mean 'fra'? [plan.without]",
        ),
        (
            "--without iad --without fra --without nrt", "iad = 1",
            "flyo: --without: that leaves no machine and no region to roll out to. Leave less out [plan.without]",
        ),
        (
            "", "iad = 0",
            "flyo: app shop: no machine is wanted anywhere. Give at least one region a count above 0 in flyo.toml "
            "[regions] [plan.nothing_wanted]",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_nothing_to_roll_out_to(killed: KilledWorld, command: str, words: str, regions: str, line: str) -> None:
    (killed.directory / "flyo.toml").write_text(f"[regions]\n{regions}\n")
    with simulated(killed) as there:
        ran = there.flyo(f"{command} --image {killed.world.push('two').ref} {words}")
    assert (ran.status, ran.line) == (2, line)


def test_machines_that_would_be_made_smaller(killed: KilledWorld) -> None:
    (machine,) = killed.world.in_region("iad")
    guest = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 1024}
    killed.world.call("POST", f"{MACHINES}/{machine.id}", {"config": {**machine.config, "guest": guest}})
    size = '[[vm]]\nsize = "shared-cpu-1x"\nmemory = "512mb"\n'
    (killed.directory / "fly.toml").write_text(FLY_TOML + size)
    with simulated(killed) as there:
        ran = there.flyo(f"deploy --image {killed.world.push('two').ref}")
    assert (ran.status, plain(ran.line)) == (
        7,
        "flyo: app shop: fly.toml makes machines smaller than they are: iad ID (shared-cpu-1x with 1024 MB to "
        "shared-cpu-1x with 512 MB). Give [[vm]] the size they have, or add --yes [plan.smaller]",
    )


@pytest.mark.parametrize(
    ("name", "words", "status", "line"),
    [
        (
            "other", "deploy --image {image}", 2,
            "flyo: app shop: fly.toml mounts volume other into machines of process group app that do not have it, and "
            "there is none that is free for each of them: volumes missing: fra 2, iad 1. Make them: 'flyo local exec "
            "-- flyctl volumes create other -a shop -r fra -n 2' and 'flyo local exec -- flyctl volumes create other "
            "-a shop -r iad -n 1'; or make new machines: 'flyo scale --local app:fra=0 app:iad=0', then 'flyo deploy "
            "--local' [plan.volume_missing]",
        ),
        (
            "", "deploy --image {image}", 7,
            "flyo: app shop: fly.toml mounts other volumes than machines have, or none any more: iad ID (volume VOLUME "
            "(data, 3 GB, iad)), fra ID (volume VOLUME (data, 3 GB, fra)), fra ID (volume VOLUME (data, 3 GB, fra)). "
            "Put [mounts] back as it was, or add --yes: the machines are replaced, and their volumes are kept "
            "[plan.volume_detached]",
        ),
        (
            "data", "deploy --image {image} --strategy surge", 2,
            "flyo: app shop: strategy 'surge' is not possible: process group app has volumes; a volume belongs to one "
            "machine and cannot move to its replacement. Use strategy 'in-place' ([rollout] strategy in flyo.toml, or "
            "--strategy in-place) [plan.surge_unfit]",
        ),
        (
            "data", "scale fra=1 --with-volumes", 2,
            "flyo: app shop: this destroys 1 machine in fra, and 1 volume with what is on it. Add --yes "
            "[scale.volumes]",
        ),
    ],
)  # fmt: skip
def test_volumes(tmp_path: Path, name: str, words: str, status: int, line: str) -> None:
    mounted = changed(tmp_path / "here", name)
    image = mounted.push("two").ref
    with simulated(mounted) as there:
        ran = there.flyo(words.format(image=image))
    assert (ran.status, plain(ran.line)) == (status, line)


def test_which_of_two_images_to_copy(killed: KilledWorld) -> None:
    (body,) = (each for each in killed.world.bodies() if each["region"] == "fra")
    killed.world.flyctl_update(body, killed.world.push("two").ref or "")
    killed.world.pass_time(5)
    with simulated(killed) as there:
        ran = there.flyo("scale iad=2")
    assert (ran.status, ran.line) == (
        2,
        "flyo: app shop: process group app runs 2 different images, so it is not clear which to copy. Run 'flyo "
        "deploy --local' to make them one, or name the machine to copy with --like ID [scale.mixed]",
    )


def test_what_is_too_much_and_cannot_be_removed(killed: KilledWorld) -> None:
    killed.world.call("POST", "/_local/faults", {"name": "server-error", "set": {"op": "machines.delete"}})
    with simulated(killed) as there:
        ran = there.flyo("scale fra=0 --yes")
    assert (ran.status, plain(ran.line)) == (
        4,
        "flyo: app shop: 2 machines are unchanged, but what was too much could not be removed: fra ID. The same 'flyo "
        "scale --local' goes on [scale.left]",
    )


# --- rollouts that did not come to their end


def test_a_rollout_that_was_killed_half_way(killed: KilledWorld) -> None:
    two = killed.world.push("two")
    assert killed.killed(9, lambda: killed.deploy(two))
    with simulated(killed) as there:
        for words in (f"deploy --image {two.ref}", "scale iad=2"):
            ran = there.flyo(words)
            assert (ran.status, plain(ran.line)) == (
                5,
                "flyo: app shop: rollout ROLLOUT was stopped half-way; nothing was changed now. 'flyo deploy --local "
                "--resume' finishes it, 'flyo deploy --local --abort' puts everything back [rollout.unfinished]",
            )


def test_nothing_to_resume(killed: KilledWorld) -> None:
    with simulated(killed) as there:
        ran = there.flyo("deploy --resume")
    assert (ran.status, ran.line) == (
        1,
        "flyo: app shop: no rollout is unfinished, so there is nothing to resume; no machine was changed. 'flyo deploy "
        "--local' begins a new rollout [resume.nothing]",
    )


def test_a_surge_is_not_finished_from_another_computer(tmp_path: Path) -> None:
    killed = KilledWorld(tmp_path / "here", strategy="surge")
    assert killed.deploy(killed.world.push("one")).kind == "done"
    two = killed.world.push("two")
    assert killed.killed(9, lambda: killed.deploy(two))
    shutil.rmtree(killed.work().journals.directory)
    with simulated(killed) as there:
        ran = there.flyo("deploy --resume")
    assert (ran.status, ran.line) == (
        5,
        "flyo: app shop: a rollout that replaces machines is unfinished, and its journal is not on this computer. "
        "Resume or abort it where it was begun; or 'flyo deploy --local' here, which goes on from what is there "
        "[takeover.surge]",
    )


def test_what_cannot_be_gone_back_to(killed: KilledWorld) -> None:
    with simulated(killed) as there:
        ran = there.flyo("rollback zzz")
        assert (ran.status, ran.line) == (
            2,
            "flyo: rollback: no rollout zzz of app shop is known on this computer. 'flyo history --local' lists them "
            "[rollback.unknown]",
        )
        newest = max(killed.work().journals.directory.glob("*.jsonl")).stem
        ran = there.flyo(f"rollback {newest}")
        assert (ran.status, plain(ran.line)) == (
            2,
            "flyo: rollback: rollout ROLLOUT is the newest one; there is nothing to roll back to it. 'flyo rollback "
            "--local' without a name goes to the state before it [rollback.current]",
        )
        ran = there.flyo("rollback")
        assert (ran.status, ran.line) == (
            1,
            "flyo: app shop: nothing is known of an earlier state, neither on this computer nor by the machines. 'flyo "
            "history --local' shows what is known; 'flyo deploy --local --image IMAGE' rolls out an image by name "
            "[rollback.nothing]",
        )


def test_events_that_were_not_kept_or_are_none(killed: KilledWorld) -> None:
    newest = max(killed.work().journals.directory.glob("*.jsonl"))
    with simulated(killed) as there:
        ran = there.flyo("history show last")
        assert (ran.status, plain(ran.line)) == (
            1,
            "flyo: history show: the events of rollout ROLLOUT were not kept. The newest rollouts made on this "
            "computer have them; 'flyo history --local' tells how all of them ended [history.no_events]",
        )
        assert there.flyo("scale iad=2").status == 0
        (kept,) = newest.parent.glob("*.events.ndjson")
        kept.write_text("no event\n")
        ran = there.flyo("history show last")
    assert (ran.status, ran.line) == (
        1,
        f"flyo: {kept}: the events of a rollout cannot be read: a line in it is no JSON. Make it readable, or remove "
        "it: nothing else depends on it, and 'flyo history --local' tells how it ended [history.bad_events]",
    )
