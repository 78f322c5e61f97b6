"""A large fleet: what flyctl shows of it comes as fast as for a small one."""

from __future__ import annotations

import time

import pytest

from flyctl_orchestrator.local.base.regions import REGIONS
from flyctl_orchestrator.local.core.machines import Wanted
from flyctl_orchestrator.local.platform import Platform
from tests.parity.parity_clients import Client
from tests.parity.served_platform import ServedPlatform

pytestmark = pytest.mark.real_flyctl

MACHINES = 60
COMMANDS = (("status",), ("status", "--json"), ("machine", "list"), ("machine", "list", "--json"))
# Over the process's own start-up, a fleet of 60 may cost this much more than one of 3, in seconds.
SLACK_SECONDS = 0.35


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
            platform.machines.create(app, Wanted(config=config, region=region, name=f"m{number}"))

    served.inside(create)

    def up(platform: Platform) -> bool:
        return all(machine.state == "started" for machine in platform.machines.list(app))

    served.wait_until(up, f"{count} machines are started")


def _best_of_three(client: Client, command: tuple[str, ...], app: str) -> float:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        client.ok(*command, "-a", app)
        took.append(time.perf_counter() - began)
    return min(took)


def test_sixty_machines_in_every_region_are_shown_as_fast_as_three(served: ServedPlatform, real: Client) -> None:
    _fleet(served, "small", 3)
    _fleet(served, "large", MACHINES)
    assert len({machine["region"] for machine in real.machines("large")}) == len(REGIONS)
    for command in COMMANDS:
        small, large = (_best_of_three(real, command, app) for app in ("small", "large"))
        assert large - small < SLACK_SECONDS, f"{' '.join(command)}: {small:.3f} s for 3, {large:.3f} s for {MACHINES}"
