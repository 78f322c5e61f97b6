"""What `flyo doctor` finds at an app as a whole: where, what, what to do, and the code of each."""

from __future__ import annotations

from pathlib import Path

from flyctl_orchestrator.doctor.fleet import check_fleet
from flyctl_orchestrator.fleet.probe import Prober
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.survey import ProbePlan, look, survey
from tests.unit.rollout.recovery.killed_world import KilledWorld
from tests.unit.rollout.rollout_world import APP, World


def told(world: World, desired: Desired | None, killed: KilledWorld | None = None) -> list[str]:
    """What is found at the fleet as it is, apart from what one machine is like."""
    fleet = world.observe()
    seen = look(fleet, Prober(world.http), ProbePlan("http://{app}.test", "/up", 5.0))
    found = check_fleet(survey(fleet, seen, desired, killed.past() if killed else None), world.clock.now())
    whole = [each for each in found if each.where == f"app {APP}"]
    return [f"{each.severity} {each.where}: {each.what}. {each.fix} [{each.code}]" for each in whole]


def test_a_fleet_that_is_not_what_the_files_say(world: World) -> None:
    image = world.push("one")
    world.deploy(world.desired(image))
    assert told(world, world.desired(image)) == []
    fix = "'flyo plan' shows what a deploy or a scale would change [doctor.drift]"
    assert told(world, world.desired(image, {"iad": 2, "fra": 1})) == [
        f"warning app shop: iad has 1 of process group app, flyo.toml wants 2. {fix}",
        "warning app shop: nrt has 1 of process group app, flyo.toml wants 0; 'flyo scale app:nrt=0' removes what is "
        f"too much. {fix}",
    ]


def test_an_app_whose_first_deploy_was_taken_back_has_no_machine_and_that_is_all(world: World) -> None:
    image = world.push("one")
    assert told(world, world.desired(image)) == [
        "warning app shop: has no machine, so nobody is served. 'flyo deploy' makes them; 'flyo history' tells what "
        "became of the last ones [doctor.no_machine]"
    ]


def test_secrets_that_not_all_machines_have(world: World) -> None:
    image = world.push("one")
    world.deploy(world.desired(image))
    world.call("POST", f"/v1/apps/{APP}/secrets", {"values": {"KEY": "x"}})
    assert told(world, world.desired(image)) == [
        "warning app shop: secrets have changed since 3 of 3 machines were deployed. 'flyo deploy' releases them "
        "[doctor.secrets_staged]"
    ]


def test_a_rollout_that_was_stopped_half_way(tmp_path: Path) -> None:
    killed = KilledWorld(tmp_path / "here")
    killed.deploy(killed.world.push("one"))
    two = killed.world.push("two")
    assert killed.killed(9, lambda: killed.deploy(two))
    past = killed.past()
    assert past is not None
    assert told(killed.world, None, killed) == [
        "warning app shop: 2 different images serve at the same time. 'flyo deploy' makes them one "
        "[doctor.images_differ]",
        f"error app shop: {past.called} was stopped half-way. 'flyo deploy --resume' finishes it, 'flyo deploy "
        "--abort' puts everything back [doctor.unfinished]",
    ]
