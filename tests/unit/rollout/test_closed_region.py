"""A first deploy to a region that Fly.io has closed: rehearsed elsewhere, and refused for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.catalog.regions import RegionBook, load_regions
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.rollout.default_regions import with_regions
from tests.unit.rollout.rollout_world import APP, World

BOOK = load_regions()


@pytest.mark.parametrize(
    ("region", "book", "settled"),
    [
        ("mia", BOOK, "iad"),
        ("bom", BOOK, "sin"),
        ("mia", None, None),
        ("the-nearest", BOOK, None),
        ("mia", RegionBook(BOOK.captured_on, BOOK.source, BOOK.regions, {"mia": None}), None),
    ],
)
def test_a_closed_region_stands_for_the_nearest_open_one_in_a_rehearsal_only(
    world: World, tmp_path: Path, region: str, book: RegionBook | None, settled: str | None
) -> None:
    (tmp_path / "fly.toml").write_text(f'app = "{APP}"\nprimary_region = "{region}"\n')
    project, said = with_regions(load_project(tmp_path), world.api, book)
    if settled is None:
        assert said == ""
        with pytest.raises(UsageError):
            project.require_understood()
        return
    project.require_understood()
    assert (dict(project.regions()), project.flytoml.primary_region) == ({settled: 1}, settled)
    assert f"closed its region '{region}': rehearsed in {settled}" in said and "Fly.io refuses it" in said
