"""What becomes of volumes that a rollout leaves without a machine: they stay, and they cost, so they are named."""

from __future__ import annotations

from collections.abc import Iterable

from flyctl_orchestrator.catalog.prices import PriceBook
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.volumes import Volume
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.plan.steps import TakeVolume
from flyctl_orchestrator.rollout.plan.volumes import called
from flyctl_orchestrator.rollout.run.record import Record


def tell_volumes_left(context: RolloutContext, record: Record, prices: PriceBook) -> None:
    """Say which volumes have no machine now that a rollout is over, of those that it was about.

    These are the volumes of the machines that were there, and those that its new machines were to have.
    """
    places = {
        (step.name, step.region) for lane in record.plan.lanes for step in lane.steps if isinstance(step, TakeVolume)
    }
    owned = {str(machine.mount.get("volume")) for machine in record.before.values() if machine.mounts}
    if not places and not owned:
        return
    try:
        listed = context.api.volumes.list(context.app)
    except ApiError as error:
        what = f"{error.what}; which are left without a machine is not known"
        context.emit("warning", code="volumes_unread", what=what)
        return
    made = {volume.id for volume in record.volumes.made}
    left = [volume for volume in listed if not volume.machine]
    left = [each for each in left if each.id in made | owned or (each.name, each.region) in places]
    if left:
        context.emit("note", line=sentence(left, prices))


def sentence(volumes: Iterable[Volume], prices: PriceBook) -> str:
    """Names volumes without a machine, what they cost, and what to do with them."""
    found = sorted(volumes, key=lambda volume: (volume.region, volume.id))
    cost = prices.volume_month(sum(volume.size_gb for volume in found))
    month = f" and cost ${cost:.2f} a month" if cost is not None else ""
    names = ", ".join(called(volume, volume.id) for volume in found)
    next_ = "new machines there get them, 'flyctl volumes destroy ID' destroys one"
    return f"volumes without a machine are kept{month}: {names}; {next_}"
