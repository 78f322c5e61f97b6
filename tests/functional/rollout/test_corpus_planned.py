"""Other people's fly.toml files, planned: FLY_TOML_CORPUS names a directory of your own with such files."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.functional.rollout.rollout_project import RolloutProject

CORPUS = "FLY_TOML_CORPUS"
SUFFIXES = {".toml", ".json", ".yaml"}
# What flyctl itself refuses, a first deploy to a region that is none, and a variable that leads writes elsewhere.
MEANT = {"config.refused", "config.unknown_region", "doctor.env_primary_region"}


def corpus() -> list[Path]:
    directory = os.environ.get(CORPUS, "")
    return sorted(path for path in Path(directory).iterdir() if path.suffix in SUFFIXES) if directory else []


@pytest.mark.skipif(not corpus(), reason=f"{CORPUS} names no directory of fly.toml files")
@pytest.mark.parametrize("path", corpus() or [Path("none")], ids=lambda path: path.name)
def test_a_file_is_planned_or_refused_as_flyctl_would(fresh: RolloutProject, path: Path) -> None:
    assert refused(fresh, fresh.root / "corpus", path) == ""


def refused(project: RolloutProject, place: Path, path: Path) -> str:
    """What `flyo plan` says against a file, empty where it plans it."""
    place.mkdir()
    text = path.read_text("utf-8")
    (place / f"fly{path.suffix}").write_text(text, "utf-8")
    for named in {"Dockerfile", *re.findall(r"""dockerfile["']?\s*[=:]\s*["']([^"']+)""", text)}:
        dockerfile = (place / named).resolve()
        if dockerfile.is_relative_to(project.root):
            dockerfile.parent.mkdir(parents=True, exist_ok=True)
            dockerfile.write_text('FROM scratch\nCMD ["true"]\n')
    ran = project.flyo("plan", "--local", "--json", "--app", "corpus", cwd=place)
    told = json.loads(ran.stdout.splitlines()[-1]) if ran.status else {}
    return f"{path.name}: {ran.last_line}" if ran.status and told.get("code") not in MEANT else ""
