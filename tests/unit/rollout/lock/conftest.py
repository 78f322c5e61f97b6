"""Fixtures of the lock's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.rollout.lock.lock_hall import Hall
from tests.unit.rollout.rollout_world import World


@pytest.fixture
def hall(world: World, tmp_path: Path) -> Hall:
    """An app without machines on a platform of its own."""
    return Hall(world, tmp_path)
