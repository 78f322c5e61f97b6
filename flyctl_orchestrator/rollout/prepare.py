"""What comes before a rollout begins: what a killed one left is cleared away, the image is built, the plan is made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.kept_plan import check_fleet
from flyctl_orchestrator.rollout.plan.plan import Drift, Plan
from flyctl_orchestrator.rollout.recovery.unfinished import make_way, refuse_unfinished
from flyctl_orchestrator.rollout.state.observe import Fleet


def prepare(work: Deployment, image: str | None) -> tuple[Plan, Fleet]:
    """Build what has to be built and plan it.

    Args:
        image: to roll out instead of building one.

    Returns: the plan, and the reading of the fleet it is made for.

    Raises:
        FlyoError: an earlier rollout is unfinished, or it cannot be built or planned; no machine was changed.
    """
    fleet = _begin(work)
    exists = fleet.exists
    if not exists:
        work.make_app()
    wanted = work.given_image(image)
    # What is impossible is said before time is spent on building.
    work.plan(fleet, wanted)
    built = wanted.ref is None
    if built:
        wanted = work.build(fleet)
    fleet = work.observe() if built or not exists else fleet
    return work.plan(fleet, wanted), fleet


def prepare_kept(work: Deployment, plan: Plan, path: Path) -> tuple[Plan, Fleet]:
    """Make sure that a kept plan still fits the fleet, and build its image if it has none yet.

    Args:
        path: the plan's file, to name it in an error.

    Returns: as `prepare`.

    Raises:
        FlyoError: fleet or secrets have changed since (exit 7), or as `prepare`; no machine was changed.
    """
    fleet = _begin(work)
    check_fleet(plan, fleet, path)
    if not fleet.exists:
        work.make_app()
        # That there is an app now is no reason to call the plan stale; all else is.
        plan = replace(plan, fingerprint=replace(fleet, exists=True).fingerprint())
        fleet = work.observe()
    if plan.image.ref is None and not plan.empty:
        plan = replace(plan, image=work.build(fleet))
        fleet = work.observe()
    return plan, fleet


def preview(work: Deployment, image: str | None) -> tuple[Plan, Fleet]:
    """What `prepare` would plan; nothing is changed, and no lock is taken.

    The local platform builds in a moment and without a trace on the fleet, so there the image is built and compared.
    """
    fleet = work.observe()
    wanted = work.given_image(image)
    if wanted.ref is None and work.target.builder_url and fleet.exists:
        wanted = work.build()
    return work.plan(fleet, wanted), fleet


def overwritten(plan: Plan) -> list[Drift]:
    """What was edited by hand and the plan sets back: the one thing that is worth a question beforehand."""
    return [drift for drift in plan.drift if drift.kind == "edited" and drift.fixed]


def _begin(work: Deployment) -> Fleet:
    make_way(work)
    fleet = work.observe()
    refuse_unfinished(work, fleet)
    return fleet
