"""Directories that a build made and a COPY --from takes: their content goes where it would in an engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flyctl_orchestrator.local.core.seams import Image
from flyctl_orchestrator.local.images.context import scan
from flyctl_orchestrator.local.images.dockerfile import parse
from flyctl_orchestrator.local.images.ignore import Ignore
from flyctl_orchestrator.local.images.layout import Unmet, lay_out
from flyctl_orchestrator.local.images.snapshot import CONTENT, materialise
from flyctl_orchestrator.local.images.stages import read_stages
from tests.unit.local.images.conftest import Write


@pytest.mark.parametrize(
    ("target", "file", "directory"),
    [
        ("./", "app/dist", "app"),
        (".", "app/dist", "app"),
        ("./public/", "app/public/dist", "app/public"),
        ("./public", "app/public", "app/public"),
        ("/", "dist", ""),
        ("/srv/", "srv/dist", "srv"),
    ],
)
def test_where_a_directory_goes_and_where_a_file(context: Write, target: str, file: str, directory: str) -> None:
    file_ = parse(f"FROM a AS made\nWORKDIR /src\nRUN x\nFROM a\nWORKDIR /app\nCOPY --from=made /src/dist {target}")
    stages = read_stages(file_)
    layout = lay_out(file_, stages, stages[-1], scan(context({"a": ""}), Ignore()))
    assert layout.unmet == [Unmet(6, "made", "src/dist", file, directory)]


def made(tmp_path: Path) -> Path:
    """What a build of Next.js leaves, on a small scale."""
    root = tmp_path / "made"
    for name in (
        ".next/standalone/server.js",
        ".next/standalone/.next/server/a",
        ".next/static/b.js",
        "node_modules/c",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def machine(tmp_path: Path, links: dict[str, str]) -> Path:
    (tmp_path / "image" / "app").mkdir(parents=True, exist_ok=True)
    (tmp_path / "image" / "app" / "own").write_text("own")
    place = tmp_path / "machine"
    materialise(Image("", "", tmp_path / "image", 0, workdir="/app", links=links), place)
    return place / "app"


def test_the_content_of_a_directory_is_beside_what_is_there_and_one_inside_the_other(tmp_path: Path) -> None:
    root = made(tmp_path)
    before = sorted(path.relative_to(root) for path in root.rglob("*"))
    links = {
        "app/.next": f"{root}/.next",
        f"app{CONTENT}": f"{root}/.next/standalone",
        "app/.next/static": f"{root}/.next/static",
    }
    for _ in range(2):
        app = machine(tmp_path, links)
        assert {path.name for path in app.iterdir()} == {"own", "server.js", ".next"}
        # A program looks beside the place that its file really has.
        assert not (app / "server.js").is_symlink() and (app / "server.js").read_text() == ".next/standalone/server.js"
        assert (app / ".next/server/a").read_text() == ".next/standalone/.next/server/a"
        assert (app / ".next/static/b.js").read_text() == ".next/static/b.js"
    # Nothing was put where the links lead.
    assert sorted(path.relative_to(root) for path in root.rglob("*")) == before
    shutil.rmtree(tmp_path / "machine")
    assert sorted(path.relative_to(root) for path in root.rglob("*")) == before


def test_content_at_the_top_of_the_root_stays_in_the_machine(tmp_path: Path) -> None:
    root = made(tmp_path)
    machine(tmp_path, {CONTENT: str(root / ".next" / "standalone")})
    assert (tmp_path / "machine" / "server.js").is_file()
