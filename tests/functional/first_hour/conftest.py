"""A newcomer's computer, and whether packages can be had on it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.first_hour.newcomer import Newcomer


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    """Nothing is there yet: no home, no platform, no app."""
    home = tmp_path / "home"
    home.mkdir()
    there = Newcomer(home)
    yield there
    there.flyo("local", "down")


@pytest.fixture(scope="session")
def from_pip(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where pip cannot get a package."""
    place = tmp_path_factory.mktemp("pip")
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(place), "itsdangerous"]
    if subprocess.run(argv, capture_output=True, timeout=100, check=False).returncode:
        pytest.skip("pip gets no packages here")


@pytest.fixture(scope="session")
def from_npm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where npm cannot get a package."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    argv = ["npm", "view", "express", "version", "--fetch-retries=0"]
    if subprocess.run(argv, capture_output=True, timeout=100, check=False).returncode:
        pytest.skip("npm gets no packages here")


@pytest.fixture(scope="session")
def from_go() -> None:
    """Skips where Go is missing."""
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
