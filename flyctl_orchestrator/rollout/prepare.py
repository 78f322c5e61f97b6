"""What comes before a rollout begins: what a killed one left is cleared away, the image is built, the plan is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.kept_plan import check_fleet
from flyctl_orchestrator.rollout.plan.plan import Drift, Plan
from flyctl_orchestrator.rollout.plan.scale import plan_scale
from flyctl_orchestrator.rollout.plan.scale_request import check_regions, counts_of_files, read_request
from flyctl_orchestrator.rollout.plan.volumes import specs_of
from flyctl_orchestrator.rollout.recovery.unfinished import make_way, refuse_unfinished
from flyctl_orchestrator.rollout.run.first_addresses import give_addresses
from flyctl_orchestrator.rollout.state.observe import Fleet, with_secrets

# Seconds for which a reading of the fleet is as good as a new one; the platform allows one a second.
FRESH = 1.0


def prepare(work: Deployment, image: str | None) -> tuple[Plan, Fleet]:
    """Build what has to be built and plan it.

    Args:
        image: to roll out instead of building one.

    Returns: the plan, and the reading of the fleet it is made for.

    Raises:
        FlyoError: an earlier rollout is unfinished, or it cannot be built or planned; no machine was changed.
    """
    wanted = work.given_image(image)
    # What is built changes every machine, whatever its secrets are; they are read when it is there.
    later = wanted.ref is None
    fleet = _begin(work, secrets=not later)
    exists = fleet.exists
    # What is impossible is said before an app is created, and before time is spent on building.
    work.plan(fleet, wanted)
    if not exists:
        work.make_app()
    since = work.target.clock.monotonic()
    if wanted.ref is None:
        wanted = work.build(fleet)
    aged = work.target.clock.monotonic() - since > FRESH
    if work.guard.secure(wanted.ref) or aged or not exists:
        fleet = work.observe(known=True)
    elif later:
        fleet = with_secrets(work.target.api, fleet)
    plan = work.plan(fleet, wanted)
    _give_addresses(work, plan, fleet)
    return plan, fleet


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
    _give_addresses(work, plan, fleet)
    return plan, fleet


def prepare_scale(
    work: Deployment, words: Sequence[str], like: str | None, book: RegionBook, *, with_volumes: bool = False
) -> tuple[Plan, Fleet]:
    """Plan exact counts.

    Args:
        words: what was asked for, e.g. "nrt=2" or "worker:iad=1"; nothing: what flyo.toml says.
        like: id of the machine to copy; None to choose one.
        with_volumes: whether the volumes of machines that go are destroyed, too.

    Returns: as `prepare`.

    Raises:
        UsageError: the request makes no sense, or there is nothing to copy.
        FlyoError: there is no app yet, or an earlier rollout is unfinished; no machine was changed.
    """
    fleet = _begin(work)
    if not fleet.exists:
        raise FlyoError(
            "there is no such app yet",
            where=f"app {fleet.app}",
            next=work.target.creating(fleet.app),
            code="app.not_found",
        )
    counts = read_request(words, work.project, fleet) if words else counts_of_files(work.project, fleet)
    check_regions(counts, fleet, book)
    specs = specs_of(work.project.flytoml)
    plan = plan_scale(fleet, counts, like=like, watch=work.policy.watch, specs=specs, with_volumes=with_volumes)
    return work.with_notes(plan, fleet), fleet


def preview(work: Deployment, image: str | None) -> tuple[Plan, Fleet]:
    """What `prepare` would plan; nothing is changed, and no lock is taken.

    The local platform builds in a moment and without a trace on the fleet, so there the image is built and compared.
    """
    fleet = work.observe()
    wanted = work.given_image(image)
    if wanted.ref is None and work.target.builder_url and fleet.exists:
        wanted = work.build(fleet, ask=False)
    return work.plan(fleet, wanted), fleet


def overwritten(plan: Plan) -> list[Drift]:
    """What was edited by hand and the plan sets back: the one thing that is worth a question beforehand."""
    return [drift for drift in plan.drift if drift.kind == "edited" and drift.fixed]


def _give_addresses(work: Deployment, plan: Plan, fleet: Fleet) -> None:
    """See to it that the app's first machines can be reached."""
    if not plan.empty:
        give_addresses(work.target.api, work.project.flytoml, fleet, lambda line: work.emit("note", line=line))


def _begin(work: Deployment, *, secrets: bool = True) -> Fleet:
    make_way(work)
    fleet = work.observe(secrets=secrets)
    refuse_unfinished(work, fleet)
    return fleet
