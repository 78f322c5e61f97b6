"""Where machines go when neither file names a region: where they are, or where the platform would put the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from flyctl_orchestrator.catalog.regions import UNKNOWN_REGION, RegionBook
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.rollout.state.observe import observe

if TYPE_CHECKING:
    from flyctl_orchestrator.fleet.machines_api import MachinesApi


def with_regions(project: Project, api: MachinesApi, rehearsed_in: RegionBook | None = None) -> tuple[Project, str]:
    """`project` with a primary region and with counts, as `flyctl deploy` does without them.

    An app keeps the machines it has, also where primary_region is closed since: flyctl needs it for new machines only.
    One that has none gets the first in the nearest region; flyctl leaves that to the platform. A closed region stands
    for the nearest open one where nothing but a rehearsal depends on it.

    Args:
        rehearsed_in: the regions of a platform on which rollouts are rehearsed only; None for Fly.io.

    Returns: it, and what was chosen for it, for a person; "" where the files say it all.

    Raises:
        ApiError: the platform cannot be asked.
    """
    fly, flyo = project.flytoml, project.flyo
    wrong = [problem for problem in project.problems if problem.code == UNKNOWN_REGION]
    if fly.primary_region and not wrong:
        return project, ""
    if flyo.regions:
        # The first wave begins in the first region.
        return _settled(project, next(iter(flyo.regions))), ""
    counts = observe(api, project.app).counts()
    if not counts and wrong:
        return _rehearsed(project, wrong, rehearsed_in)
    if not counts:
        nearest = api.regions.nearest()
        project = replace(project, flyo=replace(flyo, regions={nearest: 1}))
        return _settled(project, nearest), f"no region is named: {nearest} is the nearest; primary_region sets another"
    by_region = {region: sum(n for (code, _), n in counts.items() if code == region) for region, _ in counts}
    regions = sorted(by_region, key=lambda code: (-by_region[code], code))
    groups = {
        group: {code: counts[code, group] for code in regions if (code, group) in counts} or {regions[0]: 1}
        for group in fly.process_groups
    }
    settled = replace(flyo, regions=dict.fromkeys(regions, 1), groups={**groups, **flyo.groups})
    others = tuple(problem for problem in project.problems if problem not in wrong)
    why = wrong[0].what if wrong else "no region is named"
    said = f"{why}: the app stays where it is ({', '.join(regions)})"
    return _settled(replace(project, flyo=settled, problems=others), regions[0]), said


def _rehearsed(project: Project, wrong: Sequence[UsageError], book: RegionBook | None) -> tuple[Project, str]:
    """A first deploy whose region is closed: with the nearest open one in its place where it is only rehearsed."""
    closed = project.flytoml.primary_region or ""
    place = book.closed.get(closed) if book is not None else None
    if book is None or place is None:
        return project, ""
    near = book.nearest(place, 1)[0]
    others = tuple(problem for problem in project.problems if problem not in wrong)
    settled = replace(project, flyo=replace(project.flyo, regions={near.code: 1}), problems=others)
    said = f"{wrong[0].what}: rehearsed in {near.code} ({near.city}), the nearest open one"
    advice = f'Fly.io refuses it, so write primary_region = "{near.code}" before you deploy there'
    return _settled(settled, near.code), f"{said}. {advice}"


def _settled(project: Project, primary: str) -> Project:
    return replace(project, flytoml=replace(project.flytoml, primary_region=primary))
