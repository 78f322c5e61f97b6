"""Commands that only look or undo work whatever is wrong with the files, and with --app without any."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.functional.rollout.rollout_project import APP, RolloutProject

LOOKS = (("status",), ("history",), ("secrets", "list"), ("lock", "status"))


def answers(project: RolloutProject, *more: str) -> None:
    for words in LOOKS:
        ran = project.flyo(*words, "--local", *more)
        assert ran.status == 0, (words, ran.stderr)
    # There is nothing to undo, and both say so instead of stumbling over the files.
    for words in (("rollback", "--yes"), ("deploy", "--abort")):
        ran = project.flyo(*words, "--local", *more)
        assert ran.status in (0, 1) and "fly.toml: " not in ran.last_line, (words, ran.stderr)


@pytest.mark.parametrize("name", ["fly.toml", "flyo.toml"])
def test_broken_values_are_warned_of(deployed: RolloutProject, name: str) -> None:
    path = deployed.project / name
    kept = path.read_text()
    path.write_text(f'primary_region = "nowhere"\nprocesses = 3\n{kept.replace("primary_region", "old_region")}')
    answers(deployed)
    ran = deployed.flyo("status", "--local")
    assert f"warning: {name}:" in ran.stderr
    assert deployed.flyo("plan", "--local").status == 2


def test_no_files_at_all(deployed: RolloutProject) -> None:
    for path in deployed.project.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    answers(deployed, "--app", APP)


def test_a_region_the_catalog_does_not_know_is_asked_of_the_platform(fresh: RolloutProject, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "regions.toml").write_text(
        'captured_on = 2020-01-01\nsource = "mine"\n[[region]]\ncode = "iad"\ncity = "Ashburn"\nmarkup = 1.0\n'
    )
    fresh.extra["FLYO_CATALOG_DIR"] = str(catalog)
    ran = fresh.flyo("plan", "--local")
    assert ran.status == 0, ran.stderr
    flyo = fresh.project / "flyo.toml"
    flyo.write_text(flyo.read_text().replace("nrt = 1", "zzz = 1"))
    ran = fresh.flyo("plan", "--local")
    assert ran.status == 2
    assert "'zzz' is not a Fly.io region" in ran.last_line
