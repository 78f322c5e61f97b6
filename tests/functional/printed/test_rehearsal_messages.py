"""What a rehearsal tells of its own platform: the whole line, and the exit status."""

from __future__ import annotations

import random
import socket

from flyctl_orchestrator.environment import SystemClock
from flyctl_orchestrator.fleet.flyctl.flyctl import Flyctl
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.requests_http import RequestsHttp
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.local.daemon import control
from flyctl_orchestrator.rollout.rehearsal.copied import Copied
from flyctl_orchestrator.rollout.rehearsal.management_api import ManagementApi
from tests.functional.printed.test_other_servers import serving
from tests.refusals import refused
from tests.unit.fleet.fleet_doubles import machine


def management(port: int, token: str = "token") -> ManagementApi:
    """The platform of a rehearsal, at a port of this computer."""
    clock = SystemClock()
    return ManagementApi(
        Target(
            kind="local",
            api_url=f"http://127.0.0.1:{port}",
            token=token,
            app_url_template="",
            builder_url=None,
            flyctl=Flyctl(("nothing",), {}, clock),
            http=RequestsHttp(clock, {}),
            clock=clock,
            random=random.Random(1),
        )
    )


def test_a_fleet_that_cannot_be_copied(platform_daemon: control.Running) -> None:
    strange = Copied("shop", (Machine.of_api("shop", machine(region="moon")),))
    with refused(
        1,
        "flyo: rehearsal: invalid_argument: region 'moon' not found. docs/fidelity.md lists what the local platform "
        "models [rehearse.refused]",
    ):
        management(platform_daemon.port, platform_daemon.token).set_up(strange, {}, "registry.fly.io/shop:one")


def test_a_platform_that_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    line = "its platform gave no answer (connection refused). Run it again [rehearse.platform]"
    with refused(1, f"flyo: rehearsal: {line}"):
        management(port).fault_names()


def test_an_answer_that_is_none() -> None:
    line = "the answer of its platform cannot be read: it is not JSON. Run it again [rehearse.platform]"
    with serving({}) as port, refused(1, f"flyo: rehearsal: {line}"):
        management(port).fault_names()
