"""Lists of machines that are none, in the middle of a rollout: read again, else the rollout stops and says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.http import HttpAnswer
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from tests.unit.rollout.rollout_world import snapshot
from tests.unit.rollout.unreadable.mutations import PAGE
from tests.unit.rollout.unreadable.strange_world import StrangeWorld

COUNTS = {"iad": 2, "fra": 1, "nrt": 1}
LIST = re.compile(r"/machines$")
Spoil = Callable[[HttpAnswer], HttpAnswer]
STRANGE: dict[str, Spoil] = {
    "a page": lambda good: HttpAnswer(200, {"content-type": "text/html"}, PAGE),
    "half of it": lambda good: HttpAnswer(200, good.headers, good.body[: len(good.body) // 2]),
    "null": lambda good: HttpAnswer(200, good.headers, b"null"),
    "204": lambda good: HttpAnswer(204),
    "a redirect": lambda good: HttpAnswer(302, {"location": "https://login.test/"}, PAGE),
    "a 404 of somebody else": lambda good: HttpAnswer(404, {"content-type": "text/html"}, PAGE),
    "an object": lambda good: HttpAnswer(200, good.headers, b'{"machines": []}'),
    "a list of nothing": lambda good: HttpAnswer(200, good.headers, b"[null]"),
}


class Spoiler:
    """Spoils the lists of machines with these numbers, the first one being 0."""

    def __init__(self, spoil: Spoil, numbers: range) -> None:
        self._spoil, self._numbers = spoil, numbers
        self.lists = self.spoilt = 0

    def strikes(self, method: str, url: str) -> bool:
        """Whether it is one of those."""
        if method != "GET" or not LIST.search(url.split("?")[0]):
            return False
        self.lists += 1
        return self.lists - 1 in self._numbers

    def refuse(self) -> None:
        """Every request arrives."""

    def spoil(self, good: HttpAnswer) -> HttpAnswer:
        """What comes back."""
        self.spoilt += 1
        return self._spoil(good)


@pytest.fixture
def world(tmp_path: Path) -> StrangeWorld:
    """Four machines in three regions, deployed and well."""
    made = StrangeWorld(tmp_path)
    assert made.deploy(made.desired(made.push("old"), COUNTS)).kind == "done"
    return made


@pytest.mark.parametrize("number", range(1, 5))
@pytest.mark.parametrize("strange", STRANGE)
def test_one_that_comes_once_changes_nothing(strange: str, number: int, world: StrangeWorld) -> None:
    spoiler = Spoiler(STRANGE[strange], range(number, number + 1))
    before = {machine.id for machine in world.machines()}
    image = world.push("new")
    world.meddled_with(spoiler)
    outcome = world.deploy(world.desired(image, COUNTS, policy=RolloutPolicy(timeout=60.0)))
    assert (outcome.kind, spoiler.spoilt) == ("done", 1), outcome.what
    assert {machine.id for machine in world.machines()} == before
    assert {machine.digest for machine in world.machines()} == {image.digest}


@pytest.mark.parametrize("strange", STRANGE)
def test_one_that_comes_while_a_rollout_fails_destroys_nothing(strange: str, world: StrangeWorld) -> None:
    before = snapshot(world)
    world.flyctl.broken = "the image cannot be pulled"
    for number in range(1, 5):
        world.meddled_with(Spoiler(STRANGE[strange], range(number, number + 1)))
        outcome = world.deploy(world.desired(world.push(f"new-{number}"), COUNTS))
        assert outcome.kind in ("untouched", "rolled_back"), outcome.what
        assert snapshot(world) == before


@pytest.mark.parametrize("strange", STRANGE)
def test_a_rollout_that_cannot_see_stops_and_asks(strange: str, world: StrangeWorld) -> None:
    before = {machine.id for machine in world.machines()}
    world.meddled_with(Spoiler(STRANGE[strange], range(2, 10_000)))
    outcome = world.deploy(world.desired(world.push("new"), COUNTS))
    assert (outcome.kind, outcome.exit, outcome.code) == ("inconclusive", Exit.INCONCLUSIVE, "blind")
    assert "could not list the machines" in outcome.what
    assert "not known: iad" in outcome.what
    assert {machine.id for machine in world.machines()} == before


@pytest.mark.parametrize("strange", STRANGE)
def test_a_rollout_that_sees_nothing_does_not_begin(strange: str, world: StrangeWorld) -> None:
    before = snapshot(world)
    world.meddled_with(Spoiler(STRANGE[strange], range(10_000)))
    with pytest.raises(FlyoError, match="could not list the machines") as caught:
        world.deploy(world.desired(world.push("new"), COUNTS))
    assert caught.value.exit == Exit.UNREACHABLE
    assert snapshot(world) == before


def test_a_machine_whose_creation_was_not_understood_is_found_and_not_made_twice(world: StrangeWorld) -> None:
    created: list[str] = []

    class Creations(Spoiler):
        def strikes(self, method: str, url: str) -> bool:
            if method == "POST" and LIST.search(url):
                created.append(url)
                return True
            return False

    world.meddled_with(Creations(STRANGE["a page"], range(0)))
    image: PlannedImage = world.push("new")
    outcome = world.deploy(world.desired(image, {**COUNTS, "nrt": 3}))
    assert (outcome.kind, len(created)) == ("done", 2), outcome.what
    assert len(world.in_region("nrt")) == 3
