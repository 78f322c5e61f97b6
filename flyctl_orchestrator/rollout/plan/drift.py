"""What on the fleet differs from what the files say."""

from __future__ import annotations

from collections import defaultdict

from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.plan.plan import Drift
from flyctl_orchestrator.rollout.plan.surge import leftovers_of
from flyctl_orchestrator.rollout.state.metadata import reasons_to_change
from flyctl_orchestrator.rollout.state.observe import Fleet


def find_drift(fleet: Fleet, desired: Desired) -> tuple[Drift, ...]:
    """Everything a person should know about before a rollout, in the order of the fleet."""
    return (*_strange(fleet, desired), *_edited(fleet, desired), *_mixed(fleet, desired), *_counts(fleet, desired))


def _strange(fleet: Fleet, desired: Desired) -> list[Drift]:
    drift, left = [], leftovers_of(fleet.managed)
    for machine in fleet.machines:
        if not machine.managed and machine.metadata.get("fly_platform_version") != "v2":
            what = f"machine {machine.id} in {machine.region} was not made by a deploy and is left alone"
            drift.append(Drift("unmanaged", machine.region, machine.group, machine.id, what))
        elif machine.managed and machine.group not in desired.groups:
            what = f"machine {machine.id} in {machine.region} belongs to process group {machine.group}, "
            what += "which fly.toml no longer has; a deploy removes it"
            drift.append(Drift("removed_group", machine.region, machine.group, machine.id, what, fixed=True))
        elif machine.managed and machine.metadata.get("fly_canary") == "true":
            what = f"machine {machine.id} in {machine.region} is a canary that a failed flyctl deploy left behind"
            drift.append(Drift("stray", machine.region, machine.group, machine.id, what))
        elif machine.id in left:
            what = f"machine {machine.id} in {machine.region} is left from an unfinished rollout; this one removes it"
            drift.append(Drift("stray", machine.region, machine.group, machine.id, what, fixed=True))
    return drift


def _edited(fleet: Fleet, desired: Desired) -> list[Drift]:
    drift = []
    for machine in fleet.managed:
        if machine.group not in desired.groups:
            continue
        reasons = reasons_to_change(machine, None, None, desired.definition, fleet.secrets)
        if "edited" in reasons:
            what = f"machine {machine.id} in {machine.region} was edited since it was last deployed"
            drift.append(Drift("edited", machine.region, machine.group, machine.id, what, fixed=True))
    return drift


def _mixed(fleet: Fleet, desired: Desired) -> list[Drift]:
    drift = []
    for group in desired.groups:
        images = {machine.digest or machine.image for machine in fleet.managed if machine.group == group}
        if len(images) > 1:
            what = f"process group {group} runs {len(images)} different images"
            drift.append(Drift("mixed_image", "", group, "", what, fixed=True))
    return drift


def _counts(fleet: Fleet, desired: Desired) -> list[Drift]:
    have: dict[tuple[str, str], int] = defaultdict(int)
    left = leftovers_of(fleet.managed)
    for machine in fleet.managed:
        if machine.group in desired.groups and not machine.standbys and machine.id not in left:
            have[(machine.region, machine.group)] += 1
    drift = []
    for region, group in dict.fromkeys((*desired.counts, *have)):
        wanted, count = desired.counts.get((region, group), 0), have[(region, group)]
        if count == wanted or (not fleet.managed and count < wanted):
            continue
        what = f"{region} has {count} of process group {group}, flyo.toml wants {wanted}"
        if count < wanted:
            drift.append(Drift("missing", region, group, "", what, fixed=True))
        else:
            what += f"; 'flyo scale {group}:{region}={wanted}' removes what is too much"
            drift.append(Drift("surplus", region, group, "", what))
    return drift
