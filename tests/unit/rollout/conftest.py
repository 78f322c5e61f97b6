"""Fixtures of the rollout's unit tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.rollout.rollout_world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A platform with an empty app on a clock of its own."""
    return World(tmp_path)
