"""A laptop with a running platform, and the habit app on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import planted
from tests.e2e.laptop import Laptop, habit_app


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    """A computer whose local platform runs, and is stopped afterwards."""
    home = tmp_path / "home"
    home.mkdir()
    computer = Laptop(home)
    try:
        computer.ok("local", "up")
        yield computer
    finally:
        computer.ok("local", "down")


@pytest.fixture
def habits(laptop: Laptop, tmp_path: Path) -> Path:
    """The habit app's directory, its secrets staged on the laptop; not deployed yet."""
    project = habit_app(tmp_path / "habits")
    laptop.ok("secrets", "generate", "SECRET_KEY", "--local", cwd=project)
    laptop.ok("secrets", "set", planted.NAME, "--stdin", "--local", cwd=project, stdin=planted.SECRET)
    database = f"sqlite:///{tmp_path / 'outside.db'}"
    laptop.ok("secrets", "set", "DATABASE_URL", "--stdin", "--local", cwd=project, stdin=database)
    return project
