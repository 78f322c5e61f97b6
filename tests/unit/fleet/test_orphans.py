"""Real processes spelled like flyctl's deploy: one that outlived its flyo, and one whose flyo lives."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flyctl_orchestrator.environment import SystemClock
from flyctl_orchestrator.fleet.flyctl.orphans import end_orphaned_deploys

DEPLOY = "deploy --app {app} --config fly.toml --image registry.fly.io/x:1 --yes --deploy-retries 0 --ha=false"
WAITS = "import signal; print('ready', flush=True); signal.pause()\n"

pytestmark = pytest.mark.skipif(shutil.which("ps") is None, reason="ps is not installed")


def start(directory: Path, app: str, starter: str) -> subprocess.Popen[str]:
    """Run `starter`, a Python program that finds the deploy's words in a file."""
    program = directory / "flyctl.py"
    program.write_text(WAITS)
    words = [sys.executable, str(program), *DEPLOY.format(app=app).split()]
    (directory / "words").write_text("\n".join(words))
    read = "import subprocess; words = open('words').read().split('\\n')"
    return subprocess.Popen(
        [sys.executable, "-c", f"{read}; {starter}"], cwd=directory, stdout=subprocess.PIPE, text=True
    )


def test_a_deploy_that_outlived_its_flyo_is_ended(tmp_path: Path) -> None:
    leaves = "subprocess.Popen(words, start_new_session=True)"
    starter = start(tmp_path, "outlived", leaves)
    assert starter.wait(20) == 0
    assert starter.stdout is not None and starter.stdout.readline() == "ready\n"
    assert end_orphaned_deploys("another", SystemClock()) == 0
    assert end_orphaned_deploys("outlived", SystemClock()) == 1
    assert starter.stdout.read() == "", "its end of the pipe is closed: it is gone"
    assert end_orphaned_deploys("outlived", SystemClock()) == 0


def test_a_deploy_whose_flyo_lives_is_left_alone(tmp_path: Path) -> None:
    stays = "flyo = subprocess.Popen(words, start_new_session=True); flyo.wait()"
    starter = start(tmp_path, app := f"alive-{tmp_path.stat().st_ino}", stays)
    try:
        assert starter.stdout is not None and starter.stdout.readline() == "ready\n"
        assert end_orphaned_deploys(app, SystemClock()) == 0
        assert starter.poll() is None
    finally:
        starter.kill()
        starter.wait(20)
    # Now it has outlived its starter.
    assert end_orphaned_deploys(app, SystemClock()) == 1
