"""Fixtures of the local platform's unit tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local.simulated_fly import CHECKED, Fly


@pytest.fixture
def fly() -> Fly:
    """A fresh platform with one empty app, "shop"."""
    return Fly()


@pytest.fixture
def checked() -> dict[str, Any]:
    """Config of a machine with one service and one HTTP check."""
    return {"services": [CHECKED]}
