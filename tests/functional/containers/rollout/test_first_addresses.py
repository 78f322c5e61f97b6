"""tests/functional/rollout/test_first_addresses.py, with machines in containers."""

from __future__ import annotations

import pytest

from tests.functional.rollout.test_first_addresses import *  # noqa: F403

pytestmark = pytest.mark.containers
