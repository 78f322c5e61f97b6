"""tests/functional/rollout/test_lock.py, with machines in containers."""

from __future__ import annotations

import pytest

from tests.functional.rollout.test_lock import *  # noqa: F403

pytestmark = pytest.mark.containers
