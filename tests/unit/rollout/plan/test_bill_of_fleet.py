"""The bill of what runs, and what it becomes: machines made by a file cost what the file's own bill says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.catalog.prices import load_prices
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.doctor.cost import check_cost
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.volumes import Volume
from flyctl_orchestrator.project import flytoml
from flyctl_orchestrator.project.model import Flyo, Project
from flyctl_orchestrator.project.tomlfile import Document, parse_toml
from flyctl_orchestrator.rollout.plan.bill.bill import Bill, Use, bill_of
from flyctl_orchestrator.rollout.plan.bill.change import BillChange, compare
from flyctl_orchestrator.rollout.plan.bill.of_fleet import bill_of_fleet, standing_of
from flyctl_orchestrator.rollout.state.observe import Fleet
from tests.unit.fleet.fleet_doubles import machine

PRICES, REGIONS = load_prices()[0], load_regions()
SIZE = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512}


def project(text: str, regions: dict[str, int]) -> Project:
    whole = f'app = "shop"\nprimary_region = "iad"\n{text}'
    fly = flytoml.parse(Document(Path("/nowhere/fly.toml"), "fly.toml", whole, parse_toml(whole, "fly.toml")))
    return Project(Path("/nowhere"), "shop", fly, Flyo(regions=regions), Path("/nowhere"))


def one(id: str, region: str, **config: Any) -> Machine:
    metadata = {"fly_platform_version": "v2", "fly_process_group": "app"}
    usual = {"image": "x", "metadata": metadata, "guest": SIZE, "env": {"PRIMARY_REGION": "iad"}}
    return Machine.of_api("shop", machine(id, region=region, config=usual | config))


def fleet(*machines: Machine, volumes: tuple[Volume, ...] = ()) -> Fleet:
    return Fleet("shop", exists=True, machines=machines, volumes=volumes)


def running(there: Fleet, use: Use | None = None) -> Bill:
    return bill_of_fleet(there, use or Use(), PRICES, REGIONS)


def change(there: Fleet, wanted: Project, use: Use | None = None) -> BillChange:
    return compare(running(there, use), bill_of(wanted, use or Use(), PRICES, REGIONS, standing_of(there)))


@given(
    counts=st.dictionaries(st.sampled_from(["iad", "fra", "nrt"]), st.integers(1, 4), min_size=1),
    stop=st.sampled_from(["off", "stop", "suspend", None]),
    least=st.integers(0, 5),
    size=st.sampled_from([("shared", 1, 256), ("shared", 4, 4096), ("performance", 2, 4096), None]),
    volume=st.one_of(st.none(), st.integers(1, 50)),
    hours=st.floats(0, 24),
)
def test_machines_as_the_file_has_them_change_nothing(
    counts: dict[str, int], stop: str | None, least: int, size: tuple[str, int, int] | None, volume: int | None,
    hours: float,
) -> None:  # fmt: skip
    """Written once as a file and once as machines: both bills are the same, line by line."""
    text = ""
    config: dict[str, Any] = {}
    if stop is not None:
        text += f'[http_service]\ninternal_port = 80\nauto_stop_machines = "{stop}"\nmin_machines_running = {least}\n'
        config["services"] = [{"internal_port": 80, "autostop": stop, "min_machines_running": least}]
    if size is not None:
        text += f'[[vm]]\ncpu_kind = "{size[0]}"\ncpus = {size[1]}\nmemory_mb = {size[2]}\n'
        config["guest"] = {"cpu_kind": size[0], "cpus": size[1], "memory_mb": size[2]}
    if volume is not None:
        text += f'[mounts]\nsource = "data"\ndestination = "/data"\ninitial_size = {volume}\n'
    machines = [one(f"{code}{number}", code, **config) for code, many in counts.items() for number in range(many)]
    volumes = [Volume(f"v{each.id}", "data", each.region, volume, each.id) for each in machines if volume]
    found = change(fleet(*machines, volumes=tuple(volumes)), project(text, counts), Use(hours=hours))
    assert [(line.what, line.where) for line in found.lines if line.before.amount != line.after.amount] == []
    assert found.usd == pytest.approx(0, abs=1e-9)
    assert found.before.total == pytest.approx(found.after.total) and found.before.total > 0


def test_what_comes_goes_and_grows_is_a_line_each() -> None:
    there = fleet(one("a", "iad"), one("b", "lhr"))
    found = change(there, project("[[vm]]\nmemory_mb = 1024\n", {"iad": 2, "nrt": 1}))
    lines = [(line.where, line.before.amount, line.after.amount) for line in found.lines]
    assert lines == [
        ("iad", "1 × shared-cpu-1x 512 MB", "2 × shared-cpu-1x 1024 MB"),
        ("nrt", "", "1 × shared-cpu-1x 1024 MB"),
        ("lhr", "1 × shared-cpu-1x 512 MB", ""),
    ]
    assert found.usd == pytest.approx(sum(line.usd or 0.0 for line in found.lines))
    assert found.usd == pytest.approx(found.after.total - found.before.total)
    assert found.as_dict()["items"][2]["after"] is None and found.as_dict()["items"][1]["before"] is None


def test_doctor_says_what_the_files_would_make_of_the_bill() -> None:
    there = fleet(one("a", "iad"), one("b", "iad"))
    for count, words in ((3, "3.69 USD a month more"), (1, "3.69 USD a month less")):
        (found,) = check_cost("shop", change(there, project("", {"iad": count})))
        assert (found.severity, found.code) == ("info", "doctor.cost_differs")
        assert found.what == f"would cost {words} as the files have it than as it runs"
    assert list(check_cost("shop", change(there, project("", {"iad": 2})))) == []
    assert list(check_cost("shop", change(there, project('[[vm]]\nsize = "a10"\n', {"iad": 2})))) == []


def test_without_a_vm_machines_keep_the_size_they_have() -> None:
    large = {"cpu_kind": "performance", "cpus": 2, "memory_mb": 4096}
    found = change(fleet(one("a", "iad", guest=large)), project("", {"iad": 2}))
    assert found.lines[0].after.amount == "2 × performance-cpu-2x 4096 MB"
    assert found.after.total == pytest.approx(2 * found.before.total)


def test_volumes_are_kept_with_the_size_they_have() -> None:
    mounted = '[mounts]\nsource = "data"\ndestination = "/data"\ninitial_size = 1\n'
    kept = (Volume("v1", "data", "iad", 10, "a"), Volume("v2", "data", "lhr", 3), Volume("v3", "old", "iad", 2))
    found = change(fleet(one("a", "iad"), volumes=kept), project(mounted, {"iad": 2}))
    of_volumes = {line.where: line for line in found.lines if line.what == "volumes"}
    assert (of_volumes["iad"].before.amount, of_volumes["lhr"].before.amount) == ("1 × 2 GB, 1 × 10 GB", "1 × 3 GB")
    assert of_volumes["iad"].usd == pytest.approx(0.15)
    assert of_volumes["lhr"].usd == 0.0


def test_a_size_without_a_price_makes_only_what_changes_unknown() -> None:
    odd = {"cpu_kind": "quantum", "cpus": 1, "memory_mb": 1}
    machines = (one("a", "iad", guest=odd), one("b", "nrt"))
    same = change(fleet(*machines), project("", {"iad": 1, "nrt": 1}))
    assert same.lines[0].before.usd is None
    found = change(fleet(*machines), project("[[vm]]\nmemory_mb = 512\n", {"iad": 1, "nrt": 1}))
    assert (found.usd, found.lines[0].usd, found.lines[1].usd) == (None, None, 0.0)
    assert not found.before.complete and found.after.complete


def test_machines_that_stand_in_or_are_not_managed_are_in_no_bill() -> None:
    stray = Machine.of_api("shop", machine("s", region="iad", config={"image": "x", "guest": SIZE}))
    assert running(fleet(one("a", "iad"), one("b", "iad", standbys=["a"]), stray)) == running(fleet(one("a", "iad")))


def test_machines_of_mixed_sizes_are_counted_each() -> None:
    large = SIZE | {"memory_mb": 1024}
    (item,) = running(fleet(one("a", "iad"), one("b", "iad", guest=large))).items
    alone = [running(fleet(one("a", "iad", guest=each))).total for each in (SIZE, large)]
    assert item.amount == "1 × shared-cpu-1x 512 MB, 1 × shared-cpu-1x 1024 MB"
    assert item.usd == pytest.approx(sum(alone))
