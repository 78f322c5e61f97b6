"""tests/functional/rollout/test_no_region.py, with machines in containers."""

from __future__ import annotations

import pytest

from tests.functional.rollout.test_no_region import *  # noqa: F403

pytestmark = pytest.mark.containers
