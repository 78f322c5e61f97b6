"""A kind of step is complete: it has a name, somebody who does it, a place in plans and a line in the docs."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.rollout.plan.steps import KINDS, Step, step_of_dict
from flyctl_orchestrator.rollout.run.perform import PERFORM

EVENTS = Path(__file__).parents[4] / "docs" / "reference" / "events.md"


def example(kind: type[Step]) -> Step:
    """A step of a kind, every text and number of it filled in."""
    texts = {each.name: f"a-{each.name}" for each in fields(kind) if each.type in ("str", "str | None", "Sleep")}
    numbers: dict[str, Any] = {each.name: 3 for each in fields(kind) if each.type in ("int", "int | None")}
    return kind(**(numbers | texts))


def test_every_kind_has_a_name_of_its_own() -> None:
    assert len(KINDS) == len(Step.__subclasses__()) and "" not in KINDS


def test_every_kind_is_performed() -> None:
    assert set(PERFORM) == set(KINDS.values())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_written_and_read_back(kind: type[Step]) -> None:
    step = example(kind)
    assert step_of_dict(step.as_dict()) == step
    assert step.as_dict()["step"] == kind.kind


def test_the_docs_list_every_kind_and_no_other() -> None:
    (row,) = (line for line in EVENTS.read_text().splitlines() if line.startswith("| `step.started`"))
    assert set(re.findall(r"`(\w+)`", row.split("steps:")[1])) == set(KINDS)
