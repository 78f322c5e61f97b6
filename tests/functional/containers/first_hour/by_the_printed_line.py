"""A folder, by what `flyo init` writes and prints, to an app in a container."""

from __future__ import annotations

import re
from pathlib import Path

from tests.engine_bases import TestEngine
from tests.functional.first_hour.newcomer import Newcomer

KILLED = 137
# Seconds for a line; what Go or Next.js compiles takes minutes on a busy computer.
PATIENCE = 700


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
