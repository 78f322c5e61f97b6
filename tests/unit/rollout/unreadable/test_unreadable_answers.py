"""What is not understood is not empty: whatever the Machines API answers, nothing is miscounted, lost or never ends.

    make fuzz EXAMPLES=10000

runs as many strange answers (and SEED=7 other ones); the suite runs 800, always the same ones.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.probe import Prober
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.plan import Plan, PlannedImage
from flyctl_orchestrator.rollout.survey import ProbePlan, look, survey
from tests.unit.rollout.unreadable.strange_world import MANNERS, Endless, Meddler, StrangeWorld, Wire, real_wire

#: The test comes in parts, which run side by side where there are processors.
PARTS = 2
#: Virtual seconds after which a run is taken for one that never ends.
LONGEST = 3600.0
#: Strange answers of one run that count; all after them are more of the same.
ENOUGH = 10
COUNTS = {"iad": 2, "fra": 1, "nrt": 1}
# Of ten runs, so many look, plan and roll out; a rollout meets many more strange answers than a look.
RUNS = ("status", "status", "status", "plan", "plan", "plan", "deploy", "deploy", "grow", "fail")


@dataclass
class Tally:
    """What came of it.

    Attributes:
        counted: strange answers, of each run as many as make a difference.
        answers: all of them, by kind.
        ends: runs by what was run and how it ended.
    """

    counted: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)
    miscounts: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        ends = "\n".join(f"  {count:6} {end}" for end, count in sorted(self.ends.items()))
        wrong = f"{len(self.defects)} defects, {len(self.miscounts)} wrong counts, {len(self.hangs)} hangs"
        first = "\n".join((*self.defects[:3], *self.miscounts[:3], *self.hangs[:3]))
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.answers.items()))
        runs = f"{self.counted} strange answers ({self.answers.total()} with their repetitions: {kinds})"
        return f"{runs} in {self.ends.total()} runs: {wrong}\n{ends}\n{first}"


class Case:
    """One fleet, one command's core, one way in which the API is strange."""

    def __init__(self, directory: Path, seed: int, wire: Wire, tally: Tally) -> None:
        self.chance = Random(seed)
        self.what, self.tally = self.chance.choice(RUNS), tally
        self.world = StrangeWorld(directory, seed=seed)
        self.old = self.world.push("old")
        for region, count in COUNTS.items():
            for _ in range(count):
                self.world.flyctl_create("app", self.old.ref or "", region)
        self.world.pass_time(10.0)
        asks = {"status": 3, "plan": 3}.get(self.what, 60)
        self.meddler = Meddler(self.chance, wire, self.chance.choice(MANNERS), self.chance.randrange(asks))
        self.name = f"seed {seed}: {self.what}, {self.meddler.manner}, from {self.meddler.first}"

    def run(self) -> None:
        """Run it, and note what is wrong with how it ends."""
        before = self.truth()
        runs: dict[str, Callable[[], str]] = {"status": self._status, "plan": self._plan}
        end = "?"
        try:
            end = runs.get(self.what, self._deploy)()
        except FlyoError as error:
            end = f"refused with {int(error.exit)}"
            self._refused(error, before)
        except Endless as endless:
            self.tally.hangs.append(f"{self.name}: {endless}")
        except Exception:  # noqa: BLE001 what a user would see as a defect
            self.tally.defects.append(f"{self.name}: {dict(self.meddler.kinds)}\n{traceback.format_exc()[-1500:]}")
        self.tally.ends[f"{self.what}, {self.meddler.manner}: {end}"] += 1
        self.tally.answers += self.meddler.kinds
        self.tally.counted += min(ENOUGH, self.meddler.kinds.total())

    def truth(self) -> dict[str, tuple[str, str, str]]:
        """The machines as they are: region, image and version by id."""
        found = [machine for machine in self.world.machines() if not machine.gone]
        return {machine.id: (machine.region, machine.digest or "", machine.instance_id) for machine in found}

    def _refused(self, error: FlyoError, before: dict[str, tuple[str, str, str]]) -> None:
        if self.truth() != before:
            self.tally.miscounts.append(f"{self.name}: an error before it began, but the fleet has changed: {error}")
        if error.code == "defect" or not str(error).isprintable() or len(str(error)) > 600:
            self.tally.defects.append(f"{self.name}: {error!r}")
        if isinstance(error, ApiError) and error.kind == "unreadable" and error.exit != Exit.UNREACHABLE:
            self.tally.defects.append(f"{self.name}: exit {error.exit}")

    def _status(self) -> str:
        world, true = self.world, self.truth()
        world.meddled_with(self.meddler)
        fleet = world.observe()
        plan = ProbePlan("http://{app}.test", "/up", 5.0)
        found = survey(fleet, look(fleet, Prober(world.http), plan), None)
        seen = {each.machine.id: each.machine.region for each in found.seen}
        if not fleet.exists or seen != {id: region for id, (region, _, _) in true.items()}:
            self.tally.miscounts.append(f"{self.name}: {dict(self.meddler.kinds)}: {seen}")
        return "shown"

    def _plan(self) -> str:
        world, desired = self.world, self.world.desired(self.world.push("new"), COUNTS)
        right = _work(world.plan(desired))
        world.meddled_with(self.meddler)
        if _work(world.plan(desired)) != right:
            self.tally.miscounts.append(f"{self.name}: {dict(self.meddler.kinds)}: another plan")
        return "planned"

    def _deploy(self) -> str:
        world, before = self.world, self.truth()
        image = world.push("new")
        if self.what == "fail":
            world.flyctl.broken = "the image cannot be pulled"
        desired = world.desired(image, COUNTS | ({"fra": 2} if self.what == "grow" else {}), policy=self._policy())
        began = world.clock.now()
        world.meddled_with(self.meddler)
        outcome = world.deploy(desired)
        world.meddled_with(None)
        if world.clock.now() - began > LONGEST:
            self.tally.hangs.append(f"{self.name}: {world.clock.now() - began:.0f} s")
        world.pass_time(30.0)
        self._ended(outcome, before, desired, image)
        return f"{outcome.kind} ({int(outcome.exit)})"

    def _policy(self) -> RolloutPolicy:
        return RolloutPolicy(timeout=60.0, max_unavailable=self.chance.choice([1, 2]))

    def _ended(
        self, outcome: Outcome, before: dict[str, tuple[str, str, str]], desired: Desired, image: PlannedImage
    ) -> None:
        after = self.truth()
        said = f"{self.name}: {dict(self.meddler.kinds)}: {outcome.kind} ({outcome.code}) {outcome.what[:300]}"
        events = [str(event) for event in self.world.events]
        if outcome.code == "defect" or any("a defect in flyo" in event for event in events):
            self.tally.defects.append(said)
        lost = before.keys() - after.keys()
        most = sum(desired.counts.values())
        regions = Counter(region for region, _, _ in after.values())
        wrong = bool(lost) or len(after) > most
        if outcome.kind == "done":
            wanted = {region: count for (region, _), count in desired.counts.items()}
            wrong = wrong or regions != wanted or {digest for _, digest, _ in after.values()} != {image.digest}
        if outcome.kind in ("rolled_back", "untouched", "nothing"):
            wrong = wrong or _images(after) != _images(before)
        if wrong:
            self.tally.miscounts.append(f"{said}; now {dict(regions)}, lost {lost}")


def _work(plan: Plan) -> list[tuple[str, str, str, str | None]]:
    """What a plan does; what it says of the machines' images may well be less where an answer lacked a digest."""
    return [(wave.name, lane.name, lane.action, lane.machine) for wave in plan.waves for lane in wave.lanes]


def _images(machines: dict[str, tuple[str, str, str]]) -> dict[str, tuple[str, str]]:
    return {id: (region, digest) for id, (region, digest, _) in machines.items()}


def run_cases(wanted: int, seed: int) -> Tally:
    """Cases until so many strange answers were received."""
    tally = Tally()
    with real_wire() as wire, tempfile.TemporaryDirectory(prefix="strange-") as directory:
        number = 0
        while tally.counted < wanted:
            place = Path(directory) / str(number)
            place.mkdir()
            Case(place, seed * 1_000_000 + number, wire, tally).run()
            number += 1
    return tally


@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_the_api_answers(part: int) -> None:
    """Half of 800 strange answers, always the same ones; EXAMPLES asks for more, SEED for others."""
    wanted = int(os.environ.get("EXAMPLES") or 800) // PARTS
    tally = run_cases(wanted, int(os.environ.get("SEED") or 0) * PARTS + part)
    sys.stdout.write(f"\n{tally}\n")
    assert (tally.defects, tally.miscounts, tally.hangs) == ([], [], []), str(tally)
    assert tally.counted >= wanted
