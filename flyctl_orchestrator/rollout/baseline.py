"""How machines answered before anything was changed: what an answer afterwards is compared with."""

from __future__ import annotations

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.checkup import looks_at
from flyctl_orchestrator.rollout.means import Means
from flyctl_orchestrator.rollout.record import Record


def measure_baseline(means: Means, record: Record) -> None:
    """Probe every machine that is awake, once, all at the same time; nobody is woken."""

    def look(machine: Machine) -> None:
        answer = means.look(machine)
        record.baseline[machine.id] = answer
        means.emit(
            "baseline.measured",
            region=machine.region,
            machine=machine.id,
            ok=answer.ok,
            latency_s=answer.latency_s,
            error=answer.error,
        )

    awake = [machine for machine in record.before.values() if machine.state == "started"]
    means.concurrency.each(look, [machine for machine in awake if machine.managed and looks_at(machine).http])
