"""Why a machine did not pass: `flyo scale` on the simulated platform, and the whole line that it ends with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.rollout.lock.by_hand import give_back, holders
from tests.functional.printed.simulated import plain, simulated
from tests.unit.rollout.recovery.killed_world import KilledWorld
from tests.unit.rollout.rollout_world import APP, Looks, World

MACHINES = f"/v1/apps/{APP}/machines"
IMAGE = f"registry.fly.io/{APP}:one"
LOGS = "See what it wrote: flyo local logs --app shop --machine ID"
GONE = f"what was created is destroyed again, nothing else was touched. {LOGS}"
KEPT = (
    "left as it is (changed and not proved: iad ID; unchanged: 3). {advice}'flyo status --local' shows how it is then; "
    "'flyo deploy --local' goes on from there, 'flyo rollback --local' goes back"
)
Do = Callable[[World, Machine], object]


class Scaled:
    """An app in three regions, of which iad is to get a second machine.

    Attributes:
        behaviour: of the image.
    """

    def __init__(self, directory: Path, group: str = "app") -> None:
        self.killed, self.behaviour = KilledWorld(directory), Behaviour()
        self.world, self.group = self.killed.world, group
        if group != "app":
            self.world.groups = (group,)
            toml = f'app = "shop"\nprimary_region = "iad"\n[processes]\n{group} = "work"\n'
            (directory / "fly.toml").write_text(toml)
        assert self.killed.deploy(self.world.push("one", self.behaviour)).kind == "done"
        self._before = {machine.id for machine in self.world.machines()}

    def settings(self, rollout: str = "", probe: str = "") -> None:
        """Write flyo.toml."""
        rollout = rollout or 'timeout = "30s"\nwatch = "0s"'
        regions = "[regions]\niad = 1\nfra = 1\nnrt = 1\n"
        (self.killed.directory / "flyo.toml").write_text(
            f'{regions}[rollout]\n{rollout}\n[probe]\npath = "/up"\n{probe}\n'
        )

    def when_made(self, do: Do) -> None:
        """Something happens as soon as the second machine is there."""

        def hear(method: str, url: str, body: Any) -> None:
            for machine in self.world.in_region("iad"):
                if machine.id not in self._before and machine.group == self.group:
                    self.world.on_call = None
                    do(self.world, machine)
                    return

        self.world.on_call = hear


def fault(name: str, **more: Any) -> Do:
    return lambda world, machine: world.call("POST", "/_local/faults", {"name": name, **more})


def edit(world: World, machine: Machine) -> None:
    world.call("POST", f"{MACHINES}/{machine.id}", {"config": {**machine.config, "env": {"EDITED": "yes"}}})


def revert(world: World, machine: Machine) -> None:
    image = world.push("zero").ref
    world.call("POST", f"{MACHINES}/{machine.id}", {"config": {**machine.config, "image": image}})


def stop_for_good(world: World, machine: Machine) -> None:
    world.pass_time(1.5)
    world.call("POST", f"{MACHINES}/{machine.id}/stop")
    fault("no-capacity", region="iad")(world, machine)


def never_start(world: World, machine: Machine) -> None:
    """As on a host that is full."""
    fault("no-capacity", region="iad")(world, machine)
    record = world.simulation.platform.kernel.machines[machine.id]
    record.state = "created"


def take_lock_away(world: World, machine: Machine) -> None:
    give_back(world.api, APP, holders(world.api, APP), "bob@elsewhere", force=True)


BEHAVIOURS: list[tuple[dict[str, Any], str]] = [
    (
        {"exit_after_seconds": 0.3, "exit_code": 3},
        f"flyo: app shop: iad ID: the app ended with exit code 3; {GONE} [exited]",
    ),
    (
        {"fails_to_start": "no such file"},
        f"flyo: app shop: iad ID: the platform could not run it (state failed); {GONE} [failed]",
    ),
    (
        {"healthy_seconds": None},
        "flyo: app shop: iad ID: check servicecheck-00-http-8080 is critical (connection refused on port 10004), and "
        f"the time is over; {GONE} [checks]",
    ),
    ({"boot_seconds": 500.0}, f"flyo: app shop: iad ID: it is starting, and the time is over; {GONE} [moving]"),
]


@pytest.mark.parametrize(("behaviour", "line"), BEHAVIOURS, ids=lambda each: str(each)[-20:])
def test_what_its_program_does(tmp_path: Path, behaviour: dict[str, Any], line: str) -> None:
    scaled = Scaled(tmp_path / "here")
    for name, value in behaviour.items():
        setattr(scaled.behaviour, name, value)
    scaled.settings()
    with simulated(scaled.killed) as there:
        ran = there.flyo("scale iad=2")
    assert (ran.status, plain(ran.line)) == (3, line)


@pytest.mark.parametrize(
    ("looks", "line"),
    [
        (
            Looks(status=500),
            'flyo: app shop: iad ID: http://shop.localhost:PORT/up: answered 500 ({"region": "iad", "machine": "ID"}); '
            f"{GONE} [probe]",
        ),
        (
            Looks(region="ams"),
            "flyo: app shop: iad ID: http://shop.localhost:PORT/up: answered from region ams, not iad; "
            f"{GONE} [identity]",
        ),
    ],
)
def test_what_it_answers(tmp_path: Path, looks: Looks, line: str) -> None:
    scaled = Scaled(tmp_path / "here")
    scaled.settings()
    scaled.when_made(lambda world, machine: world.looks.update({IMAGE: looks}))
    with simulated(scaled.killed) as there:
        ran = there.flyo("scale iad=2")
    assert (ran.status, plain(ran.line)) == (3, line)


@pytest.mark.parametrize(
    ("do", "status", "line"),
    [
        (
            lambda world, machine: world.call("DELETE", f"{MACHINES}/{machine.id}?force=true"), 1,
            "flyo: app shop: iad ID: the machine is gone; nothing was changed on the fleet. 'flyo scale --local' "
            "again makes it anew [disappeared]",
        ),
        (
            edit, 3,
            "flyo: app shop: iad ID: its version is not the one deployed: another client has changed it; "
            f"{GONE} [version]",
        ),
        (
            revert, 3,
            "flyo: app shop: iad ID: it runs another image than the one deployed (DIGEST); "
            f"{GONE} [reverted]",
        ),
        (stop_for_good, 3, f"flyo: app shop: iad ID: it is stopped, and the time is over; {GONE} [asleep]"),
        (
            never_start, 3,
            f"flyo: app shop: iad ID: it was created and never started, and the time is over; {GONE} [created]",
        ),
        (
            fault("region-down", region="iad"), 5,
            "flyo: app shop: no verdict: iad ID: its host is unreachable; "
            + KEPT.format(advice="What does not answer cannot be changed, either way. Wait until it does: ")
            + " [host]",
        ),
        (
            fault("server-error", set={"op": "machines.list"}), 5,
            "flyo: app shop: iad ID: could not list the machines: 500 internal: the server could not handle the "
            "request; not known: iad ID. When the platform answers again, 'flyo status --local' shows what is where "
            "and 'flyo deploy --local' goes on [blind]",
        ),
    ],
)  # fmt: skip
def test_what_becomes_of_it(tmp_path: Path, do: Do, status: int, line: str) -> None:
    scaled = Scaled(tmp_path / "here")
    scaled.settings()
    scaled.when_made(do)
    with simulated(scaled.killed) as there:
        ran = there.flyo("scale iad=2")
    assert (ran.status, plain(ran.line)) == (status, line)


@pytest.mark.parametrize(
    ("probe", "line"),
    [
        (
            "passes = 1000",
            "flyo: app shop: iad ID: it answered well, but not yet often enough in a row, and the time is over; "
            f"{GONE} [passes]",
        ),
        (
            'command = "./look"',
            "flyo: app shop: iad ID: [probe] command could not be run; what was created is destroyed again, nothing "
            "else was touched. Correct the release, or the command: it stands in flyo.toml [command]",
        ),
    ],
)
def test_what_was_asked_for(tmp_path: Path, probe: str, line: str) -> None:
    scaled = Scaled(tmp_path / "here")
    scaled.settings(probe=probe)
    with simulated(scaled.killed) as there:
        ran = there.flyo("scale iad=2")
    assert (ran.status, plain(ran.line)) == (3, line)


def test_a_worker_that_has_no_time_to_show_that_it_stays(tmp_path: Path) -> None:
    scaled = Scaled(tmp_path / "here", group="worker")
    scaled.settings('timeout = "3s"\nwatch = "0s"')
    with simulated(scaled.killed) as there:
        ran = there.flyo("scale worker:iad=2")
    line = f"flyo: app shop: iad ID: it has been started for 3 s, and the time is over; {GONE} [settling]"
    assert (ran.status, plain(ran.line)) == (3, line)


def test_an_app_that_nobody_reaches_from_here(tmp_path: Path) -> None:
    scaled = Scaled(tmp_path / "here")
    scaled.settings()
    scaled.world.network_down = True
    with simulated(scaled.killed) as there:
        ran = there.flyo("scale iad=2")
    assert (ran.status, plain(ran.line)) == (
        5,
        "flyo: app shop: no verdict: iad ID: http://shop.localhost:PORT/up: connection broke off before an answer; "
        f"{KEPT.format(advice='')} [unreachable]",
    )


def test_a_region_without_room(tmp_path: Path) -> None:
    scaled = Scaled(tmp_path / "here")
    scaled.settings()
    scaled.world.call("POST", "/_local/faults", {"name": "no-capacity", "region": "iad"})
    with simulated(scaled.killed) as there:
        ran = there.flyo("scale iad=2")
    assert (ran.status, plain(ran.line)) == (
        1,
        "flyo: app shop: iad, a new machine: could not create a machine: 422 insufficient resources available to "
        "fulfill request: no memory left in iad (fault f1), and the time is over; nothing was changed on the fleet. "
        "Put that right, then 'flyo scale --local' again [timeout]",
    )


def test_a_lock_that_is_taken_away(tmp_path: Path) -> None:
    scaled = Scaled(tmp_path / "here")
    scaled.settings('watch = "5m"')
    scaled.when_made(take_lock_away)
    with simulated(scaled.killed) as there:
        ran = there.flyo("scale iad=2")
    assert (ran.status, plain(ran.line)) == (
        5,
        "flyo: app shop: the lock was released elsewhere; stopped right there. 'flyo lock status --local' shows who "
        "holds it now; 'flyo deploy --local' goes on from what is there [lock.lost]",
    )
