"""tests/functional/rollout/test_nothing_locks_out.py, with machines in containers."""

from __future__ import annotations

import pytest

from tests.functional.rollout.test_nothing_locks_out import *  # noqa: F403

pytestmark = pytest.mark.containers
