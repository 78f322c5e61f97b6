"""What cannot be planned or scaled, and why: the whole line of each."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.rollout.kept_plan import read_kept_plan
from flyctl_orchestrator.rollout.plan.desired import desired_of, with_flags
from flyctl_orchestrator.rollout.plan.file import plan_as_dict
from flyctl_orchestrator.rollout.plan.part import Part
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.plan.scale_request import check_regions, counts_of_files, read_counts
from flyctl_orchestrator.rollout.plan.source import choose_source
from flyctl_orchestrator.rollout.state.observe import Fleet
from tests.refusals import refused
from tests.unit.rollout.plan.goals import SECRETS, goal, machine, plan

ONE, TWO = ("app",), ("app", "worker")
FLEET = Fleet("shop", True, (machine("m1"), machine("m2", "fra")), SECRETS)
EMPTY = Fleet("shop", True, (), SECRETS)
NOTHING = "that leaves no machine and no region to roll out to. Leave less out"


@pytest.mark.parametrize(
    ("words", "groups", "line"),
    [
        (
            "iad=1", TWO,
            "iad=1: the app has several process groups (app, worker). Say which, e.g. app:iad=1 [scale.group]",
        ),
        ("wroker:iad=1", TWO, "wroker:iad=1: there is no process group 'wroker'. There is: app, worker [scale.group]"),
        (
            "iad=501", ONE,
            "iad=501: 501 machines in one region are more than the 500 that flyo makes. Give a smaller count "
            "[scale.too_many]",
        ),
        ("iad=1 iad=2", ONE, "flyo scale: iad is given two counts, 1 and 2. Give one [scale.twice]"),
        ("worker:iad=1 worker:iad=2", TWO, "flyo scale: iad is given two counts, 1 and 2. Give one [scale.twice]"),
    ],
)  # fmt: skip
def test_counts_that_cannot_be(words: str, groups: tuple[str, ...], line: str) -> None:
    with refused(2, f"flyo: {line}"):
        read_counts(words.split(), groups)


def test_a_region_that_is_being_closed_takes_no_new_machine_and_may_keep_those_it_has() -> None:
    known = load_regions()
    closing = replace(known, regions=tuple(replace(each, deprecated=each.code == "fra") for each in known))
    line = "flyo: flyo scale: fra (Frankfurt) is deprecated and takes no new machines. "
    near = "The nearest open ones are ams (Amsterdam), cdg (Paris), lhr (London) [config.deprecated_region]"
    with refused(2, line + near):
        check_regions({("fra", "app"): 2}, FLEET, closing)
    check_regions({("fra", "app"): 1}, FLEET, closing)
    nowhere = replace(closing, regions=tuple(replace(each, at=None) for each in closing))
    with refused(2, f"{line}'flyo regions list' shows the open ones [config.deprecated_region]"):
        check_regions({("fra", "app"): 1}, EMPTY, nowhere)


def test_a_machine_to_copy_that_is_not_there() -> None:
    with refused(
        2,
        "flyo: app shop: machine 148e is no machine of process group app. 'flyo status --machines' lists them "
        "[scale.like]",
    ):
        choose_source(FLEET, "app", "148e")
    with refused(
        2,
        "flyo: app shop: process group app has no machine to copy. Run 'flyo deploy', which makes the first one "
        "[scale.no_source]",
    ):
        choose_source(EMPTY, "app")


def test_files_that_say_no_counts(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text('app = "shop"\n')
    with refused(2, "flyo: flyo scale: there is no flyo.toml to match. Say how many, e.g. iad=2 [scale.no_flyo]"):
        counts_of_files(load_project(tmp_path), FLEET)


def test_a_canary_that_is_none_of_the_regions(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text('app = "shop"\n')
    (tmp_path / "flyo.toml").write_text("[regions]\niad = 1\nfra = 1\n")
    project = load_project(tmp_path)
    none = "the canary region nrt is none of the regions to deploy to"
    with refused(2, f"flyo: --canary: {none} (iad, fra). Name one of them [config.canary]"):
        desired_of(project, PlannedImage(), with_flags(project.flyo.rollout, canary="nrt"))
    # Where flyo.toml has no [regions], which there are is only known here.
    (tmp_path / "fly.toml").write_text('app = "shop"\nprimary_region = "iad"\n')
    (tmp_path / "flyo.toml").write_text('[rollout]\ncanary = "nrt"\n')
    with refused(2, f"flyo: flyo.toml [rollout] canary: {none} (iad). Name one of them [config.canary]"):
        desired_of(load_project(tmp_path), PlannedImage())


@pytest.mark.parametrize(
    ("part", "line"),
    [
        (Part(without=("iad", "fra")), f"--without: {NOTHING}"),
        (Part(machines=("m1",), not_regions=("iad",)), f"--only-machines and --exclude-regions: {NOTHING}"),
        (Part(without=("frq",)), "--without: 'frq' is neither a region nor a machine of app shop. Did you mean 'fra'?"),
        (
            Part(not_machines=("x",)),
            "--exclude-machines: 'x' is no machine of app shop. 'flyo status --machines' shows them",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_left_out(part: Part, line: str) -> None:
    with refused(2, f"flyo: {line} [plan.without]"):
        part.of(FLEET, goal({"iad": 1, "fra": 1}))


def test_a_plan_of_another_app(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text('app = "other"\n')
    kept = tmp_path / "plan.json"
    kept.write_text(json.dumps(plan_as_dict(plan([machine("m1")], goal({"iad": 1})))))
    with refused(
        2,
        f"flyo: {kept}: the plan is for app shop, not other. Make one for it with 'flyo plan --out FILE' [plan.app]",
    ):
        read_kept_plan(kept, load_project(tmp_path))
    kept.write_text("{")
    with refused(
        2, f"flyo: {kept}: the plan cannot be read (not JSON). Make one with 'flyo plan --out FILE' [plan.bad_file]"
    ):
        read_kept_plan(kept, load_project(tmp_path))
