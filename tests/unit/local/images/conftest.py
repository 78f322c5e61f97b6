"""What the image tests share: writing a context, and reading a Dockerfile's stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from flyctl_orchestrator.local.images.dockerfile import parse
from flyctl_orchestrator.local.images.stages import Stage, read_stages

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def context(tmp_path: Path) -> Write:
    """Writes files (path -> text) into one fresh directory, and gives it; may be called again to add to it."""
    root = tmp_path / "context"

    def write(files: Mapping[str, str]) -> Path:
        root.mkdir(exist_ok=True)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    return write


@pytest.fixture
def stage() -> Callable[[str], Stage]:
    """Reads a Dockerfile and gives its last stage."""
    return lambda text: read_stages(parse(text))[-1]
