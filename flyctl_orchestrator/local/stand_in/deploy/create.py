"""Creating machines for process groups that have none, and destroying those of groups that are gone."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.stand_in.deploy.deployment import Deployment
from flyctl_orchestrator.local.stand_in.deploy.launch import new_machine
from flyctl_orchestrator.local.stand_in.deploy.waiting import wait_for_state, wait_until_healthy, wait_until_up
from flyctl_orchestrator.local.stand_in.failures import ApiFailure
from flyctl_orchestrator.local.stand_in.fleet import group_of, shown
from flyctl_orchestrator.local.stand_in.toml.groups import for_group, services_of

Machine = dict[str, Any]


def match_groups(deployment: Deployment) -> None:
    """Destroy machines of groups that fly.toml no longer has, and create the first ones of new groups."""
    gone = [machine for machine in deployment.machines if group_of(machine) not in deployment.groups]
    present = {group_of(machine) for machine in deployment.machines}
    new = [group for group in deployment.groups if group not in present]
    if gone or new:
        _announce(deployment, gone, new)
    for machine in gone:
        destroy(deployment, machine)
        deployment.machines.remove(machine)
    if deployment.options.update_only:
        return
    for group in new:
        deployment.session.say(f"No machines in group {group}, launching a new machine")
        _fill(deployment, group)
    if new:
        deployment.session.tell("Finished launching new machines")


def _announce(deployment: Deployment, gone: list[Machine], new: list[str]) -> None:
    say = deployment.session.say
    say("This deployment will:" if deployment.first else "Process groups have changed. This will:")
    for group in sorted({group_of(machine) for machine in gone}):
        say(f' * destroy {sum(group_of(machine) == group for machine in gone)} "{group}" machine(s)')
    for group in new:
        say(f' * create "{group}" machine(s)')
    say()


def _fill(deployment: Deployment, group: str) -> None:
    mine = for_group(deployment.settings, group)
    first = create(deployment, new_machine(deployment, group))
    if not deployment.options.spare_machines or mine["mounts"]:
        return
    if services_of(mine):
        deployment.session.say("Creating a second machine for high availability and zero downtime deployments.")
        create(deployment, new_machine(deployment, group))
    else:
        deployment.session.say(f"Creating a standby machine for {first['id']}")
        create(deployment, new_machine(deployment, group, standby_for=str(first["id"])))


def create(deployment: Deployment, body: dict[str, Any]) -> Machine:
    """Create one machine, under a lease, and wait until it is healthy.

    Raises:
        Failure: it could not be created, or did not become healthy in time.
    """
    body = body | {"lease_ttl": int(deployment.wait_timeout)}
    api, path = deployment.session.api, f"/apps/{deployment.app}/machines"
    try:
        machine: Machine = api.machines("POST", path, body, seconds=deployment.wait_timeout)
    except ApiFailure as failure:
        raise failure.during("error creating a new machine: failed to launch VM") from failure
    deployment.session.say(f"> Machine {shown(machine)} was created")
    try:
        if not body.get("skip_launch") and deployment.strategy != "immediate":
            wait_until_ready(deployment, machine["id"], body["config"])
    finally:
        if machine.get("nonce"):
            _release(deployment, machine)
    return machine


def wait_until_ready(deployment: Deployment, machine_id: str, config: dict[str, Any]) -> None:
    """Started, up for a while, checks passing; as far as the options ask for it."""
    if deployment.options.wait_for_health:
        wait_for_state(deployment, machine_id, "started", deployment.wait_timeout)
    wait_until_up(deployment, machine_id)
    if deployment.options.wait_for_health:
        wait_until_healthy(deployment, machine_id, config, deployment.wait_timeout)


def _release(deployment: Deployment, machine: Machine) -> None:
    path = f"/apps/{deployment.app}/machines/{machine['id']}/lease"
    try:
        deployment.session.api.machines("DELETE", path, nonce=machine["nonce"])
    except ApiFailure as failure:
        deployment.session.tell(f"WARN failed to release lease for machine {machine['id']}: {failure.message}")


def destroy(deployment: Deployment, machine: Machine, nonce: str = "") -> None:
    """Destroy a machine, running or not."""
    path = f"/apps/{deployment.app}/machines/{machine['id']}?kill=true"
    try:
        deployment.session.api.machines("DELETE", path, nonce=nonce)
    except ApiFailure as failure:
        raise failure.during(f"failed to destroy VM {machine['id']}") from failure
