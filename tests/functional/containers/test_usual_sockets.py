"""An engine where Docker Desktop, colima, OrbStack, rootless Docker and podman have theirs builds and runs an app.

The engine is the one of the tests, which these paths lead to; what is tried is the way to it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flyctl_orchestrator.local.containers.names import noted_engine
from flyctl_orchestrator.local.daemon import control
from tests.engine_bases import SMALL, TestEngine
from tests.functional.containers.conftest import leave_nothing
from tests.platform_client import Api

pytestmark = pytest.mark.containers

# Below what, and where there.
PLACES = [
    ("HOME", ".docker/run/docker.sock"),
    ("HOME", ".colima/default/docker.sock"),
    ("HOME", ".orbstack/run/docker.sock"),
    ("XDG_RUNTIME_DIR", "docker.sock"),
    ("XDG_RUNTIME_DIR", "podman/podman.sock"),
]
_NAMED_BY = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG")


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory with a short name, as the path of a socket has to be short."""
    with tempfile.TemporaryDirectory(prefix="flyo-") as place:
        yield Path(place)


@pytest.mark.parametrize(("variable", "place"), PLACES)
def test_an_engine_at_a_usual_socket_builds_and_runs(
    variable: str, place: str, engine: TestEngine, tmp_path: Path, short: Path
) -> None:
    if Path("/var/run/docker.sock").exists() or engine.endpoint.socket is None:
        pytest.skip("an engine of this computer is found before, or has no socket that can be somewhere else")
    socket = short / place
    socket.parent.mkdir(parents=True, exist_ok=True)
    socket.symlink_to(engine.endpoint.socket)
    kept = {name: value for name, value in os.environ.items() if name not in _NAMED_BY}
    homes = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), variable: str(short)}
    (tmp_path / "Dockerfile").write_text(f'FROM {SMALL}\nRUN echo built > /made\nCMD ["sleep", "600"]\n')
    state = tmp_path / "state"
    api = Api(control.start(state, 0, environ={**kept, **homes, "FLYO_LOCAL_RUNTIME": "container"}))
    assert api.started("small", api.build(api.app("small"), tmp_path))
    found = noted_engine(state)
    assert found is not None and found.socket == str(socket)
    leave_nothing(engine, state)
