"""The reference pages say what the code does."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.local.stand_in.shapes import Kind
from flyctl_orchestrator.local.stand_in.toml.shape import FLY_TOML
from flyctl_orchestrator.project import flyotoml
from flyctl_orchestrator.project.model import HOOKS, Budget, Hooks, LocalBuild, Probe, RolloutPolicy
from flyctl_orchestrator.project.tomlfile import Document

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
# Not written down, but told by what is.
DERIVED = {"named"}


def test_flyo_toml_page_shows_a_file_with_every_key_and_its_default() -> None:
    page = (REFERENCE / "flyo-toml.md").read_text("utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    data = tomllib.loads(example)
    flyo = flyotoml.parse(Document(Path("flyo.toml"), "flyo.toml", example, data))
    assert set(data) == set(flyotoml.TABLES)
    for table, model in (("rollout", RolloutPolicy), ("probe", Probe), ("local", LocalBuild)):
        assert set(data[table]) == {field.name for field in fields(model)} - DERIVED
    assert flyo.rollout == RolloutPolicy(canary="iad", propagation=10.0)
    assert flyo.probe == Probe(command=flyo.probe.command)
    assert set(data["hooks"]) == {*HOOKS, "timeout"}
    assert flyo.hooks.timeout == Hooks().timeout


def test_flyo_toml_page_has_a_row_for_every_key() -> None:
    page = (REFERENCE / "flyo-toml.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)
    models = (RolloutPolicy, Probe, LocalBuild, Budget)
    known = [field.name for model in models for field in fields(model) if field.name not in DERIVED]
    rows = [row for row in rows if not row.startswith("FLYO_")]
    assert sorted(rows) == sorted([*known, *HOOKS, "timeout", "template"])


def test_exit_statuses_page_has_a_row_for_every_status() -> None:
    page = (REFERENCE / "exit-statuses.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", page, re.MULTILINE)
    assert rows == [(str(int(status)), status.name) for status in Exit]


def test_fly_toml_page_has_every_key_that_flyctl_reads_and_invents_none() -> None:
    """The stand-in's keys are held to a real flyctl's by tests/parity/test_fly_toml.py."""
    page = (REFERENCE / "fly-toml.md").read_text("utf-8")
    rows = [row.split("|")[1] for row in page.splitlines() if row.startswith("| `")]
    listed = [key for row in rows for key in re.findall(r"`([\w.-]+)`", row)]
    known = [key for name, entry in (FLY_TOML.fields or {}).items() for key in keys_of(name, entry.kind)]
    assert sorted(listed) == sorted(known)


def keys_of(name: str, kind: Kind) -> list[str]:
    inside = kind.fields or (kind.item.fields if kind.item else None)
    # What a check of a whole machine runs is one setting.
    return [f"{name}.{key}" for key in inside] if inside and name != "machine_checks" else [name]
