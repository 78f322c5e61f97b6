"""tests/functional/rollout/test_github_live.py, with machines in containers."""

from __future__ import annotations

import pytest

from tests.functional.rollout.test_github_live import *  # noqa: F403

pytestmark = pytest.mark.containers
