"""tests/functional/rollout/test_deploy_real_flyctl.py, with machines in containers."""

from __future__ import annotations

import pytest

from tests.functional.rollout import test_deploy_real_flyctl
from tests.functional.rollout.test_deploy_real_flyctl import *  # noqa: F403

pytestmark = [*test_deploy_real_flyctl.pytestmark, pytest.mark.containers]
