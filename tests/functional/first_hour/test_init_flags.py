"""Flags of `flyo init` that cannot be, and sizes: what they get, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.catalog.sizes import memory_range, preset, size_names
from flyctl_orchestrator.project.project import load_project
from tests.functional.cli.test_init import FLASK, Result, directory, flyo, names, put

__all__ = ["directory"]


@pytest.mark.parametrize("size", size_names())
def test_every_size_comes_with_memory_that_it_has(directory: Path, size: str) -> None:
    put(directory, FLASK)
    assert flyo(directory, "--yes", "--vm-size", size).status == 0
    (machine,) = load_project(directory).flytoml.sizes
    kind = preset(size)
    assert kind is not None and machine.size == size and machine.memory_mb is not None
    least, most = memory_range(*kind)
    assert max(least, 512) == machine.memory_mb <= most


def test_memory_of_the_file_that_the_size_does_not_have_is_refused(directory: Path) -> None:
    put(directory, FLASK)
    flyo(directory, "--yes")
    before = (directory / "fly.toml").read_text()
    result = flyo(directory, "--yes", "--vm-size", "performance-1x")
    assert (result.status, result.stderr) == (
        2,
        "flyo: --vm-size: performance-1x has no 512 MB of memory, as fly.toml says. Give --vm-memory 2048mb up to "
        "8192mb, in steps of 256 MB [usage.memory]\n",
    )
    assert (directory / "fly.toml").read_text() == before
    assert flyo(directory, "--yes", "--vm-size", "performance-1x", "--vm-memory", "2gb").status == 0


def test_a_region_without_machines_is_never_the_primary_one(directory: Path) -> None:
    put(directory, FLASK)
    assert flyo(directory, "--yes", "--regions", "iad=0,fra=2").status == 0
    assert load_project(directory).flytoml.primary_region == "fra"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--regions", "iad,tokyo"],
            "flyo: --regions: 'tokyo' is not a Fly.io region. Did you mean nrt (Tokyo)? [config.unknown_region]",
        ),
        (
            ["--primary", "lon", "--regions", "iad"],
            "flyo: --primary: 'lon' is not a Fly.io region. Did you mean lhr (London)? [config.unknown_region]",
        ),
        (
            ["--regions", "iad,vienna=2"],
            "flyo: --regions: 'vienna' is not a Fly.io region. The best for it are fra (Frankfurt), ams (Amsterdam), "
            "cdg (Paris) [config.unknown_region]",
        ),
        (
            ["--primary", "united states"],
            "flyo: --primary: 'united states' is not a Fly.io region. The best for it are iad (Ashburn), ewr "
            "(Secaucus), ord (Chicago) [config.unknown_region]",
        ),
        (
            ["--primary", "lhr", "--regions", "iad,fra"],
            "flyo: --regions: primary region 'lhr' is not among the regions iad, fra. "
            "Give --primary iad, or --regions lhr,iad,fra [usage.primary]",
        ),
        (
            ["--regions", "iad=many"],
            "flyo: --regions: the count of 'iad' is not a whole number from 0 to 1000. Write iad=1 [usage.count]",
        ),
        (
            ["--primary", "india"],
            "flyo: --primary: 'india' is not a Fly.io region. Fly.io has no region in that country; the best for it "
            "are sin (Singapore), arn (Stockholm), ams (Amsterdam) [config.unknown_region]",
        ),
        (
            ["--regions", "iad=0"],
            "flyo: --regions: primary region 'iad' is to have no machine. Give --regions iad [usage.primary]",
        ),
        (
            ["--primary", "iad", "--regions", "iad=0,fra=2"],
            "flyo: --regions: primary region 'iad' is to have no machine. Give --primary fra, or --regions iad,fra=2 "
            "[usage.primary]",
        ),
        (
            ["--vm-memory", "1"],
            "flyo: --vm-memory: shared-cpu-1x has no 1 MB of memory. Give --vm-memory 256mb up to 2048mb, in steps of "
            "256 MB, or another --vm-size [usage.memory]",
        ),
        (
            ["--vm-size", "performance-2x", "--vm-memory", "2gb"],
            "flyo: --vm-memory: performance-2x has no 2048 MB of memory. Give --vm-memory 4096mb up to 16384mb, in "
            "steps of 256 MB [usage.memory]",
        ),
        (["--regions", "iad,iad"], "flyo: --regions: 'iad' is given twice. Give each region once [usage.count]"),
        (
            ["--name", "My Shop"],
            "flyo: --name: is not a valid app name. Use 1 to 63 lower-case letters, digits and hyphens, with no hyphen "
            "at either end [config.app_name]",
        ),
        (
            ["--health-path", "health"],
            "flyo: --health-path: is not a request path. Write --health-path /health: it starts with / and has no "
            "spaces [usage.path]",
        ),
        (
            ["--vm-memory", "lots"],
            "flyo: --vm-memory: is not an amount of memory. Write 512mb or 1gb [usage.memory]",
        ),
        (
            ["--internal-port", "99999"],
            "flyo: flyo init: Invalid value for '--internal-port': 99999 is not in the range 1<=x<=65535. "
            "'flyo init --help' shows what it takes [usage]",
        ),
    ],
)
def test_wrong_flags_write_nothing(directory: Path, arguments: list[str], message: str) -> None:
    assert flyo(directory, "--yes", *arguments) == Result(2, "", message + "\n")
    assert names(directory) == []
