"""Rollouts over volumes that are killed at line 1, 2, 3, … of their journal, and ended by another run of flyo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from tests.unit.rollout.recovery.test_killed_anywhere import MOST
from tests.unit.rollout.volumes.mounted_world import MountedWorld

W = TypeVar("W", bound=MountedWorld)
F = TypeVar("F")


def ended(
    directory: Path, way: str, begin: Callable[[Path], tuple[W, F]], *, least: int = 15
) -> Iterator[tuple[int, W, F]]:
    """Each world after its rollout was killed, and resumed or aborted (`way`).

    Args:
        begin: a world in which a release can be rolled out, and what is to be remembered of it.
        least: lines that a whole rollout writes more of.
    """
    for at in range(1, MOST):
        world, was = begin(directory / str(at))
        image: PlannedImage = world.push("two")
        if not world.killed(at, partial(world.deploy, image)):
            assert at > least, "hardly anything was journalled"
            return
        past = world.past()
        if past is None:
            continue
        outcome: Outcome = world.recovery().resume(past) if way == "resume" else world.recovery().abort(past)
        assert outcome.kind in ("done", "nothing", "aborted"), (at, outcome.what)
        yield at, world, was
    raise AssertionError("it never came to an end")
