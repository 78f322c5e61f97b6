"""An installation without what the extra `local` brings: the whole line, and the exit status."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import flyctl_orchestrator
from tests.functional.printed.in_process import nobody

EXTRA = ("aiohttp", "graphql", "pathspec")


@pytest.fixture
def bare_installation(tmp_path: Path) -> Path:
    """A directory of packages in which those of the extra are not."""
    there = tmp_path / "lib"
    there.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(("_", ".", "flyctl_orchestrator", *EXTRA)) and path.suffix != ".pth":
            (there / path.name).symlink_to(path)
    (there / "flyctl_orchestrator").symlink_to(Path(flyctl_orchestrator.__file__).parent)
    return there


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "local up",
            "flyo: local platform: the local platform needs packages that are not installed (aiohttp, graphql, "
            "pathspec). Run pip install '.[local]' in flyo's own clone [local.extras]\n",
        ),
        (
            "deploy --web",
            "flyo: flyo deploy --web: the page needs a package that is not installed (aiohttp). Run pip install "
            "'.[local]' in flyo's own clone, or leave --web out [web.extras]\n",
        ),
    ],
)
def test_what_needs_them(tmp_path: Path, bare_installation: Path, words: str, line: str) -> None:
    main = "from flyctl_orchestrator.cli.main import main; main()"
    ran = subprocess.run(
        # -S: the packages of this environment are not found by themselves.
        [sys.executable, "-S", "-c", main, *words.split()],
        cwd=tmp_path,
        env=nobody(tmp_path) | {"PYTHONPATH": str(bare_installation), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr, ran.stdout) == (8, line, "")
