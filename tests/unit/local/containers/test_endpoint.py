"""Where the engine is looked for, and which engines are refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from flyctl_orchestrator.local.containers.endpoint import NoEngine, find_engine


def _patient(environ: dict[str, str]) -> str:
    """The address that was found; a busy computer may take longer than a person would wait."""
    return find_engine(environ, 10.0).address


def _with_context(home: Path, name: str, address: str) -> None:
    meta = home / ".docker/contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": address}}}))


def test_docker_host_is_asked_first(listening: Path, tmp_path: Path) -> None:
    _with_context(tmp_path, "other", "unix:///nowhere.sock")
    environ = {"HOME": str(tmp_path), "DOCKER_CONTEXT": "other", "DOCKER_HOST": f"unix://{listening}"}
    assert _patient(environ) == f"unix://{listening}"


def test_the_context_of_the_docker_command_is_followed(listening: Path, tmp_path: Path) -> None:
    _with_context(tmp_path, "mine", f"unix://{listening}")
    (tmp_path / ".docker/config.json").write_text('{"currentContext": "mine"}')
    assert find_engine({"HOME": str(tmp_path)}, 10.0).found_by.endswith("(mine)")
    assert _patient({"HOME": str(tmp_path), "DOCKER_CONTEXT": "mine"}) == f"unix://{listening}"


@pytest.mark.parametrize(
    "place", [".docker/run/docker.sock", ".colima/default/docker.sock", ".orbstack/run/docker.sock"]
)
def test_usual_sockets_below_the_home(listening: Path, tmp_path: Path, place: str) -> None:
    if Path("/var/run/docker.sock").exists():
        pytest.skip("an engine of this computer is found before")
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).symlink_to(listening)
    assert _patient({"HOME": str(tmp_path)}) == f"unix://{tmp_path / place}"


@pytest.mark.parametrize(
    "address", ["ssh://me@far.example", "tcp://far.example:2376", "npipe:////./pipe/x", "nonsense"]
)
@pytest.mark.parametrize("by_context", [False, True])
def test_engines_elsewhere_are_refused_with_the_reason(tmp_path: Path, address: str, by_context: bool) -> None:
    environ = {"HOME": str(tmp_path)}
    if by_context:
        _with_context(tmp_path, "far", address)
        environ["DOCKER_CONTEXT"] = "far"
    else:
        environ["DOCKER_HOST"] = address
    with pytest.raises(NoEngine, match="not on this computer") as refused:
        find_engine(environ)
    assert "me@" not in str(refused.value)


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(NoEngine, match=f"no container engine answers at {tmp_path}/none"):
        find_engine({"DOCKER_HOST": f"unix://{tmp_path}/none"})


def test_a_damaged_configuration_is_no_context(listening: Path, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text('["currentContext"]')
    with pytest.raises(NoEngine, match="no container engine answers"):
        find_engine({"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "DOCKER_CONTEXT": "default"})
    (tmp_path / "docker.sock").symlink_to(listening)
    assert _patient({"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}).startswith("unix://")
