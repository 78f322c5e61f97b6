"""What the real flyctl builds with the user's engine and pushes here runs as a machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from flyctl_orchestrator.local.base.environment import client_environment, prepare_flyctl_settings
from tests import planted
from tests.engine_bases import TestEngine
from tests.functional.containers.conftest import CONTAINED, FLYCTL_BUILDERS
from tests.parity.conftest import find_flyctl
from tests.platform_client import Api
from tests.waiting import eventually

TOML = """
app = "shop"
primary_region = "iad"
[http_service]
internal_port = 8080
"""


@pytest.mark.containers
@pytest.mark.real_flyctl
@pytest.mark.parametrize("buildkit", FLYCTL_BUILDERS)
def test_flyctl_deploys_what_it_built_with_the_users_engine(
    box: Api, engine: TestEngine, tmp_path: Path, buildkit: str
) -> None:
    flyctl = find_flyctl()
    if flyctl is None:
        pytest.skip("flyctl is not on PATH")
    engine.ensure("flyo-test/python:1")
    box.app("shop")
    dockerfile, options = FLYCTL_BUILDERS[buildkit]
    for name, text in (("Dockerfile", dockerfile), ("app.py", CONTAINED), ("fly.toml", TOML)):
        (tmp_path / name).write_text(text)
    prepare_flyctl_settings(tmp_path)
    port = box.running.port
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        **client_environment(port, box.running.token, tmp_path),
        **engine.variables,
        "DOCKER_BUILDKIT": buildkit,
    }
    command = [flyctl, "deploy", "--local-only", "--ha=false", "--dns-checks=false", "--smoke-checks=false", *options]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=110, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    planted.hear(ran.stdout, ran.stderr)
    planted.watch(box.running.state)
    assert "not listening" not in ran.stdout + ran.stderr
    machine = box.call("GET", "/v1/apps/shop/machines").body[0]
    box.wait("shop", machine["id"], "started")
    assert box.visit("shop").body == {"region": "iad", "machine": machine["id"]}
    shown = machine["image_ref"]
    again = f"{shown['registry']}/{shown['repository']}:{shown['tag']}@{shown['digest']}"
    assert box.started("shop", again)
    assert _pulled(engine, port)
    box.call("POST", "/_local/reset")
    eventually(lambda: not _pulled(engine, port))


def _pulled(engine: TestEngine, port: int) -> list[str]:
    """What the engine has of the platform's registry."""
    listed = engine.call("GET", "/images/json")
    names = [name for image in listed for name in image["RepoDigests"] or []]
    return [name for name in names if name.startswith(f"127.0.0.1:{port}/")]
