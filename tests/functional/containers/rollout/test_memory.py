"""tests/functional/rollout/test_memory.py, with machines in containers."""

from __future__ import annotations

import pytest

from tests.functional.rollout.test_memory import *  # noqa: F403

pytestmark = pytest.mark.containers
