"""A plan for a person: wave by wave, machine by machine."""

from __future__ import annotations

from flyctl_orchestrator.report.line import Line, Span
from flyctl_orchestrator.report.numbers import count, duration, short_digest
from flyctl_orchestrator.rollout.plan.cost import Cost
from flyctl_orchestrator.rollout.plan.plan import Lane, Plan, Wave
from flyctl_orchestrator.rollout.plan.steps import DestroyVolume, PutToSleep, TakeVolume

SIGNS = {"update": "~", "create": "+", "destroy": "-", "restore": "<", "replace": "±"}
REASONS = {
    "image": "new image",
    "config": "fly.toml changed",
    "secrets": "secrets changed",
    "edited": "edited by hand",
    "unverified": "not verified by flyo",
    "missing": "missing",
    "volume": "replaced by one with a volume",
    "other_volume": "replaced by one with another volume",
    "no_volume": "replaced by one without its volume",
    "standby": "stands in for another machine from then on",
    "replaced": "its replacement is verified by then",
    "removed_group": "fly.toml no longer has its process group",
    "leftover": "left by an unfinished rollout",
}


def plan_lines(plan: Plan, cost: Cost | None = None) -> list[Line]:
    """What a deploy would do, and what that changes in the bill."""
    # What the plan puts right stands in its lanes, each with its reason.
    left = [drift for drift in plan.drift if not drift.fixed or plan.empty]
    lines = [Line.of(Span(f"! {drift.what}", "warn")) for drift in left]
    lines += [Line.of(f"note: {note}") for note in plan.notes]
    if plan.empty:
        return [*lines, _nothing(plan)]
    image = plan.image.ref or "to be built"
    digest = f" ({short_digest(plan.image.digest)})" if plan.image.digest else ""
    lines.append(Line.of(f"image: {image}{digest}"))
    for wave in plan.waves:
        lines += _wave(wave, cost)
    lines.append(Line.of(f"Plan: {_tally(plan)}, {plan.unchanged} unchanged."))
    return [*lines, Line.of(_bill(cost))] if cost else lines


def _tally(plan: Plan) -> str:
    # A machine that is replaced is one change, though its old self goes in a wave of its own.
    changes = [lane for lane in plan.lanes if lane.reasons != ("replaced",)]
    tally = {sign: sum(1 for lane in changes if SIGNS[lane.action] == sign) for sign in "~±+-"}
    words = {"~": "to change", "±": "to replace", "+": "to create", "-": "to destroy"}
    return ", ".join(f"{number} {words[sign]}" for sign, number in tally.items() if number)


def _nothing(plan: Plan) -> Line:
    wanted = f"{count(plan.unchanged, 'machine')} as wanted"
    if any(drift.kind != "unmanaged" for drift in plan.drift):
        # Somebody will want to act on it, so there is something to do, only not for a deploy.
        return Line.of(f"A deploy has nothing to change: {wanted}; it leaves what else differs as it is.")
    return Line.of(Span(f"Nothing to do: {wanted}.", "good"))


def _bill(cost: Cost) -> str:
    prices = f"prices of {cost.as_of}, machines that run all month"
    if cost.month is None:
        return f"Cost: unknown ({prices}; a size or a region has no price)."
    if abs(cost.month) < 0.005:
        return f"Cost: the same ({prices})."
    return f"Cost: {dollars(cost.month)} a month ({prices})."


def dollars(amount: float) -> str:
    """US dollars with a sign, e.g. "+$4.83"."""
    return f"{'-' if amount < 0 else '+'}${abs(amount):.2f}"


def _wave(wave: Wave, cost: Cost | None) -> list[Line]:
    facts = [", ".join(wave.regions)]
    facts += [f"{wave.limit} at once per region"] if wave.limit else []
    facts += [f"then {duration(wave.watch)} of watching"] if wave.watch else []
    facts += [f"then a bake of {duration(wave.bake)}"] if wave.bake else []
    head = Line.of(Span(wave.name, "strong"), f" ({'; '.join(facts)})")
    return [head, *(Line.of(_lane(lane, cost)) for lane in wave.lanes)]


def _lane(lane: Lane, cost: Cost | None) -> str:
    why = ", ".join(REASONS.get(reason, reason) for reason in lane.reasons)
    asleep = next((step.state for step in lane.steps if isinstance(step, PutToSleep)), None)
    more = f"; woken, verified, {asleep} again" if asleep else ""
    who = lane.machine or lane.replaces or "new machine"
    change = cost.lanes.get(lane.name) if cost else None
    price = f"  {dollars(change)}" if change is not None and abs(change) >= 0.005 else ""
    return f"  {SIGNS[lane.action]} {lane.region}  {who}  {lane.group}: {why}{more}{_volumes(lane)}{price}"


def _volumes(lane: Lane) -> str:
    """What happens to the machine's volume, e.g. "; new volume data, 3 GB"; "" where nothing does."""
    for step in lane.steps:
        if isinstance(step, TakeVolume):
            return (
                f"; volume {step.volume} ({step.name})"
                if step.volume
                else f"; new volume {step.name}, {step.size_gb} GB"
            )
        if isinstance(step, DestroyVolume):
            return f"; volume {step.volume} and what is on it"
    return ""
