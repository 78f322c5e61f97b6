"""Fixtures of the rollout's functional tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flyctl_orchestrator.local.daemon import control
from tests.functional.rollout.rollout_project import RolloutProject, start_over, with_a_release


@pytest.fixture(scope="session")
def _rollout_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, control.Running]]:
    state = tmp_path_factory.mktemp("rollout-platform")
    yield state, control.start(state, 0)
    control.stop(state)


@pytest.fixture
def fresh(tmp_path: Path, _rollout_daemon: tuple[Path, control.Running]) -> RolloutProject:
    """A project on an empty platform with the documented rate limits."""
    state, running = _rollout_daemon
    start_over(running)
    return RolloutProject(tmp_path, state).write()


@pytest.fixture
def deployed(fresh: RolloutProject) -> RolloutProject:
    """The same, with a first release running in three regions; the tests themselves are under no rate limit."""
    return with_a_release(fresh)
