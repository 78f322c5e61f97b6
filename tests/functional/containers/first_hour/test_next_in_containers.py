"""The Dockerfiles that `flyo init` writes for Next.js, built and run in the engine of this computer.

Only the images they are FROM are others. This fetches and builds for minutes, and so is not in `make containers`:
make containers CONTAINED=tests/functional/containers/first_hour
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine_bases import TestEngine
from tests.functional.containers.first_hour.by_the_printed_line import deployed, written
from tests.functional.first_hour.folders import LARGE, make
from tests.functional.first_hour.newcomer import Newcomer

# Each base is made once.
pytestmark = [pytest.mark.containers, pytest.mark.timeout(900), pytest.mark.xdist_group("init-in-containers")]


@pytest.mark.parametrize("name", LARGE)
def test_next_apps(
    name: str, node: Callable[[Path], str], newcomer: Newcomer, engine: TestEngine, tmp_path: Path
) -> None:
    folder = make(name, tmp_path)
    deployed(name, folder, newcomer, engine, written(folder, newcomer, node=node(folder)))
