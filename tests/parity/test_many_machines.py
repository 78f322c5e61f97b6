"""A large fleet: flyctl shows it without a request for each machine."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.base.regions import REGIONS
from flyctl_orchestrator.local.core.machines import MachineRequest
from flyctl_orchestrator.local.platform import Platform
from tests.parity.parity_clients import Client
from tests.parity.served_platform import ServedPlatform

pytestmark = pytest.mark.real_flyctl

MACHINES = 60
COMMANDS = (("status",), ("status", "--json"), ("machine", "list"), ("machine", "list", "--json"))


def _fleet(served: ServedPlatform, app: str, count: int) -> None:
    ref = served.push(app, "v1")
    check = {"type": "http", "port": 8080, "path": "/", "interval": "5s"}
    service = {"protocol": "tcp", "internal_port": 8080, "ports": [{"port": 80}], "checks": [check]}
    config = {
        "image": ref,
        "services": [service],
        "metadata": {"fly_platform_version": "v2", "fly_process_group": "app", "fly_release_version": "1"},
    }

    def create(platform: Platform) -> None:
        platform.apps.create(app)
        for number, region in zip(range(count), list(REGIONS) * count, strict=False):
            platform.machines.create(app, MachineRequest(config=config, region=region, name=f"m{number}"))

    served.inside(create)

    def up(platform: Platform) -> bool:
        return all(machine.state == "started" for machine in platform.machines.list(app))

    served.wait_until(up, f"{count} machines are started")


def _asked(client: Client, served: ServedPlatform, command: tuple[str, ...], app: str) -> list[tuple[str, str]]:
    """What flyctl asks the platform for to show an app."""
    before = len(served.asked)
    client.ok(*command, "-a", app)
    return sorted((each.method, each.path.replace(app, "APP")) for each in served.asked[before:])


def test_sixty_machines_in_every_region_are_shown_with_as_many_requests_as_three(
    served: ServedPlatform, real: Client
) -> None:
    _fleet(served, "small", 3)
    _fleet(served, "large", MACHINES)
    assert len({machine["region"] for machine in real.machines("large")}) == len(REGIONS)
    for command in COMMANDS:
        assert _asked(real, served, command, "large") == _asked(real, served, command, "small"), command
