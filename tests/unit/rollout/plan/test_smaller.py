from __future__ import annotations

import pytest

from flyctl_orchestrator.project.model import Size
from flyctl_orchestrator.rollout.plan.plan import Action, Lane, Plan, PlannedImage, Wave
from flyctl_orchestrator.rollout.plan.smaller import smaller_machines
from tests.unit.rollout.plan.test_cost import flytoml, seen

TWO = {"cpu_kind": "shared", "cpus": 2, "memory_mb": 1024}
OWN = {"cpu_kind": "performance", "cpus": 1, "memory_mb": 2048}


def said(guest: dict[str, object] | None, size: Size | None, action: Action = "update") -> list[str]:
    replaced = action == "replace"
    lane = Lane("iad/m1", "iad", "app", None if replaced else "m1", action, (), replaces="m1" if replaced else None)
    plan = Plan("web", "f", PlannedImage("x"), "d", "s", ("app",), (Wave("canary", (lane,)),))
    return [each.what for each in smaller_machines(plan, [seen("m1", guest)], flytoml(size))]


@pytest.mark.parametrize("action", ["update", "replace"])
def test_less_of_anything_is_smaller(action: Action) -> None:
    less_memory = "iad m1 (shared-cpu-2x with 1024 MB to shared-cpu-2x with 512 MB)"
    assert said(TWO, Size("shared-cpu-2x"), action) == [less_memory]
    fewer = "iad m1 (shared-cpu-2x with 1024 MB to shared-cpu-1x with 2048 MB)"
    assert said(TWO, Size("shared-cpu-1x", 2048), action) == [fewer]
    shared = "iad m1 (performance-1x with 2048 MB to shared-cpu-4x with 4096 MB)"
    assert said(OWN, Size("shared-cpu-4x", 4096), action) == [shared]


def test_what_grows_stays_or_is_not_known_is_not_smaller() -> None:
    assert said(TWO, Size("shared-cpu-2x", 1024)) == said(TWO, Size("performance-2x")) == []
    assert said(TWO, None) == said(None, Size()) == said(OWN, Size("a100-40gb")) == []
    assert said(TWO, Size(), "destroy") == said(TWO, Size(), "create") == []
