"""How machines answered before anything was changed: what an answer afterwards is compared with."""

from __future__ import annotations

from collections.abc import Container

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.context.context import RolloutContext
from flyctl_orchestrator.rollout.gate.checkup import looks_at
from flyctl_orchestrator.rollout.run.record import Record


def measure_baseline(context: RolloutContext, record: Record, regions: Container[str] | None = None) -> None:
    """Probe every machine that is awake and was not probed yet, once, all at the same time; nobody is woken.

    Args:
        regions: machines of these only; None for all.
    """

    def look(machine: Machine) -> None:
        answer = context.look(machine)
        record.baseline[machine.id] = answer
        context.emit(
            "baseline.measured",
            region=machine.region,
            machine=machine.id,
            ok=answer.ok,
            latency_s=answer.latency_s,
            error=answer.error,
        )

    wanted = [
        machine
        for machine in record.before.values()
        if (regions is None or machine.region in regions) and machine.id not in record.baseline
    ]
    awake = [machine for machine in wanted if machine.state == "started" and machine.managed]
    context.concurrency.each(look, [machine for machine in awake if looks_at(machine).http])
