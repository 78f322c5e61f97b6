"""What flyctl writes is told as everybody may read it."""

from __future__ import annotations

from tests.unit.rollout.rollout_world import World
from tests.unit.rollout.stumbling_flyctl import Stumbling


def test_no_password_and_no_value_of_a_query_is_told(world: World) -> None:
    says = "connecting to postgres://shop:hunter22@db/shop, called by /in?token=hunter22&n=1\n"
    world.flyctl = Stumbling(world, says=says)
    world.deploy(world.desired(world.push("one"), {"iad": 1}))
    (line,) = (event.fields["line"] for event in world.events if event.name == "flyctl.line")
    assert line == "connecting to postgres://shop:[hidden]@db/shop, called by /in?token=[hidden]&n=1"
