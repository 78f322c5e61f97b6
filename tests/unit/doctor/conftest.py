"""Fixtures of the doctor's unit tests."""

from tests.unit.rollout.conftest import world

__all__ = ["world"]
