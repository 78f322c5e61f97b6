"""tests/functional/rollout/test_deploy_standbys.py, with machines in containers."""

from __future__ import annotations

import pytest

from tests.functional.rollout.test_deploy_standbys import *  # noqa: F403

pytestmark = pytest.mark.containers
