"""Nothing lost: whatever the fleet, the plan and the trouble, every machine is accounted for at the end.

    make property EXAMPLES=20000

runs as many rollouts (and SEED=7 other ones); the suite runs 2,000, always the same ones.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.project.model import Probe, RolloutPolicy
from flyctl_orchestrator.rollout.context.context import EDGES
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from tests.unit.rollout.nothing_lost.fleets import FleetShape, Order, fleets, orders
from tests.unit.rollout.nothing_lost.promises import Promises, truth
from tests.unit.rollout.nothing_lost.troubled_http import ELSEWHERE_REGION
from tests.unit.rollout.nothing_lost.troubled_world import TroubledWorld
from tests.unit.rollout.rollout_world import Looks

#: Rollouts in a row on one fleet.
IN_A_ROW = 4
#: The test comes in parts, which run side by side where there are processors.
PARTS = 4
#: Virtual seconds after which a rollout is taken for one that never ends.
LONGEST = 3600.0


@dataclass
class Tally:
    """What has been run, by exit status; `enough` turns off once something is wrong and has to be made small."""

    wanted: int
    rollouts: int = 0
    wrong: bool = False
    ends: dict[int, int] = field(default_factory=dict)

    @property
    def enough(self) -> bool:
        """Whether no more are needed."""
        return self.rollouts >= self.wanted and not self.wrong

    def count(self, status: int) -> None:
        """One more."""
        self.rollouts += 1
        self.ends[status] = self.ends.get(status, 0) + 1


class NothingLost(RuleBasedStateMachine):
    """A fleet, and one rollout after another on it."""

    tally = Tally(0, wrong=True)

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory(prefix="nothing-lost-")
        self.world = TroubledWorld(Path(self._directory.name))
        self.images = 0
        self.last: PlannedImage | None = None

    @initialize(shape=fleets())
    def found(self, shape: FleetShape) -> None:
        """Somebody has a fleet."""
        if not self.tally.enough:
            self.world.build(shape)

    @rule(order=orders())
    def roll_out(self, order: Order) -> None:
        """Roll out, and see what is left."""
        if self.tally.enough:
            return
        try:
            status = self._roll_out(order)
        except BaseException:
            self.tally.wrong = True
            raise
        if "wave.started" in self.world.names():
            self.tally.count(status)

    def _roll_out(self, order: Order) -> int:
        world = self.world
        world.asks_for_secrets = not world.asks_for_secrets
        world.begin(order.troubles, watching=order.strategy == "surge", skew=order.skew)
        world.edge = EDGES["fly" if order.far else "local"]
        if order.new_definition:
            world.definition = f"definition-{self.images}"
        image, policy = self._image(order), self._policy(order)
        desired = replace(world.desired(image, policy=policy), counts=self._counts(order))
        before = truth(world)
        began = world.clock.monotonic()
        outcome = self._deploy(desired, Probe(path="/up", passes=order.passes, evidence=order.evidence), order.locked)
        assert world.clock.monotonic() - began < LONGEST, "it took more than an hour"
        world.settle()
        promises = Promises(world, before, desired, outcome)
        promises.hold()
        if order.evidence != "off":
            promises.no_broken_release(world.half_broken, "a third or more of its answers are errors")
        if order.watch:
            promises.no_broken_release(world.crashing, "it ends a few seconds after its first good answer")
        return int(outcome.exit)

    def _deploy(self, desired: Desired, probe: Probe, locked: bool) -> Outcome:
        try:
            if locked:
                self.world.take_lock(desired.image.ref)
            return self.world.deploy(desired, probe)
        except FlyoError as error:
            assert "wave.started" not in self.world.names(), f"it got out of a rollout: {error!r}"
            return Outcome("untouched", error.what, code=error.code, exit=error.exit)
        finally:
            self.world.release_lock()

    def _image(self, order: Order) -> PlannedImage:
        if order.again and self.last is not None:
            return self.last
        self.images += 1
        ill = self.world.regions[order.ill_region % len(self.world.regions)]
        behaviours = {
            "slow": Behaviour(boot_seconds=4.0, healthy_seconds=4.0),
            "exits": Behaviour(exit_after_seconds=0.3, exit_code=3),
            "deaf": Behaviour(healthy_seconds=None),
            "unstartable": Behaviour(fails_to_start="no such file"),
            "ill-in-one": Behaviour(healthy=lambda machine, region: region != ill),
            "late": Behaviour(exit_after_seconds=12.0),
            "crashes": Behaviour(exit_after_seconds=0.5 + order.crash),
        }
        image = self.world.push(f"{order.image}-{self.images}", behaviours.get(order.image))
        if order.image in ("late", "exits", "unstartable", "crashes"):
            self.world.treacherous.add(image.digest or "")
        if order.image == "500":
            self.world.looks_for(image, Looks(status=500))
        if order.image == "half":
            self.world.looks_for(image, Looks(errors=0.5))
            self.world.half_broken.add(image.digest or "")
        if order.image == "crashes":
            self.world.crashing.add(image.digest or "")
        if order.image == "share":
            self.world.looks_for(image, Looks(errors=order.share))
            self.world.half_broken |= {image.digest or ""} if order.share >= 0.3 else set()
        if order.image in ("half", "share", "slow-share"):
            self.world.shaky.add(image.digest or "")
        if order.image == "slow-share":
            self.world.looks_for(image, Looks(slow=order.share))
        if order.image == "elsewhere":
            self.world.looks_for(image, Looks(region=ELSEWHERE_REGION))
        self.last = image
        return image

    def _policy(self, order: Order) -> RolloutPolicy:
        regions = self.world.regions
        return RolloutPolicy(
            strategy=order.strategy,
            canary=None if order.canary is None else regions[order.canary % len(regions)],
            width=order.width,
            max_unavailable=order.max_unavailable,
            bake=order.bake,
            timeout=order.timeout,
            rollback=order.rollback,
            watch=order.watch,
        )

    def _counts(self, order: Order) -> dict[tuple[str, str], int]:
        world = self.world
        places = [(region, group) for group in world.groups for region in world.regions]
        counts = dict.fromkeys(places, 0)
        for machine in world.records():
            place = (machine.region, machine.process_group)
            if machine.metadata.get("fly_platform_version") == "v2" and place in counts:
                counts[place] += 1
        for number, change in ((order.more, 1), (order.fewer, -1)):
            if number is not None:
                place = places[number % len(places)]
                counts[place] = min(3, max(0, counts[place] + change))
        return counts

    def teardown(self) -> None:
        """Leave nothing on the disk."""
        self._directory.cleanup()


def _settings(rollouts: int) -> settings:
    return settings(
        # Some find nothing to do and do not count; those that are too many cost next to nothing.
        max_examples=max(1, 3 * rollouts // IN_A_ROW),
        stateful_step_count=IN_A_ROW,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost(part: int) -> None:
    """A quarter of 2,000 rollouts, always the same ones; EXAMPLES asks for more, SEED for others."""
    wanted = int(os.environ.get("EXAMPLES") or 2_000) // PARTS
    tally = Tally(wanted)
    fleet = type("Fleet", (NothingLost,), {"tally": tally})
    run_state_machine_as_test(seed(int(os.environ.get("SEED") or 0) * PARTS + part)(fleet), settings=_settings(wanted))
    ends = ", ".join(f"{count} with {end}" for end, count in sorted(tally.ends.items()))
    sys.stdout.write(f"\n{tally.rollouts} rollouts ended: {ends}\n")
    assert tally.rollouts >= wanted
