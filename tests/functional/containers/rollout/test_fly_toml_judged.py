"""tests/functional/rollout/test_fly_toml_judged.py, with machines in containers."""

from __future__ import annotations

import pytest

from tests.functional.rollout.test_fly_toml_judged import *  # noqa: F403

pytestmark = pytest.mark.containers
