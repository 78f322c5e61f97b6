"""A state of the fleet that a rollout can go back to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flyctl_orchestrator.fleet.machine import Machine


@dataclass(frozen=True)
class RestorePoint:
    """A state of the fleet to come back to.

    Attributes:
        machines: id -> the machine as it was.
        ill: ids of machines that were not healthy then, and need not be healthier now.
        created: says of a machine that is not among them whether the rollout made it, so that it is to go.
    """

    machines: Mapping[str, Machine]
    ill: frozenset[str] = frozenset()
    created: Callable[[Machine], bool] = lambda machine: False
