"""Which apps run in containers: as they say, as the platform was told, else by what there is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flyctl_orchestrator.local.containers.builds import Choice, ContainerBuilds
from flyctl_orchestrator.local.containers.connection import Connection
from flyctl_orchestrator.local.containers.endpoint import Endpoint
from flyctl_orchestrator.local.containers.engine import Engine
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.image_build import BuildRequest
from flyctl_orchestrator.local.images.images import ImageStore
from flyctl_orchestrator.local.images.installation import BuildSettings


def _chosen(
    place: Path, socket: Path, *, runtime: str = "", default: str = "auto", command: str | None = None
) -> Choice:
    """What is chosen on a computer with an engine at a socket, and `docker` where a test put it."""
    environ = {"DOCKER_HOST": f"unix://{socket}", "PATH": str(place / "bin")}
    connection = Connection(place, environ, lambda id: None, list)
    builds = ContainerBuilds(ImageStore(place / "images"), BuildSettings(environ), connection, lambda: default)
    request = BuildRequest("shop", "one", place, place / "Dockerfile", command, runtime=runtime)

    async def choose() -> Choice:
        # One that was used before may take its time on a busy computer.
        connection.engine = Engine(Endpoint(environ["DOCKER_HOST"], "test"))
        try:
            return await builds.choose(request)
        finally:
            await connection.engine.close()

    return asyncio.run(choose())


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A `docker` on PATH."""
    program = tmp_path / "bin/docker"
    program.parent.mkdir()
    program.touch(0o755)
    return program


def test_without_an_engine_auto_takes_processes_and_says_so(tmp_path: Path, docker: Path) -> None:
    chosen = _chosen(tmp_path, tmp_path / "nobody.sock")
    assert (chosen.in_container, chosen.shown) == (False, True)
    assert f"since no container engine answers at {tmp_path}/nobody.sock" in chosen.why


def test_without_a_docker_command_auto_takes_processes_and_says_so(tmp_path: Path, listening: Path) -> None:
    chosen = _chosen(tmp_path, listening)
    assert (chosen.in_container, chosen.shown) == (False, True)
    assert f"an engine answers at {listening}, but there is no `docker` command on PATH" in chosen.why


def test_what_is_asked_for_is_done(tmp_path: Path, listening: Path) -> None:
    """Without the command, too: then the build says what to install."""
    assert _chosen(tmp_path, listening, runtime="container").in_container
    assert not _chosen(tmp_path, listening, runtime="process", default="container").in_container
    with pytest.raises(BuildFailed, match="flyo local up --runtime asks for containers") as refused:
        _chosen(tmp_path, tmp_path / "nobody.sock", default="container")
    assert refused.value.code == "build.engine"


def test_an_app_that_says_how_to_install_runs_as_processes(tmp_path: Path, listening: Path, docker: Path) -> None:
    assert not _chosen(tmp_path, listening, command="pip install .").in_container
    assert _chosen(tmp_path, listening, default="container", command="pip install .").in_container
