"""tests/functional/rollout/test_deploy_fails.py, with machines in containers."""

from __future__ import annotations

import pytest

from tests.functional.rollout.test_deploy_fails import *  # noqa: F403

pytestmark = pytest.mark.containers
