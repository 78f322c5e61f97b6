"""The way of a deploy to Fly.io, whole: the real flyctl builds with the user's engine and pushes, flyo rolls out.

Nothing is told to flyo but where Fly.io's APIs are: they are those of a local platform.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flyctl_orchestrator.local.base.environment import client_environment, prepare_flyctl_settings
from tests.engine_bases import PYTHON, TestEngine
from tests.flyo_process import Computer
from tests.functional.containers.conftest import CONTAINED, FLYCTL_BUILDERS
from tests.parity.conftest import find_flyctl
from tests.platform_client import Api, fleet_of

TOML = """
app = "shop"
primary_region = "iad"
[http_service]
internal_port = 8080
[[http_service.checks]]
path = "/health"
interval = "2s"
timeout = "1s"
grace_period = "2s"
"""
FLYO_TOML = "[regions]\niad = 1\nfra = 1\nnrt = 1\n"
# Whoever asks after this one's health gets a 500.
ILL = CONTAINED.replace('health = "200 OK"', 'health = "500 Internal Server Error"')


@pytest.fixture(params=FLYCTL_BUILDERS)
def buildkit(request: pytest.FixtureRequest) -> str:
    """Whether flyctl builds with BuildKit, as DOCKER_BUILDKIT says it."""
    return str(request.param)


@pytest.fixture
def laptop(box: Api, engine: TestEngine, tmp_path: Path, buildkit: str) -> Computer:
    """A computer with flyctl and an engine, on which nothing but addresses says that this is not Fly.io."""
    flyctl = find_flyctl()
    if flyctl is None:
        pytest.skip("flyctl is not on PATH")
    engine.ensure(PYTHON)
    box.app("shop")
    prepare_flyctl_settings(tmp_path)
    fly = client_environment(box.running.port, box.running.token, tmp_path)
    del fly["FLYO_BUILDER_URL"], fly["FLYO_TARGET"]
    fly |= {"FLYO_FLYCTL": flyctl, "PATH": os.environ["PATH"], "DOCKER_BUILDKIT": buildkit}
    found = Computer(tmp_path, extra={**fly, **engine.variables})
    found.project.mkdir()
    for name, text in (("Dockerfile", FLYCTL_BUILDERS[buildkit][0]), ("fly.toml", TOML), ("flyo.toml", FLYO_TOML)):
        (found.project / name).write_text(text)
    return found


@pytest.mark.containers
@pytest.mark.real_flyctl
def test_what_flyctl_built_goes_to_three_regions_and_an_ill_release_comes_back(
    laptop: Computer, box: Api, buildkit: str
) -> None:
    wanted = ("deploy", "--local-only", "--watch", "0s", *FLYCTL_BUILDERS[buildkit][1])
    code = laptop.project / "app.py"
    code.write_text(CONTAINED)
    ran = laptop.ok(*wanted)
    assert "local platform" not in ran.stderr
    assert f"built 127.0.0.1:{box.running.port}/shop:" in ran.stderr
    fleet = fleet_of(box.call("GET", "/v1/apps/shop/machines").body)
    assert sorted(machine["region"] for machine in fleet) == ["fra", "iad", "nrt"]
    assert len({machine["image_ref"]["digest"] for machine in fleet}) == 1
    for machine in fleet:
        answer = box.visit("shop", region=machine["region"])
        assert answer.body == {"region": machine["region"], "machine": machine["id"]}
    code.write_text(ILL)
    back = laptop.flyo(*wanted)
    assert back.status == 3, back.stderr
    after = fleet_of(box.call("GET", "/v1/apps/shop/machines").body)
    assert {(one["id"], one["image_ref"]["digest"]) for one in after} == {
        (one["id"], one["image_ref"]["digest"]) for one in fleet
    }
