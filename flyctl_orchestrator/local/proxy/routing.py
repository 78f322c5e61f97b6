"""Which machine a request goes to. Pure: what is known goes in, a decision comes out.

The rules are those of Fly's load-balancing page (its newer wording, in which soft limits work within a region only):
the nearest region that can serve does; in it the least loaded machine below its soft limit, or else, when all are
above, the least loaded below its hard limit while a sleeping machine of the region is woken; regions further away are
used only when no machine of the nearer one is healthy and below its hard limit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from flyctl_orchestrator.local.proxy.backend import Target
from flyctl_orchestrator.local.proxy.geography import within
from flyctl_orchestrator.local.proxy.route_constraints import RouteConstraints


@dataclass(frozen=True)
class Fleet:
    """One app's machines at this moment.

    Attributes:
        targets: all of them.
        load: units of load the proxy has on a machine, by its id.
        waking: machines being woken; whoever needs one may join the wait.
        draining: machines about to be put to sleep: no new requests.
        tried: machines that just refused this very request.
    """

    targets: Sequence[Target]
    load: Callable[[str], int]
    waking: Collection[str] = field(default=frozenset())
    draining: Collection[str] = field(default=frozenset())
    tried: Collection[str] = field(default=frozenset())


@dataclass(frozen=True)
class Use:
    """Send it to `target`; meanwhile wake `also_wake`; tell the app which preferred machine was `unavailable`."""

    target: Target
    also_wake: Target | None = None
    unavailable: str | None = None


@dataclass(frozen=True)
class Wake:
    """Nothing can take it as things are: wake `target` for it."""

    target: Target
    unavailable: str | None = None


@dataclass(frozen=True)
class Wait:
    """Nothing can take it now, but that may change. `code` and `message` are for when it does not."""

    why: Literal["full", "unhealthy"]
    code: str
    message: str


@dataclass(frozen=True)
class Refuse:
    """Nothing will be able to take it."""

    code: str
    message: str


Decision = Use | Wake | Wait | Refuse


def choose(
    fleet: Fleet,
    constraints: RouteConstraints,
    client_region: str,
    distance: Callable[[str, str], float],
    random: Random,
) -> Decision:
    """Decide where one request goes.

    Args:
        distance: how far two regions are apart, in any unit; equally far regions go by their code.
        random: settles which of equally loaded machines is taken.
    """
    if constraints.instance is not None:
        return _that_very_machine(fleet, constraints.instance)
    pool = [t for t in fleet.targets if t.machine_id != constraints.avoid]
    regions = _regions_in_order(pool, constraints, lambda region: distance(client_region, region))
    unavailable = constraints.prefer_instance
    if constraints.prefer_instance is not None:
        preferred = _preferred(fleet, pool, regions, constraints.prefer_instance)
        if preferred is not None:
            return preferred
    for region in regions:
        decision = _in_region(fleet, [t for t in pool if t.region == region], unavailable, random)
        if decision is not None:
            return decision
    return _nobody(fleet, [t for t in pool if t.region in regions], constraints)


def is_ready(fleet: Fleet, target: Target) -> bool:
    """Whether balanced traffic may go to it now, limits aside."""
    return (
        target.state == "started"
        and target.routable
        and target.port > 0
        and target.machine_id not in fleet.tried
        and target.machine_id not in fleet.draining
        and target.machine_id not in fleet.waking
    )


def is_full(fleet: Fleet, target: Target) -> bool:
    """Whether it is at its hard limit."""
    limit = target.service.hard_limit
    return limit is not None and fleet.load(target.machine_id) >= limit


def _can_wake(fleet: Fleet, target: Target) -> bool:
    if not target.service.autostart or target.machine_id in fleet.tried:
        return False
    if target.machine_id in fleet.waking:
        return True
    return target.state in ("stopped", "suspended") and target.routable and target.machine_id not in fleet.draining


def _regions_in_order(
    pool: Iterable[Target], constraints: RouteConstraints, distance: Callable[[str], float]
) -> list[str]:
    nearest = sorted({t.region for t in pool}, key=lambda region: (distance(region), region))
    if not constraints.regions:
        return nearest
    ordered: dict[str, None] = {}
    for term in constraints.regions:
        ordered.update(dict.fromkeys(region for region in nearest if within(region, term)))
    if not constraints.only_regions:
        ordered.update(dict.fromkeys(nearest))
    return list(ordered)


def _that_very_machine(fleet: Fleet, machine_id: str) -> Decision:
    target = next((t for t in fleet.targets if t.machine_id == machine_id), None)
    if target is None:
        return Refuse("PR02", f"machine {machine_id} was not found in this app")
    if target.machine_id in fleet.draining:
        return Wait("unhealthy", "PR03", f"machine {machine_id} is going to sleep")
    if target.machine_id in fleet.waking or target.state in ("stopped", "suspended"):
        if target.service.autostart:
            return Wake(target)
        return Refuse("PR03", f"machine {machine_id} is {target.state} and its service does not autostart")
    if target.state != "started" or target.port <= 0:
        return Wait("unhealthy", "PR03", f"machine {machine_id} is not running ({target.state})")
    if is_full(fleet, target):
        return _full([target], f"machine {machine_id} is at its hard limit")
    return Use(target)


def _preferred(fleet: Fleet, pool: Iterable[Target], regions: Collection[str], machine_id: str) -> Decision | None:
    target = next((t for t in pool if t.machine_id == machine_id and t.region in regions), None)
    if target is None:
        return None
    if is_ready(fleet, target) and not is_full(fleet, target):
        return Use(target)
    return Wake(target) if _can_wake(fleet, target) else None


def _in_region(fleet: Fleet, here: Sequence[Target], unavailable: str | None, random: Random) -> Use | Wake | None:
    open_now = [t for t in here if is_ready(fleet, t) and not is_full(fleet, t)]
    relaxed = [t for t in open_now if fleet.load(t.machine_id) < t.service.soft_limit]
    if relaxed:
        return Use(_least_loaded(fleet, relaxed, random), unavailable=unavailable)
    sleepers = [t for t in here if _can_wake(fleet, t)]
    # One that is being woken already is enough; otherwise the lowest id, so that a rush wakes one machine, not all.
    sleeper = min(sleepers, key=lambda t: (t.machine_id not in fleet.waking, t.machine_id), default=None)
    if open_now:
        return Use(_least_loaded(fleet, open_now, random), also_wake=sleeper, unavailable=unavailable)
    return Wake(sleeper, unavailable=unavailable) if sleeper else None


def _least_loaded(fleet: Fleet, targets: Sequence[Target], random: Random) -> Target:
    if len(targets) == 1:
        return targets[0]
    least = min(fleet.load(t.machine_id) for t in targets)
    return random.choice([t for t in targets if fleet.load(t.machine_id) == least])


def _nobody(fleet: Fleet, pool: Sequence[Target], constraints: RouteConstraints) -> Wait | Refuse:
    full = [t for t in pool if is_ready(fleet, t) and is_full(fleet, t)]
    if full:
        return _full(full, "every machine is at its hard limit")
    code = "PR03" if constraints.only_regions or constraints.avoid else "PR01"
    if not pool:
        where = f" in {','.join(constraints.regions)}" if constraints.only_regions else ""
        return Refuse(code, f"no machine{where} could be found for this request")
    if all(t.state in ("stopped", "suspended") and t.machine_id not in (*fleet.draining, *fleet.tried) for t in pool):
        return Refuse(code, "every machine is asleep, and none of them may be started by a request")
    return Wait("unhealthy", code, "no healthy machine could be found")


def _full(targets: Sequence[Target], message: str) -> Wait:
    by_requests = targets[0].service.concurrency == "requests"
    return Wait("full", "PL02" if by_requests else "PL01", message)
