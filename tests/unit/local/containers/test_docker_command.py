"""Which `docker` builds; and one build: what it prints of secrets stays out of the log and of the error."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flyctl_orchestrator.local.containers.build_failures import failed
from flyctl_orchestrator.local.containers.docker_command import DockerCommand, find_docker
from flyctl_orchestrator.local.containers.endpoint import Endpoint
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.image_build import BuildRequest
from tests import planted

KEY = "-----BEGIN KEY-----\nabcdef123\n-----END KEY-----"


def test_a_build_that_prints_its_secrets_and_fails_tells_none(tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text('#!/bin/sh\necho "read $FLYO_BUILD_SECRET_0"\necho "$FLYO_BUILD_SECRET_1"\nexit 1\n')
    program.chmod(0o755)
    dockerfile = tmp_path / "Dockerfile"
    request = BuildRequest("shop", "one", tmp_path, dockerfile, secrets={"TOKEN": planted.SECRET, "KEY": KEY})
    docker = DockerCommand(str(program), "buildkit", env={"PATH": "/usr/bin:/bin"})
    log: list[str] = []
    ended = asyncio.run(docker.build(request, dockerfile, tmp_path / "iid", log.append, 30))
    error = failed(ended)
    said = "\n".join([*log, *ended.last_lines, str(error), repr(vars(error))])
    assert (ended.status, log[0]) == (1, "read ***")
    assert planted.SECRET not in said and "abcdef123" not in said


def test_the_classic_builder_is_not_started_with_secrets(tmp_path: Path) -> None:
    request = BuildRequest("shop", "one", tmp_path, tmp_path / "Dockerfile", secrets={"TOKEN": planted.SECRET})
    docker = DockerCommand(str(tmp_path / "never-started"), "classic", env={})
    with pytest.raises(BuildFailed) as refused:
        asyncio.run(docker.build(request, request.dockerfile, tmp_path / "iid", lambda line: None, 30))
    assert refused.value.code == "build.engine"
    assert "takes no build secrets (TOKEN)" in str(refused.value) and planted.SECRET not in str(refused.value)


_ENGINE = Endpoint("unix:///engine.sock", "test")


def _docker(place: Path, *, version: int, plugin: bool = False, understood: bool = True) -> str:
    """A `docker` in a directory of its own that says so of itself; the directory."""
    place.mkdir()
    program = place / "docker"
    program.write_text(
        f"""#!/bin/sh
case "$1" in
  buildx) exit {0 if plugin else 1} ;;
  --version) echo "Docker version {version}.0.1, build abc" ;;
  version) exit {0 if understood else 1} ;;
esac
"""
    )
    program.chmod(0o755)
    return str(place)


def _found(*places: str, podman: bool = False) -> DockerCommand:
    return asyncio.run(find_docker({}, ":".join(["", *places]), _ENGINE, podman=podman))


@pytest.mark.parametrize(
    ("version", "plugin", "buildkit"), [(20, False, True), (20, True, True), (28, False, False), (28, True, True)]
)
def test_buildkit_is_built_in_before_version_23_and_a_plugin_since(
    tmp_path: Path, version: int, plugin: bool, buildkit: bool
) -> None:
    found = _found(_docker(tmp_path / "one", version=version, plugin=plugin))
    assert (found.buildkit, found.env["DOCKER_BUILDKIT"]) == (buildkit, "1" if buildkit else "0")
    assert bool(found.notices) is not buildkit and not found.passed_over


def test_a_docker_with_buildkit_is_taken_before_one_without(tmp_path: Path) -> None:
    without, has = _docker(tmp_path / "a", version=28), _docker(tmp_path / "b", version=20)
    other_name = tmp_path / "c"
    other_name.symlink_to(without)
    found = _found(without, str(other_name), has)
    assert (found.program, found.passed_over) == (f"{has}/docker", (f"{without}/docker",))
    assert _found(has, without).program == f"{has}/docker"


def test_one_that_the_engine_does_not_understand_is_not_taken_for_its_buildkit(tmp_path: Path) -> None:
    without, old = _docker(tmp_path / "a", version=28), _docker(tmp_path / "b", version=20, understood=False)
    found = _found(without, old)
    assert (found.program, found.buildkit) == (f"{without}/docker", False)


def test_podman_gets_no_buildkit_from_a_docker_that_has_it(tmp_path: Path) -> None:
    found = _found(_docker(tmp_path / "a", version=28, plugin=True), podman=True)
    assert (found.builder, found.buildkit, found.env["DOCKER_BUILDKIT"]) == ("podman", False, "0")
    assert found.notices == ()


def test_without_a_docker_command_the_build_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="no `docker` command on PATH") as refused:
        _found(str(tmp_path))
    assert refused.value.code == "build.engine"
