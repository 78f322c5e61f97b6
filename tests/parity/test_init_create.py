"""`flyo init --create` makes the app on the platform's own APIs, through flyctl or its stand-in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parity.served_platform import TOKEN, ServedPlatform

FLYO = "from flyctl_orchestrator.cli.main import main; main()"


@pytest.fixture(scope="module")
def served() -> Iterator[ServedPlatform]:
    with ServedPlatform() as platform:
        yield platform


@pytest.fixture(params=["stand-in", pytest.param("flyctl", marks=pytest.mark.real_flyctl)])
def variables(request: pytest.FixtureRequest, served: ServedPlatform, tmp_path: Path) -> dict[str, str]:
    flyctl = shutil.which("flyctl")
    if request.param == "stand-in":
        script = tmp_path / "flyctl"
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m flyctl_orchestrator.local.stand_in "$@"\n')
        script.chmod(0o755)
        flyctl = str(script)
    if not flyctl:
        pytest.skip("no flyctl on PATH")
    url = f"http://127.0.0.1:{served.port}"
    found = {name: os.environ[name] for name in ("HOME", "LANG", "PYTHONPATH", "PATH") if name in os.environ}
    found |= dict.fromkeys(("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL"), url)
    found |= {"FLY_API_TOKEN": TOKEN, "FLYO_FLYCTL": flyctl, "FLY_CONFIG_DIR": str(tmp_path / "config")}
    return found | {"FLY_TRACE_COLLECTOR_URL": "127.0.0.1", "HTTPS_PROXY": "http://127.0.0.1:9"}


def init(directory: Path, variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    (directory / "Dockerfile").write_text("FROM scratch\n")
    command = [sys.executable, "-c", FLYO, "init", "--json", *arguments]
    return subprocess.run(
        command, cwd=directory, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )


def test_creates_the_app_once(tmp_path: Path, variables: dict[str, str], request: pytest.FixtureRequest) -> None:
    name = f"made-{request.node.callspec.id}"
    for created in (True, False):
        done = init(tmp_path, variables, "--name", name, "--regions", "iad", "--create", "--org", "personal")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert (told["app"], told["created"]) == (name, created)


def test_a_wrong_token_leaves_the_files_and_says_why(tmp_path: Path, variables: dict[str, str]) -> None:
    wrong = {**variables, "FLY_API_TOKEN": "fo1_wrong"}
    done = init(tmp_path, wrong, "--name", "nobodys", "--regions", "iad", "--create", "--org", "personal")
    assert done.returncode == 8
    assert json.loads(done.stdout)["event"] == "error"
    assert "Traceback" not in done.stderr and (tmp_path / "fly.toml").exists()
