"""What flyctl writes is told as everybody may read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flyctl_orchestrator.fleet.flyctl.flyctl import DeployOptions
from tests.unit.rollout.rollout_world import World
from tests.unit.rollout.world_flyctl import WorldDeploy, WorldFlyctl


class TalkativeFlyctl(WorldFlyctl):
    """One that repeats what a release command wrote."""

    def start_deploy(
        self,
        app: str,
        *,
        config: Path,
        image: str,
        options: DeployOptions,
        on_line: Callable[[str], None] | None = None,
    ) -> WorldDeploy:
        """As the other, and a line about it."""
        assert on_line is not None
        on_line("connecting to postgres://shop:hunter22@db/shop, called by /in?token=hunter22&n=1\n")
        return super().start_deploy(app, config=config, image=image, options=options, on_line=on_line)


def test_no_password_and_no_value_of_a_query_is_told(world: World) -> None:
    world.flyctl = TalkativeFlyctl(world)
    world.deploy(world.desired(world.push("one"), {"iad": 1}))
    (line,) = (event.fields["line"] for event in world.events if event.name == "flyctl.line")
    assert line == "connecting to postgres://shop:[hidden]@db/shop, called by /in?token=[hidden]&n=1"
