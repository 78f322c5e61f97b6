"""The first wave is as patient as the later ones: a flyctl that stumbles over what passes is run again."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.flyctl.trouble import deploy_may_pass
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.run.flyctl_driver import PAUSES
from tests.unit.rollout.rollout_world import World, snapshot
from tests.unit.rollout.stumbling_flyctl import Stumbling

PASSING = [
    "failed to update VM 148e21d7: rate limit exceeded (Request ID: 01ABC-iad)",
    "failed to update VM 148e21d7: internal: the server could not handle the request (Request ID: 01ABC-iad)",
    "failed to update VM 148e21d7: failed_precondition: machine getting replaced, refusing to start",
    "failed to get app: server returned a non-200 status code: 503",
    "failed to list machines: unavailable: no healthy upstream",
    "failed to list machines: invalid character '<' looking for beginning of value",
    "failed to list machines: unexpected end of JSON input",
    'Get "https://api.machines.dev/v1/apps/web": dial tcp: lookup api.machines.dev: no such host',
    'Get "https://api.machines.dev/v1/apps/web": net/http: TLS handshake timeout',
    "failed to update VM 148e21d7: aborted: could not reserve resource for machine: insufficient memory available",
    "error acquiring lease: lease currently held by someone@example.com",
]
LASTING = [
    "the image cannot be pulled",
    "failed to validate the app's configuration",
    "failed to update VM 148e21d7: invalid_argument: invalid config.services[0].internal_port",
    "error running release_command machine: deadline_exceeded: machine failed to reach desired state",
    "unauthorized",
    "Could not find image registry.fly.io/web:nothing",
    "timeout reached waiting for health checks to pass for machine 148e21d7",
]


@pytest.mark.parametrize("complaint", PASSING)
def test_what_passes_by_itself(complaint: str) -> None:
    assert deploy_may_pass(complaint)


@pytest.mark.parametrize("complaint", LASTING)
def test_what_another_run_would_not_change(complaint: str) -> None:
    assert not deploy_may_pass(complaint)


COUNTS = {"iad": 2, "fra": 1}


@pytest.fixture
def shop(world: World) -> World:
    """Three process groups, of which flyctl changes one machine each in the first region; deployed and well."""
    world.groups = ("app", "worker", "other")
    assert world.deploy(world.desired(world.push("old"), COUNTS)).kind == "done"
    return world


def policy() -> RolloutPolicy:
    return RolloutPolicy(timeout=60.0, max_unavailable=3)


@pytest.mark.parametrize("complaint", PASSING)
def test_one_stumble_in_the_first_region_is_no_failure(complaint: str, shop: World) -> None:
    shop.flyctl = Stumbling(shop, complaint)
    image = shop.push("new")
    outcome = shop.deploy(shop.desired(image, COUNTS, policy=policy()))
    assert (outcome.kind, len(shop.flyctl.runs)) == ("done", 2), outcome.what
    assert shop.flyctl.runs[0] == shop.flyctl.runs[1]
    assert {machine.digest for machine in shop.machines()} == {image.digest}
    assert any("flyctl is run again" in str(event) for event in shop.events)


def test_patience_ends(shop: World) -> None:
    before = snapshot(shop)
    shop.flyctl = Stumbling(shop, *[PASSING[1]] * 10)
    outcome = shop.deploy(shop.desired(shop.push("new"), COUNTS, policy=policy()))
    assert (outcome.kind, outcome.exit) == ("untouched", Exit.ERROR)
    assert "flyctl gave up: failed to update VM" in outcome.what
    assert len(shop.flyctl.runs) == 1 + len(PAUSES)
    assert snapshot(shop) == before


@pytest.mark.parametrize("complaint", LASTING)
def test_what_lasts_is_told_at_once(complaint: str, shop: World) -> None:
    shop.flyctl = Stumbling(shop, complaint)
    outcome = shop.deploy(shop.desired(shop.push("new"), COUNTS, policy=policy()))
    assert (outcome.kind, len(shop.flyctl.runs)) == ("untouched", 1)


@pytest.mark.parametrize("changes", [1, 2])
def test_what_was_changed_before_the_stumble_is_not_changed_twice(changes: int, shop: World) -> None:
    shop.flyctl = Stumbling(shop, PASSING[1], changes=changes)
    image = shop.push("new")
    outcome = shop.deploy(shop.desired(image, COUNTS, policy=policy()))
    assert outcome.kind == "done", outcome.what
    first, second = shop.flyctl.runs
    assert (len(first.only_machines), first.skip_release_command) == (3, False)
    assert (second.only_machines, second.skip_release_command) == (first.only_machines[changes:], True)
    assert {machine.digest for machine in shop.machines()} == {image.digest}


def test_a_stumble_after_the_last_machine_needs_no_other_run(shop: World) -> None:
    shop.flyctl = Stumbling(shop, PASSING[1], changes=3)
    outcome = shop.deploy(shop.desired(shop.push("new"), COUNTS, policy=policy()))
    assert (outcome.kind, len(shop.flyctl.runs)) == ("done", 1), outcome.what


def test_two_stumbles_leave_less_each_time(shop: World) -> None:
    shop.flyctl = Stumbling(shop, PASSING[1], PASSING[2], changes=1)
    outcome = shop.deploy(shop.desired(shop.push("new"), COUNTS, policy=policy()))
    assert outcome.kind == "done", outcome.what
    assert [len(options.only_machines) for options in shop.flyctl.runs] == [3, 2, 1]


def test_a_first_machine_whose_creation_stumbled_is_made_once(world: World) -> None:
    world.flyctl = Stumbling(world, PASSING[1])
    outcome = world.deploy(world.desired(world.push("one"), {"iad": 1, "fra": 1}))
    assert (outcome.kind, len(world.flyctl.runs)) == ("done", 2), outcome.what
    assert len(world.machines()) == 2


@pytest.mark.parametrize(
    ("said", "runs", "skipped"),
    [
        ("Running shop release_command: migrate", 1, []),
        ("✔ release_command 148e21d7 completed successfully", 2, [False, True]),
        ("Updating existing machines", 2, [False, False]),
    ],
)
def test_a_release_command_is_never_run_twice(said: str, runs: int, skipped: list[bool], shop: World) -> None:
    shop.flyctl = Stumbling(shop, PASSING[1], says=said)
    outcome = shop.deploy(shop.desired(shop.push("new"), COUNTS, policy=policy()))
    assert len(shop.flyctl.runs) == runs
    assert outcome.kind == ("done" if runs == 2 else "untouched")
    assert not skipped or [options.skip_release_command for options in shop.flyctl.runs] == skipped


def test_somebody_who_stops_it_is_heard_while_flyctl_rests(shop: World) -> None:
    before = snapshot(shop)
    shop.flyctl = Stumbling(shop, *[PASSING[1]] * 10)
    shop.on_event = lambda event: shop.stop.press() if "flyctl.again" in str(event) else None
    outcome = shop.deploy(shop.desired(shop.push("new"), COUNTS, policy=policy()))
    assert (outcome.kind, len(shop.flyctl.runs)) == ("interrupted", 1)
    assert snapshot(shop) == before
