"""How machines answered before anything was changed: what an answer afterwards is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.gate.checkup import looks_at
from flyctl_orchestrator.rollout.gate.comparison import Baseline, Comparison, Place
from flyctl_orchestrator.rollout.gate.pages import next_page
from flyctl_orchestrator.rollout.plan.left_out import without
from flyctl_orchestrator.rollout.run.record import Record

# Answers that are asked for in every region, and where some of them are errors.
ANSWERS, ANSWERS_IF_ERRORS = 20, 60
# Requests to one machine at the same time.
ABREAST = 2
# Seconds after which it has to do with what it has.
LONGEST = 5.0


@dataclass
class Measured:
    """What is known of the time before.

    Attributes:
        first: machine id -> its first answer to a request for the health page.
        pages: all answers, page by page.
    """

    first: dict[str, Answer] = field(default_factory=dict)
    pages: Baseline = field(default_factory=Baseline)


def measure_baseline(context: RolloutContext, record: Record, regions: Container[str] | None = None) -> None:
    """Ask the machines that are awake how they are, as often as is still missing; nobody is woken.

    Regions in which it has been done are left alone: something may have been changed there since.

    Args:
        regions: machines of these only; None for all.
    """
    chosen = [
        machine
        for machine in without(record.before.values(), record.plan.left_out)
        if (regions is None or machine.region in regions) and machine.region not in record.measured
    ]
    measure(context, chosen, Measured(record.baseline, record.pages))
    record.measured |= {machine.region for machine in chosen}


def measure(
    context: RolloutContext,
    machines: Iterable[Machine],
    measured: Measured,
    *,
    once: bool = False,
    over: Callable[[], bool] = lambda: False,
) -> None:
    """Ask machines for all pages and keep the answers.

    Args:
        once: only for their health page, each of them once.
        over: asked again and again: whether to stop where we are.
    """
    awake = [machine for machine in machines if machine.state == "started" and machine.managed]
    asked = [machine for machine in awake if looks_at(machine).http]
    until = context.clock.monotonic() + LONGEST
    jobs = [(machine, context.probe.path) for machine in asked if machine.id not in measured.first]
    context.concurrency.each(lambda job: _ask(*job, context, measured), jobs)
    while not (once or context.probe.evidence == "off" or over() or context.clock.monotonic() >= until):
        if not (jobs := _missing(context, asked, measured)):
            return
        context.concurrency.each(lambda job: _ask(*job, context, measured), jobs)


def _ask(machine: Machine, path: str, context: RolloutContext, measured: Measured) -> None:
    answer = context.ask(machine, path)
    measured.pages.add(Place.of(machine), path, answer, machine.id)
    if path != context.probe.path or machine.id in measured.first:
        return
    measured.first[machine.id] = answer
    context.emit(
        "baseline.measured",
        region=machine.region,
        machine=machine.id,
        ok=answer.ok,
        latency_s=answer.latency_s,
        error=answer.error,
    )


def _missing(context: RolloutContext, machines: Sequence[Machine], measured: Measured) -> list[tuple[Machine, str]]:
    """What to ask next, so that every place comes nearer to what it needs and no machine is asked too much at once."""
    places: dict[Place, list[Machine]] = {}
    for machine in machines:
        places.setdefault(Place.of(machine), []).append(machine)
    jobs = []
    for place, here in places.items():
        number = _needed(place, context, measured) - measured.pages.asked(place)
        counts: Mapping[str, int] = {page: measured.pages.times(place, page) for page in context.probe.pages}
        turns = Counter(counts)
        for turn in range(min(number, ABREAST * len(here))):
            page = next_page(context.probe.pages, turns)
            turns[page] += 1
            jobs.append((here[turn % len(here)], page))
    return jobs


def _needed(place: Place, context: RolloutContext, measured: Measured) -> int:
    comparison = Comparison(measured.pages, context.probe)
    ill = any(comparison.errors_in(place, page) for page in context.probe.pages)
    return ANSWERS_IF_ERRORS if ill else ANSWERS
