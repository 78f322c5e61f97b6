"""Base images for the languages, and a newcomer's computer with an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine_bases import TestEngine
from tests.functional.containers.conftest import leave_nothing
from tests.functional.containers.first_hour import language_bases as bases
from tests.functional.first_hour.conftest import from_go, from_npm, from_pip
from tests.functional.first_hour.newcomer import Newcomer

__all__ = ["from_go", "from_npm", "from_pip"]


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
