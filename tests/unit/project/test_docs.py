"""The reference pages say what the code does."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.project import flyotoml
from flyctl_orchestrator.project.model import HOOKS, Hooks, LocalBuild, Probe, RolloutPolicy
from flyctl_orchestrator.project.tomlfile import Document

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def test_flyo_toml_page_shows_a_file_with_every_key_and_its_default() -> None:
    page = (REFERENCE / "flyo-toml.md").read_text("utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    data = tomllib.loads(example)
    flyo = flyotoml.parse(Document(Path("flyo.toml"), "flyo.toml", example, data))
    assert set(data) == set(flyotoml.TABLES)
    for table, model in (("rollout", RolloutPolicy), ("probe", Probe), ("local", LocalBuild)):
        assert set(data[table]) == {field.name for field in fields(model)}
    assert flyo.rollout == RolloutPolicy(canary="iad", propagation=10.0)
    assert flyo.probe == Probe(command=flyo.probe.command)
    assert set(data["hooks"]) == {*HOOKS, "timeout"}
    assert flyo.hooks.timeout == Hooks().timeout


def test_flyo_toml_page_has_a_row_for_every_key() -> None:
    page = (REFERENCE / "flyo-toml.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)
    known = [field.name for model in (RolloutPolicy, Probe, LocalBuild) for field in fields(model)]
    rows = [row for row in rows if not row.startswith("FLYO_")]
    assert sorted(rows) == sorted([*known, *HOOKS, "timeout", "template"])


def test_exit_statuses_page_has_a_row_for_every_status() -> None:
    page = (REFERENCE / "exit-statuses.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", page, re.MULTILINE)
    assert rows == [(str(int(status)), status.name) for status in Exit]
