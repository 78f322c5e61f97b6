"""What `flyo scale --save` writes, and what it advises without."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.project.model import Flyo, FlyToml, Project
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.rollout.plan.save_counts import keys_text, keys_to_set, saved

Counts = Mapping[tuple[str, str], int]
ONE = 'app = "shop"\nprimary_region = "iad"\n'
TWO = ONE + '[processes]\napp = "serve"\nworker = "work"\n'


def project(directory: Path, fly: str, flyo: str | None) -> Project:
    (directory / "fly.toml").write_text(fly)
    if flyo is not None:
        (directory / "flyo.toml").write_text(flyo)
    return load_project(directory, None, None, {})


def after(directory: Path, fly: str, flyo: str | None, asked: Counts, everywhere: Counts | None = None) -> str:
    found = project(directory, fly, flyo)
    return saved(found, flyo or "", keys_to_set(found, asked, everywhere or {}))


def test_a_count_is_written_where_it_stands_and_comments_stay(tmp_path: Path) -> None:
    text = "# where\n[regions]\niad = 1 # home\nfra = 1\n\n[rollout] # how\nwidth = 2\n"
    now = after(tmp_path, ONE, text, {("iad", "app"): 3, ("nrt", "app"): 2, ("fra", "app"): 0})
    assert now == text.replace("iad = 1", "iad = 3").replace("fra = 1\n", "fra = 0\nnrt = 2\n")


def test_a_file_that_says_so_already_needs_nothing(tmp_path: Path) -> None:
    assert keys_to_set(project(tmp_path, ONE, "[regions]\niad = 2\n"), {("iad", "app"): 2}, {}) == {}


@pytest.mark.parametrize(
    ("flyo", "asked", "advice"),
    [
        ("[regions]\niad = 1\n", {("iad", "app"): 2, ("nrt", "app"): 1}, "[regions] iad = 2, nrt = 1"),
        # Both groups alike: one line for both. One alone: a table of its own, with all of its regions.
        ("[regions]\niad = 1\nfra = 1\n", {("iad", "app"): 2, ("iad", "worker"): 2}, "[regions] iad = 2"),
        (
            "[regions]\niad = 1\nfra = 1\n",
            {("iad", "worker"): 2},
            "[groups.worker.regions] iad = 2, fra = 1",
        ),
        (
            "[regions]\niad = 1\n[groups.worker.regions]\nfra = 1\n",
            {("iad", "app"): 2, ("fra", "worker"): 3},
            "[regions] iad = 2; [groups.worker.regions] fra = 3",
        ),
        # A file without [regions] stands for one machine in the primary region.
        ("[rollout]\nwidth = 1\n", {("nrt", "app"): 1, ("nrt", "worker"): 1}, "[regions] iad = 1, nrt = 1"),
    ],
)
def test_the_advice_is_right_for_each_process_group(tmp_path: Path, flyo: str, asked: Counts, advice: str) -> None:
    groups = {group for _, group in asked}
    fly = TWO if "worker" in groups or "worker" in flyo else ONE
    assert keys_text(keys_to_set(project(tmp_path, fly, flyo), asked, {})) == advice


def test_a_file_that_is_not_there_gets_every_place(tmp_path: Path) -> None:
    everywhere = {("iad", "app"): 1, ("iad", "worker"): 1, ("fra", "app"): 2}
    text = after(tmp_path, TWO, None, {("fra", "app"): 2}, everywhere)
    assert tomllib.loads(text) == {
        "groups": {"app": {"regions": {"iad": 1, "fra": 2}}, "worker": {"regions": {"iad": 1}}}
    }


def test_groups_that_fly_toml_no_longer_has_are_left_out(tmp_path: Path) -> None:
    assert keys_to_set(project(tmp_path, ONE, "[regions]\niad = 1\n"), {("iad", "old"): 0}, {}) == {}


REGIONS, GROUPS = ("iad", "fra", "nrt"), ("app", "worker")
TABLES = st.dictionaries(st.sampled_from(REGIONS), st.integers(0, 3), max_size=3)
ASKED = st.dictionaries(st.tuples(st.sampled_from(REGIONS), st.sampled_from(GROUPS)), st.integers(0, 4), max_size=6)


@settings(deadline=None)
@given(regions=TABLES, groups=st.dictionaries(st.sampled_from(GROUPS), TABLES, max_size=2), asked=ASKED)
def test_afterwards_the_file_says_what_was_asked_and_all_else_as_before(
    regions: dict[str, int], groups: dict[str, dict[str, int]], asked: Counts
) -> None:
    fly = FlyToml("shop", "iad", GROUPS, (), (), {}, (), {}, {}, Path("fly.toml"), "")
    before = Project(Path(), "shop", fly, Flyo(regions=regions, groups=groups, path=Path("flyo.toml")))
    tables: dict[str, object] = {"regions": dict(regions)}
    tables["groups"] = {name: {"regions": dict(table)} for name, table in groups.items()}
    for path, value in keys_to_set(before, asked, {}).items():
        place: dict[str, object] = tables
        for step in path[:-1]:
            place = place.setdefault(str(step), {})  # type: ignore[assignment]
        place[str(path[-1])] = value
    now = Flyo(
        regions=tables["regions"],  # type: ignore[arg-type]
        groups={name: group["regions"] for name, group in tables["groups"].items()},  # type: ignore[attr-defined]
        path=Path("flyo.toml"),
    )
    after = Project(Path(), "shop", fly, now)
    for region in REGIONS:
        for group in GROUPS:
            assert after.wanted(region, group) == asked.get((region, group), before.wanted(region, group))
