"""docs/reference/status-json.md shows exactly the keys that are written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

from flyctl_orchestrator.fleet.machine import Check, Machine
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.report.status_json import status_as_dict
from flyctl_orchestrator.rollout.plan.plan import DriftKind
from flyctl_orchestrator.rollout.survey import Finding, Seen, Survey, SurveyedPlace

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "status-json.md").read_text()


def shape(value: Any) -> Any:
    """The keys of nested objects; a state's name is data and no key."""
    if isinstance(value, dict):
        return {key: {} if key == "states" else shape(each) for key, each in value.items()}
    return [shape(each) for each in value[:1]] if isinstance(value, list) else None


def test_the_example_has_the_keys_of_the_real_thing() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    machine = Machine("m", "n", "web", "iad", "started", "01", checks=(Check("c", "passing"),))
    seen = Seen(machine, Answer(True, 200, 0.1))
    found = Survey(
        "web", (SurveyedPlace("iad", "app", 1, (seen,)),), (Finding("missing", "iad", "app", "", "x"),), ("a",)
    )
    assert shape(json.loads(example)) == shape(status_as_dict(found, target="fly", url="u", now=0.0))


def test_every_kind_of_finding_is_explained() -> None:
    own = {"cordoned", "host", "staged_secrets"}
    for kind in {*get_args(DriftKind), *own}:
        assert f"`{kind}`" in PAGE, kind
