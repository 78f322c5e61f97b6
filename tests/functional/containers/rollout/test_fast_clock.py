"""tests/functional/rollout/test_fast_clock.py, with machines in containers."""

from __future__ import annotations

import pytest

from tests.functional.rollout.test_fast_clock import *  # noqa: F403

pytestmark = pytest.mark.containers
