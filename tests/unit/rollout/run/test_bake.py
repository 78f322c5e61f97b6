"""Watching on after a wave has passed, whatever its lanes did after the gate."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.project.model import RolloutPolicy
from tests.unit.rollout.rollout_world import APP, World


@pytest.mark.parametrize("how", ["stop", "suspend", "cordon"])
@pytest.mark.parametrize("strategy", ["surge", "in-place"])
def test_a_machine_that_slept_or_was_cordoned_is_baked_like_any_other(world: World, strategy: str, how: str) -> None:
    """A surge opens a sleeper's successor after its gate, and forgets then what was heard while it was hidden."""
    world.deploy(world.desired(world.push("one")))
    (fra,) = world.in_region("fra")
    world.call("POST", f"/v1/apps/{APP}/machines/{fra.id}/{how}", {})
    world.pass_time(5.0)
    two = world.push("two")
    policy = RolloutPolicy(strategy=strategy, timeout=60.0, bake=20.0, watch=0.0)
    outcome = world.deploy(world.desired(two, policy=policy))
    assert outcome.kind == "done", outcome.what
    assert "bake.finished" in world.names()
    assert {machine.digest for machine in world.machines()} == {two.digest}
