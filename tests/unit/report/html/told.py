"""Rollouts that really happened, on a simulated Fly, as their events tell of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.rehearsal.bad_day import FAIR_DAY, chosen
from flyctl_orchestrator.rollout.rehearsal.day_end import DayEnd
from flyctl_orchestrator.rollout.rehearsal.every_day import EveryDay
from tests.unit.rollout.rehearsal.simulated_project import SimulatedProject

# As many as docs and limits speak of: 144 machines.
REGIONS = (
    *("ams", "arn", "cdg", "dfw", "ewr", "fra", "gru", "iad"),
    *("jnb", "lax", "lhr", "nrt", "sin", "sjc", "syd", "yyz"),
)
PER_REGION = 9


def day_of(every: EveryDay, name: str) -> tuple[DayEnd, list[dict[str, Any]]]:
    """One day, and everything that was told of it."""
    events: list[Event] = []
    (day,) = [FAIR_DAY] if name == FAIR_DAY.name else chosen(every.days(), [name])
    end = every.run(day, events.append)
    return end, [event.as_dict() for event in events]


def large_rollout(root: Path) -> list[dict[str, Any]]:
    """A rehearsal of a deploy to 144 machines, each of which exists already."""
    others = "".join(f"{region} = {PER_REGION}\n" for region in REGIONS if region not in ("iad", "fra", "nrt"))
    project = SimulatedProject.deployed(root, count=PER_REGION, more=others)
    end, events = day_of(project.every_day(), FAIR_DAY.name)
    assert end.result.exit == 0, end
    return events
