"""The Dockerfiles that `flyo init` writes, built and run in the engine of this computer by the line that it prints.

Only the images they are FROM are others: made of this computer's own Python, Node.js and Go, nothing is pulled.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine_bases import TestEngine
from tests.functional.containers.first_hour.by_the_printed_line import deployed, written
from tests.functional.first_hour.folders import make
from tests.functional.first_hour.newcomer import Newcomer

# Each base is made once.
pytestmark = [pytest.mark.containers, pytest.mark.timeout(900), pytest.mark.xdist_group("init-in-containers")]


@pytest.mark.parametrize("name", ["flask", "django", "fastapi", "static"])
def test_python_apps(name: str, python: str, newcomer: Newcomer, engine: TestEngine, tmp_path: Path) -> None:
    folder = make(name, tmp_path)
    deployed(name, folder, newcomer, engine, written(folder, newcomer, python=python))


def test_node_apps(node: Callable[[Path], str], newcomer: Newcomer, engine: TestEngine, tmp_path: Path) -> None:
    folder = make("express", tmp_path)
    deployed("express", folder, newcomer, engine, written(folder, newcomer, node=node(folder)))


def test_go_apps(go: str, newcomer: Newcomer, engine: TestEngine, tmp_path: Path) -> None:
    folder = make("go", tmp_path)
    lines = written(folder, newcomer, golang=go, alpine="flyo-test/alpine:1")
    deployed("go", folder, newcomer, engine, lines)
