"""The Dockerfiles that `flyo init` writes, built and run in the engine of this computer by the line that it prints.

Only the images they are FROM are others: made of this computer's own Python, Node.js and Go, nothing is pulled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine_bases import TestEngine
from tests.functional.containers.conftest import leave_nothing
from tests.functional.containers.first_hour import language_bases as bases
from tests.functional.first_hour.folders import LARGE, make
from tests.functional.first_hour.newcomer import Newcomer

# Each base is made once.
pytestmark = [pytest.mark.containers, pytest.mark.timeout(900), pytest.mark.xdist_group("init-in-containers")]

KILLED = 137
# Seconds for a line; what Go or Next.js compiles takes minutes on a busy computer.
PATIENCE = 700


@pytest.fixture(scope="session")
def python(engine: TestEngine, from_pip: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    packages = bases.wheels(tmp_path_factory.mktemp("wheels"))
    name = f"flyo-test/pip:{bases.fingerprint(packages)}"
    return engine.ensure_made(name, lambda: bases.python_files(packages), *bases.python_settings())


@pytest.fixture(scope="session")
def node(engine: TestEngine, from_npm: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], str]:
    """Makes an image of Node.js with the packages of a folder."""

    def made(folder: Path) -> str:
        cache = bases.npm_cache(tmp_path_factory.mktemp("npm"), folder / "package.json")
        name = f"flyo-test/npm:{bases.fingerprint(cache)}"
        return engine.ensure_made(name, lambda: bases.node_files(cache), *bases.node_settings())

    return made


@pytest.fixture(scope="session")
def go(engine: TestEngine, from_go: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    engine.ensure_made("flyo-test/alpine:1", lambda: bases.alpine_files(tmp_path_factory.mktemp("alpine")))
    return engine.ensure_made("flyo-test/go:1", bases.go_files, *bases.go_settings())


@pytest.fixture
def newcomer(engine: TestEngine, tmp_path: Path) -> Iterator[Newcomer]:
    """A computer with an engine."""
    home = tmp_path / "home"
    home.mkdir()
    there = Newcomer(home, extra={**engine.variables, "FLYO_LOCAL_RUNTIME": "container"})
    yield there
    leave_nothing(engine, there.local)


def written(folder: Path, newcomer: Newcomer, **images: str) -> list[str]:
    """What init names as next; its Dockerfile is FROM the images of the test."""
    following = newcomer.init(folder)
    dockerfile = folder / "Dockerfile"
    text = re.sub(r"^FROM (\w+):\S+", lambda found: f"FROM {images[found[1]]}", dockerfile.read_text(), flags=re.M)
    dockerfile.write_text(text)
    return [line for line in following if "--local" in line]


def deployed(name: str, folder: Path, newcomer: Newcomer, engine: TestEngine, lines: list[str]) -> None:
    """Every line works, the app answers in a container, and ends when it is told to."""
    for line in lines:
        ran = newcomer.type(line, folder, patience=PATIENCE)
        assert ran.returncode == 0, f"{line}\n{ran.stdout}\n{ran.stderr}"
    assert newcomer.browse(f"{name}-shop", "/").body.strip() == f"a shop in {name}"
    (container,) = engine.labelled("containers", newcomer.local)
    engine.call("POST", f"/containers/{container['Id']}/stop?t=60")
    state = engine.call("GET", f"/containers/{container['Id']}/json")["State"]
    assert not state["Running"] and state["ExitCode"] != KILLED


@pytest.mark.parametrize("name", ["flask", "django", "fastapi", "static"])
def test_python_apps(name: str, python: str, newcomer: Newcomer, engine: TestEngine, tmp_path: Path) -> None:
    folder = make(name, tmp_path)
    deployed(name, folder, newcomer, engine, written(folder, newcomer, python=python))


@pytest.mark.parametrize("name", ["express", *LARGE])
def test_node_apps(
    name: str, node: Callable[[Path], str], newcomer: Newcomer, engine: TestEngine, tmp_path: Path
) -> None:
    folder = make(name, tmp_path)
    deployed(name, folder, newcomer, engine, written(folder, newcomer, node=node(folder)))


def test_go_apps(go: str, newcomer: Newcomer, engine: TestEngine, tmp_path: Path) -> None:
    folder = make("go", tmp_path)
    lines = written(folder, newcomer, golang=go, alpine="flyo-test/alpine:1")
    deployed("go", folder, newcomer, engine, lines)
