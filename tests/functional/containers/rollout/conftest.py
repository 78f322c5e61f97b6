"""The fixtures of the rollout's functional tests, with machines in containers.

The tests themselves are those of tests/functional/rollout: what holds there has to hold here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flyctl_orchestrator.local.daemon import control
from tests.engine_bases import PYTHON, TestEngine
from tests.functional.containers.conftest import contained, leave_nothing
from tests.functional.rollout.rollout_project import DOCKERFILE, RolloutProject, start_over, with_a_release


class ContainedProject(RolloutProject):
    """The same project on a base image that is made here."""

    dockerfile = DOCKERFILE.replace("python:3.12-slim", PYTHON)
    contained = True


@pytest.fixture(scope="session")
def _contained_rollout_daemon(
    engine: TestEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, control.Running]]:
    engine.ensure(PYTHON)
    state = tmp_path_factory.mktemp("contained-rollout")
    yield state, control.start(state, 0, environ=contained(engine))
    leave_nothing(engine, state)


@pytest.fixture
def fresh(tmp_path: Path, _contained_rollout_daemon: tuple[Path, control.Running]) -> RolloutProject:
    """A project on an empty platform with the documented rate limits."""
    state, running = _contained_rollout_daemon
    start_over(running)
    return ContainedProject(tmp_path, state).write()


@pytest.fixture
def deployed(fresh: RolloutProject) -> RolloutProject:
    """The same, with a first release running in three regions; the tests themselves are under no rate limit."""
    return with_a_release(fresh)
