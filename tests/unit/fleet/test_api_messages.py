"""What the Machines API refuses, told by its own client: the whole line of each kind, from a simulated platform."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.refusals import refused
from tests.unit.rollout.rollout_world import APP, World

ACTING: dict[str, Callable[[World, str], object]] = {
    "lease": lambda world, machine: world.api.acquire_lease(APP, machine, 10, "a test"),
    "update": lambda world, machine: world.api.update_machine(
        APP, machine, config=config(world, machine), current_version="01OLD"
    ),
    "list": lambda world, machine: world.api.list_machines(APP),
    "create": lambda world, machine: create(world, machine),
    "create, huge": lambda world, machine: create(world, machine, guest={"cpu_kind": "huge", "cpus": 1}),
    "create, of containers": lambda world, machine: create(world, machine, containers=[{"name": "web"}]),
}


def config(world: World, machine: str) -> dict[str, Any]:
    found = world.machine(machine)
    assert found is not None
    made: dict[str, Any] = found["config"]
    return made


def create(world: World, machine: str, **more: Any) -> object:
    return world.api.create_machine(APP, config={"image": f"registry.fly.io/{APP}:one", **more}, region="iad")


@pytest.mark.parametrize(
    ("fault", "acting", "line"),
    [
        (
            "", "lease",
            "app shop, machine {machine}: could not take the machine's lease: 409 machine ID {machine} lease currently "
            "held by local@flyo.localhost, expires at 2027-01-15 08:01:05 +0000 UTC. Another client is changing it; "
            "try again when it has finished [api.conflict]",
        ),
        (
            "", "update",
            "app shop, machine {machine}: could not update the machine: 412 failed_precondition: machine version "
            "01OLD is not the current one, {version}. It changed in the meantime, or is not in a state that allows "
            "this; look with 'flyo status' [api.precondition]",
        ),
        (
            "", "create, huge",
            "app shop, region iad: could not create a machine: 400 invalid_argument: config.guest.cpu_kind 'huge' must "
            "be shared or performance. Correct what it names, then run this again [api.invalid]",
        ),
        (
            "", "create, of containers",
            "app shop, region iad: could not create a machine: 501 machines.containers is not modelled by the local "
            "platform. docs/fidelity.md lists what the local platform offers; use Fly.io for the rest "
            "[api.unsupported]",
        ),
        (
            "no-capacity", "create",
            "app shop, region iad: could not create a machine: 422 insufficient resources available to fulfill "
            "request: no memory left in iad (fault f1). Try again later, or use another region or a smaller machine "
            "[api.capacity]",
        ),
        (
            "rate-limited", "list",
            "app shop: could not list the machines: 429 rate limit exceeded. Try again in a minute [api.rate_limited]",
        ),
        (
            "rate-limited", "create",
            "app shop, region iad: could not create a machine: 429 rate limit exceeded. Try again in a minute "
            "[api.rate_limited]",
        ),
        (
            "server-error", "list",
            "app shop: could not list the machines: 500 internal: the server could not handle the request. Try again; "
            "https://status.flyio.net lists incidents [api.server]",
        ),
        (
            "lost-create", "create",
            "app shop, region iad: could not create a machine: 408 deadline_exceeded: request timed out. Look with "
            "'flyo status' before trying again [api.timeout]",
        ),
    ],
)  # fmt: skip
def test_a_refusal(tmp_path: Path, fault: str, acting: str, line: str) -> None:
    world = World(tmp_path)
    machine = world.flyctl_create("app", world.push("one").ref or "", "iad")
    world.pass_time(5.0)
    if acting == "lease":
        world.call("POST", f"/v1/apps/{APP}/machines/{machine}/lease?ttl=60", {})
    found = world.machine(machine)
    assert found is not None
    if fault:
        world.call("POST", "/_local/faults", {"name": fault, **({"region": "iad"} if fault == "no-capacity" else {})})
    with refused(1, "flyo: " + line.format(machine=machine, version=found["instance_id"])):
        ACTING[acting](world, machine)
