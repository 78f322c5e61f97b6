"""docs/reference/scale-json.md shows exactly the keys that are written."""

from __future__ import annotations

import json
import re
from pathlib import Path

from flyctl_orchestrator.cli.scale import scaled_as_dict
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.rollout.scaling.plan import plan_scale
from flyctl_orchestrator.rollout.scaling.run import Scaled
from flyctl_orchestrator.rollout.scaling.verify import Proved
from tests.unit.rollout.rollout_world import World

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "scale-json.md").read_text()


def keys(value: object) -> object:
    if isinstance(value, dict):
        return {key: keys(each) for key, each in value.items()}
    return [keys(each) for each in value] if isinstance(value, list) else None


def test_the_example_has_the_keys_of_the_real_thing(world: World) -> None:
    world.deploy(world.desired(world.push("one"), {"iad": 1}))
    (machine,) = world.machines()
    plan = plan_scale(world.observe(), {("nrt", "app"): 2})
    done = Scaled([Proved(machine, Answer(True, 200, 0.1))], [machine])
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert keys(json.loads(example)) == keys(scaled_as_dict(plan, done))
