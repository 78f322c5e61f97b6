"""A platform that misbehaves: lost answers, leases of others, limits, reverts, silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.project.model import RolloutPolicy
from tests.unit.rollout.rollout_world import APP, World, WorldHttp, snapshot

MACHINES = f"/apps/{APP}/machines"


class Faulty:
    """The world's HTTP with something between it and the client."""

    def __init__(self, world: World, meddle: Callable[[str, str, Callable[[], HttpAnswer]], HttpAnswer | None]) -> None:
        self._real = WorldHttp(world)
        self._meddle = meddle

    def send(self, method: str, url: str, *, headers: Any, json: Any = None, timeout: float) -> HttpAnswer:
        def really() -> HttpAnswer:
            return self._real.send(method, url, headers=headers, json=json, timeout=timeout)

        answer = self._meddle(method, url, really)
        return really() if answer is None else answer


def install(world: World, meddle: Callable[[str, str, Callable[[], HttpAnswer]], HttpAnswer | None]) -> None:
    """Put a fault between the orchestrator and the platform."""
    from flyctl_orchestrator.fleet.machines_api import MachinesApi
    from flyctl_orchestrator.local.daemon.simulation import TOKEN

    world.http = Faulty(world, meddle)
    world.api = MachinesApi("http://fly.test", TOKEN, world.http, world.clock, world.random, patience=10.0)


@pytest.mark.parametrize("loss", ["408", "reset", "502"])
def test_a_create_whose_answer_is_lost_makes_one_machine(world: World, loss: str) -> None:
    lost: list[str] = []

    def lose(method: str, url: str, really: Callable[[], HttpAnswer]) -> HttpAnswer | None:
        if method == "POST" and url.endswith(MACHINES) and len(lost) < 2:
            lost.append(url)
            really()
            if loss == "reset":
                raise HttpError("reset")
            return HttpAnswer(int(loss), {}, b'{"error":"deadline_exceeded"}')
        return None

    install(world, lose)
    outcome = world.deploy(world.desired(world.push("one")))
    assert outcome.kind == "done", outcome.what
    assert len(lost) == 2
    assert sorted(machine.region for machine in world.machines()) == ["fra", "iad", "nrt"]


def test_a_create_that_never_arrived_is_made_again(world: World) -> None:
    lost: list[str] = []

    def lose(method: str, url: str, really: Callable[[], HttpAnswer]) -> HttpAnswer | None:
        if method == "POST" and url.endswith(MACHINES) and len(lost) < 2:
            lost.append(url)
            raise HttpError("timeout")
        return None

    install(world, lose)
    assert world.deploy(world.desired(world.push("one"))).kind == "done"
    assert sorted(machine.region for machine in world.machines()) == ["fra", "iad", "nrt"]


def test_a_lease_of_somebody_else_is_waited_for(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    machine = world.in_region("fra")[0]
    world.call("POST", f"/v1{MACHINES}/{machine.id}/lease?ttl=15", {})
    outcome = world.deploy(world.desired(world.push("two")))
    assert outcome.kind == "done", outcome.what


def test_a_lease_that_is_never_given_back_fails_and_goes_back(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    before = snapshot(world)
    machine = world.in_region("fra")[0]
    world.call("POST", f"/v1{MACHINES}/{machine.id}/lease?ttl=80000", {})
    outcome = world.deploy(world.desired(world.push("two"), policy=RolloutPolicy(timeout=20.0)))
    assert outcome.kind == "rolled_back"
    assert "lease currently held" in outcome.what
    assert snapshot(world) == before


def test_no_lease_is_left_behind(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    world.deploy(world.desired(world.push("two")))
    world.deploy(world.desired(world.push("bad", Behaviour(exit_after_seconds=0.1))))
    for machine in world.machines():
        world.call("POST", f"/v1{MACHINES}/{machine.id}/lease?ttl=1", {})


def test_it_stays_within_the_rate_limits(tmp_path: Any) -> None:
    world = World(tmp_path, rate_limits=True)
    refused: list[str] = []

    def watch(method: str, url: str, really: Callable[[], HttpAnswer]) -> HttpAnswer | None:
        answer = really()
        if answer.status == 429:
            refused.append(url)
        return answer

    install(world, watch)
    counts = {"iad": 2, "fra": 3, "nrt": 3}
    assert world.deploy(world.desired(world.push("one"), counts)).kind == "done"
    assert world.deploy(world.desired(world.push("two"), counts)).kind == "done"
    assert refused == []


def test_too_many_requests_are_waited_out(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    count = {"refused": 0}

    def refuse(method: str, url: str, really: Callable[[], HttpAnswer]) -> HttpAnswer | None:
        count["refused"] += 1
        return HttpAnswer(429, {"retry-after": "1"}, b"{}") if count["refused"] % 4 == 0 and "/v1/" in url else None

    install(world, refuse)
    assert world.deploy(world.desired(world.push("two"))).kind == "done"


def test_a_host_that_does_not_answer_for_its_machine_holds_nobody_up(world: World) -> None:
    """Lists tell what such a machine is like; asking it again and again would keep all others waiting."""
    counts = {"iad": 1, "fra": 2, "nrt": 2}
    world.deploy(world.desired(world.push("one"), counts))
    silent = world.in_region("fra")[0].id
    asked: list[str] = []

    def fall_silent(method: str, url: str, really: Callable[[], HttpAnswer]) -> HttpAnswer | None:
        if method == "GET" and f"/machines/{silent}" in url:
            asked.append(url)
            raise HttpError("timeout")
        return None

    install(world, fall_silent)
    outcome = world.deploy(world.desired(world.push("two", Behaviour(boot_seconds=3.0)), counts))
    assert outcome.kind == "done", outcome.what
    assert outcome.seconds < 15 and 0 < len(asked) < 10


def test_a_machine_the_platform_reverts_is_no_success(world: World) -> None:
    one = world.push("one")
    world.deploy(world.desired(one))
    target = world.in_region("fra")[0]

    def revert(event: Any) -> None:
        if (
            event.name == "step.finished"
            and event.fields["step"] == "update_machine"
            and event.fields["machine"] == target.id
        ):
            world.on_event = None
            world.call("POST", f"/v1{MACHINES}/{target.id}", {"config": dict(target.config)})

    world.on_event = revert
    outcome = world.deploy(world.desired(world.push("two")))
    assert outcome.kind == "rolled_back", outcome.what
    assert target.id in outcome.what
    assert {machine.digest for machine in world.machines()} == {one.digest}


def test_a_machine_somebody_edits_meanwhile_is_not_overwritten(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    target = world.in_region("nrt")[0]

    def edit(event: Any) -> None:
        if event.name == "wave.started":
            world.on_event = None
            config = {**target.config, "env": {"EDITED": "yes"}}
            world.call("POST", f"/v1{MACHINES}/{target.id}", {"config": config})

    world.on_event = edit
    outcome = world.deploy(world.desired(world.push("two")))
    assert "another client has changed the machine" in outcome.what


def test_a_change_of_our_own_is_known_when_no_answer_about_it_could_be_read(world: World) -> None:
    """Nobody else is blamed for it, and it is not made twice."""
    assert world.deploy(world.desired(world.push("one"))).kind == "done"
    dark: list[float] = []

    def spoil(method: str, url: str, really: Callable[[], HttpAnswer]) -> HttpAnswer | None:
        update = method == "POST" and url.rsplit("/", 2)[1] == "machines" and not url.endswith("machines")
        dark.extend([world.clock.now()] if update and not dark else [])
        # Longer than one call is patient: the update is made, and neither that nor what came of it can be read.
        if (update or method == "GET") and dark and MACHINES in url and world.clock.now() < dark[0] + 15.0:
            really()
            return HttpAnswer(200, {}, b"<html>")
        return None

    install(world, spoil)
    outcome = world.deploy(world.desired(world.push("two")))
    assert (outcome.kind, len(dark)) == ("done", 1), outcome.what
    assert {machine.image.split(":")[-1].split("@")[0] for machine in world.machines()} == {"two"}


def test_a_machine_destroyed_meanwhile_is_named_and_made_anew(world: World) -> None:
    one = world.push("one")
    world.deploy(world.desired(one))
    target = world.in_region("iad")[0]

    def destroy(event: Any) -> None:
        if event.name == "step.started" and event.fields["step"] == "gate":
            world.on_event = None
            world.call("DELETE", f"/v1{MACHINES}/{target.id}?force=true")

    world.on_event = destroy
    outcome = world.deploy(world.desired(world.push("two")))
    assert (outcome.kind, outcome.exit) == ("rolled_back", Exit.ROLLED_BACK), outcome.what
    assert target.id in outcome.what
    (again,) = world.in_region("iad")
    assert again.id != target.id and again.digest == one.digest
    row = next(row for row in outcome.rows if row.machine == again.id)
    assert (row.fate, row.why) == ("restored", f"in the place of {target.id}, which was destroyed")


def test_a_machine_the_proxy_puts_to_sleep_meanwhile_is_woken_and_proved(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    two = world.push("two")

    def suspend(event: Any) -> None:
        if event.name == "machine.phase" and event.fields["phase"] == "probing":
            world.on_event = None
            world.call("POST", f"/v1{MACHINES}/{event.fields['machine']}/suspend")

    world.on_event = suspend
    outcome = world.deploy(world.desired(two))
    assert outcome.kind == "done", outcome.what


def test_a_platform_that_falls_silent_gives_no_verdict(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    silent = {"now": False}

    def fall_silent(method: str, url: str, really: Callable[[], HttpAnswer]) -> HttpAnswer | None:
        if silent["now"]:
            raise HttpError("refused")
        return None

    install(world, fall_silent)
    world.on_event = lambda event: silent.update(now=silent["now"] or event.name == "wave.passed")
    started = world.clock.now()
    outcome = world.deploy(world.desired(world.push("two")))
    assert (outcome.kind, outcome.exit) == ("inconclusive", Exit.INCONCLUSIVE)
    assert "iad" in outcome.what
    assert world.clock.now() - started < 120


def test_a_refused_token_midway_is_said_and_nothing_hangs(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    refused = {"now": False}

    def refuse(method: str, url: str, really: Callable[[], HttpAnswer]) -> HttpAnswer | None:
        return HttpAnswer(401, {}, b'{"error":"unauthorized"}') if refused["now"] and "/v1/" in url else None

    install(world, refuse)
    world.on_event = lambda event: refused.update(now=refused["now"] or event.name == "wave.passed")
    outcome = world.deploy(world.desired(world.push("two")))
    assert outcome.exit == Exit.INCONCLUSIVE and "401" in outcome.what


def test_our_own_network_being_down_is_not_the_apps_fault(world: World) -> None:
    world.network_down = True
    outcome = world.deploy(world.desired(world.push("one"), policy=RolloutPolicy(timeout=15.0)))
    assert (outcome.kind, outcome.exit) == ("inconclusive", Exit.INCONCLUSIVE)


def test_an_app_that_was_reachable_before_and_is_not_now_has_failed(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    world.on_event = lambda event: setattr(world, "network_down", event.name == "flyctl.started" or world.network_down)
    outcome = world.deploy(world.desired(world.push("two"), policy=RolloutPolicy(timeout=15.0)))
    assert outcome.kind in ("rolled_back", "mixed")


def test_a_full_disk_stops_the_rollout_and_goes_back(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    before = snapshot(world)

    def fill(record: Any) -> None:
        writes = {"left": 5}

        def sync(descriptor: int) -> None:
            writes["left"] -= 1
            if writes["left"] < 0:
                raise OSError(28, "No space left on device")

        record.journal._sync = sync

    outcome = world.deploy(world.desired(world.push("two")), before=fill)
    assert "No space left" in outcome.what
    assert outcome.kind == "rolled_back", outcome.what
    assert snapshot(world) == before


def test_a_machine_destroyed_after_it_passed_is_no_success(world: World) -> None:
    counts = {"iad": 1, "fra": 2}
    world.deploy(world.desired(world.push("one"), counts))
    gone: list[str] = []

    def destroy(event: Any) -> None:
        passed = event.name == "step.finished" and event.fields["step"] == "gate" and event.fields["region"] == "fra"
        if passed and not gone:
            gone.append(event.fields["machine"])
            world.call("DELETE", f"/v1{MACHINES}/{gone[0]}?force=true")

    world.on_event = destroy
    policy = RolloutPolicy(timeout=60.0, watch=10.0)
    outcome = world.deploy(world.desired(world.push("two"), counts, policy=policy))
    assert (outcome.kind, outcome.exit) == ("rolled_back", Exit.ROLLED_BACK), outcome.what
    assert f"{gone[0]}: the machine is gone" in outcome.what
    # One just like it stands in its place, under another id.
    assert gone[0] not in {machine.id for machine in world.machines()} and len(world.in_region("fra")) == 2
