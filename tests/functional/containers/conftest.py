"""A daemon whose apps run in containers, an image of a small server for it, and platforms with each kind of builder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flyctl_orchestrator.local.containers.names import Names
from flyctl_orchestrator.local.daemon import control
from tests import planted
from tests.engine_bases import PYTHON, SMALL, TestEngine, engine_or_skip
from tests.functional.containers.builders import KINDS, Builder, put_docker
from tests.platform_client import SERVER, Api
from tests.waiting import eventually

# The same small server, listening where Fly.io would look for it.
CONTAINED = SERVER.replace('("127.0.0.1", int(os.environ["PORT"]))', '("0.0.0.0", 8080)')
DOCKERFILE = f'FROM {PYTHON}\nENV FROM_IMAGE=kept\nWORKDIR /app\nCOPY . .\nCMD ["python3", "-S", "-E", "app.py"]\n'
# What the classic builder cannot do.
_MOUNTS = "--mount=type=cache,target=/kept --mount=type=secret,id=TOKEN,required=true"
FOR_BUILDKIT = DOCKERFILE.replace("COPY", f"RUN {_MOUNTS} test -s /run/secrets/TOKEN\nCOPY")
# With which flyctl builds where the variable DOCKER_BUILDKIT says so: the Dockerfile, and the options it needs.
FLYCTL_BUILDERS = {"0": (DOCKERFILE, ()), "1": (FOR_BUILDKIT, ("--build-secret", f"TOKEN={planted.SECRET}"))}


@pytest.fixture(scope="session")
def engine() -> TestEngine:
    """The engine, with the small base image; the test is skipped where there is none."""
    found = engine_or_skip()
    found.ensure(SMALL)
    return found


@pytest.fixture(scope="session")
def _container_daemon(engine: TestEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[control.Running]:
    state = tmp_path_factory.mktemp("container-platform")
    running = control.start(state, 0, environ=contained(engine))
    yield running
    leave_nothing(engine, state)


def leave_nothing(engine: TestEngine, state: Path) -> None:
    """Destroy every app of a platform and stop it; nothing of it may be left in the engine."""
    running = control.locate(state)
    if running is not None:
        assert Api(running).call("POST", "/_local/reset").status == 200
        # A reset answers at once, and a busy engine takes its time.
        eventually(
            lambda: not engine.images_of(Names(state).prefix) and not engine.labelled("volumes", state), seconds=60
        )
    control.stop(state)
    left = {what: engine.labelled(what, state) for what in ("containers", "networks", "volumes")}
    assert not any(left.values()), left


def contained(engine: TestEngine) -> dict[str, str]:
    """The environment of a daemon whose apps run in containers."""
    return {**os.environ, **engine.variables, "FLYO_LOCAL_RUNTIME": "container"}


@pytest.fixture
def box(_container_daemon: control.Running) -> Api:
    """Talks to a daemon with no apps, whose apps run in containers."""
    api = Api(_container_daemon)
    assert api.call("POST", "/_local/reset").status == 200
    assert api.call("PUT", "/_local/settings", {"rate_limits": False}).status == 200
    return api


@pytest.fixture
def container_daemon(engine: TestEngine, tmp_path: Path) -> Iterator[Callable[[], Api]]:
    """Starts a daemon of the test's own; a second call starts it again on the same directory."""
    state = tmp_path / "state"

    def start() -> Api:
        return Api(control.start(state, 0, environ=contained(engine)))

    yield start
    leave_nothing(engine, state)


@pytest.fixture(scope="session")
def server_in_container(engine: TestEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that builds into a small server on port 8080."""
    engine.ensure(PYTHON)
    context = tmp_path_factory.mktemp("contained-server")
    (context / "app.py").write_text(CONTAINED)
    (context / "Dockerfile").write_text(DOCKERFILE)
    return context


@pytest.fixture
def server(box: Api, server_in_container: Path) -> str:
    """An image of the small server, pushed for app "shop", which exists."""
    return box.build(box.app("shop"), server_in_container)


@pytest.fixture
def small(box: Api, tmp_path: Path) -> Callable[[str], str]:
    """Makes an image of app "small" from the lines of a Dockerfile after FROM."""
    box.app("small")

    def make(lines: str) -> str:
        tmp_path.joinpath("Dockerfile").write_text(f"FROM {SMALL}\n{lines}\n")
        return box.build("small", tmp_path)

    return make


@pytest.fixture(scope="session", params=KINDS)
def building_daemon(
    request: pytest.FixtureRequest, engine: TestEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path, control.Running]]:
    """A kind of builder, the directory of a `docker` that brings it, and a platform that finds no other one."""
    docker, state = tmp_path_factory.mktemp("docker"), tmp_path_factory.mktemp("building-platform")
    put_docker(request.param, docker)
    yield request.param, docker, control.start(state, 0, environ={**contained(engine), "PATH": str(docker)})
    leave_nothing(engine, state)


@pytest.fixture
def builder(building_daemon: tuple[str, Path, control.Running], engine: TestEngine, tmp_path: Path) -> Builder:
    """A builder of each kind that is there, for app "small", of which there is nothing yet."""
    kind, docker, running = building_daemon
    api = Api(running)
    assert api.call("POST", "/_local/reset").status == 200
    api.app("small")
    planted.watch(running.state)
    (tmp_path / "app").mkdir()
    return Builder(kind, docker, api, engine, tmp_path / "app")
