"""fly.toml as the real flyctl judges and reads it, beside the stand-in and the orchestrator's own reader."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.toml.groups import default_group
from flyctl_orchestrator.local.stand_in.toml.load import FlyToml as StandInToml
from flyctl_orchestrator.local.stand_in.toml.load import load as load_stand_in
from flyctl_orchestrator.local.stand_in.toml.validate import validate
from flyctl_orchestrator.project import flytoml
from flyctl_orchestrator.project.flytoml.judgement import Judgement, read_judgement
from flyctl_orchestrator.project.flytoml.sizes import memory_mb
from flyctl_orchestrator.project.model import FlyToml
from tests.fly_toml import SECTIONS, kinds_of
from tests.parity.parity_clients import Client, environment
from tests.parity.served_platform import TOKEN

SOURCES = "FLYCTL_SOURCES"
"""Variable with the directory of flyctl's own sources, whose test files are judged, too."""
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
T = TypeVar("T")
R = TypeVar("R")


@pytest.fixture
def alone(flyctl: str, tmp_path: Path) -> Client:
    """The real flyctl with no platform at all: it needs none to judge a file."""
    return Client((flyctl,), tmp_path, environment(9, TOKEN, tmp_path))


def each(do: Callable[[T], R], items: Sequence[T]) -> list[R]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(do, items))


def judged(client: Client, path: Path) -> Judgement:
    ran = client.run("config", "validate", "--strict", "--config", str(path), "--app", "kinds")
    out, err = COLOURS.sub("", ran.out), COLOURS.sub("", ran.err)
    complaint = next((line.removeprefix("Error: ") for line in err.splitlines() if line.startswith("Error: ")), "")
    return read_judgement(out, complaint)


def as_read(client: Client, path: Path) -> dict[str, Any]:
    """The values of a valid file, as flyctl has them."""
    found = json.loads(client.ok("config", "show", "--local", "--config", str(path), "--app", "kinds").out)
    assert isinstance(found, dict)
    return found


@pytest.mark.real_flyctl
@pytest.mark.parametrize("section", SECTIONS)
def test_the_table_of_kinds_says_what_flyctl_says(alone: Client, tmp_path: Path, section: str) -> None:
    kinds = kinds_of(section)
    paths = [tmp_path / f"{number}.toml" for number in range(len(kinds))]
    for path, kind in zip(paths, kinds, strict=True):
        path.write_text(kind.text, "utf-8")
    for path, kind, found in zip(paths, kinds, each(lambda path: judged(alone, path), paths), strict=True):
        assert found.valid is kind.valid, (kind.name, path.name)
        if kind.syntax:
            assert sorted([*found.says, *(f"- {key}" for key in found.unknown)]) == list(kind.says), kind.name
    valid = [path for path, kind in zip(paths, kinds, strict=True) if kind.valid]
    for path, values in zip(valid, each(lambda path: as_read(alone, path), valid), strict=True):
        same_values(path, values)


def same_values(path: Path, values: dict[str, Any]) -> None:
    """The stand-in has every value of flyctl's; the orchestrator has those it reads."""
    assert load_stand_in(path).settings == values, path.read_text("utf-8")
    fly = flytoml.load(path)
    assert not fly.problems
    assert (fly.app or "kinds", fly.primary_region) == (values.get("app", "kinds"), values.get("primary_region"))
    assert set(fly.process_groups) == set(values.get("processes", {"app": ""}))
    assert fly.default_group == default_group(values)
    assert set(fly.mounts) == mounted(values)
    assert [sized(size) for size in values.get("vm", [])] == read_sizes(fly)
    http = [values["http_service"]] if "http_service" in values else []
    services = [*http, *values.get("services", [])]
    assert [service.internal_port or 0 for service in fly.services] == [
        service.get("internal_port", 0) for service in services
    ]


def mounted(values: dict[str, Any]) -> set[str]:
    groups = set(values.get("processes", {"app": ""}))
    wanted = [mount.get("processes") or [default_group(values)] for mount in values.get("mounts", [])]
    return {group for each in wanted for group in each} & groups


def sized(size: dict[str, Any]) -> tuple[Any, ...]:
    memory = size.get("memory_mb") or memory_mb(size.get("memory", ""))
    names = ("size", "cpu_kind", "gpu_kind")
    return (*(size.get(name) for name in names), size.get("cpus"), memory, tuple(size.get("processes", ())))


def read_sizes(fly: FlyToml) -> list[tuple[Any, ...]]:
    return [
        (size.size or None, size.cpu_kind, size.gpu_kind, size.cpus, size.memory_mb, size.processes)
        for size in fly.sizes
    ]


OTHER_FORMATS = {
    "numbers.json": '{"app": "x", "env": {"A": 12345678, "B": 1, "C": true, "D": [1]}, "kill_timeout": 30}',
    "services.json": '{"app": "x", "services": [{"internal_port": 80, "ports": [{"port": "80"}]}], "vm": {"cpus": 2}}',
    "wrong.json": '{"app": "x", "swap_size_mb": "1"}',
    "numbers.yaml": "app: x\nenv:\n  A: 12345678\n  B: yes\n  C: true\n  D: 1.5\nkill_timeout: 30\n",
    "services.yaml": "app: a\nservices:\n- internal_port: 80\n  tcp_checks:\n  - timeout: 9000\nmount:\n  source: d\n",
    "wrong.yaml": "app: x\nrestart:\n  policy: always\n",
    "empty.yaml": "",
}


@pytest.mark.real_flyctl
def test_other_formats_are_judged_and_read_alike(alone: Client, tmp_path: Path) -> None:
    for name, text in OTHER_FORMATS.items():
        path = tmp_path / name
        path.write_text(text, "utf-8")
        found = judged(alone, path)
        assert stand_in_accepts(path) is found.valid, name
        if found.valid:
            same_values(path, as_read(alone, path))


# --- flyctl's own test files


@pytest.mark.real_flyctl
def test_flyctls_own_test_files_are_judged_and_read_alike(alone: Client) -> None:
    directory = os.environ.get(SOURCES, "")
    if not directory:
        pytest.skip(f"{SOURCES} names no directory with flyctl's sources")
    paths = sorted(Path(directory, "internal", "appconfig", "testdata").glob("*.toml"))
    assert len(paths) > 30
    for path, found in zip(paths, each(lambda path: judged(alone, path), paths), strict=True):
        assert stand_in_accepts(path) is found.valid, path.name
        if found.valid:
            same_values(path, as_read(alone, path))


def stand_in_accepts(path: Path) -> bool:
    try:
        toml: StandInToml = load_stand_in(path)
    except Failure:
        return False
    return not toml.problem and validate(toml).valid
