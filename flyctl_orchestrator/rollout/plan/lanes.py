"""What happens to one machine, from the state it is found in."""

from __future__ import annotations

from collections.abc import Sequence

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.plan.plan import Lane
from flyctl_orchestrator.rollout.plan.steps import (
    CreateMachine,
    DestroyMachine,
    Gate,
    PutToSleep,
    RestoreMachine,
    Step,
    UpdateMachine,
    Wake,
)


def lane_name(region: str, group: str, machine: str) -> str:
    """A lane's name, unique within a plan."""
    return f"{region}/{group}/{machine}"


def update_lane(machine: Machine, reasons: Sequence[str]) -> Lane:
    """Change a machine and prove it; one that sleeps is woken, proved and put back to sleep."""
    steps: tuple[Step, ...] = (UpdateMachine(machine.id), *_proof(machine))
    return _lane(machine, "update", steps, tuple(reasons))


def restore_lane(machine: Machine, before: Machine, *, healthy: bool, weight: int) -> Lane:
    """Give a machine back what it had, and prove it as far as it was provable before.

    Args:
        before: the machine as it was found; `machine` may be its replacement.
        healthy: whether it was healthy before: only then must it be healthy again.
    """
    steps: tuple[Step, ...] = (RestoreMachine(machine.id), *_proof(before, strict=healthy))
    name = lane_name(machine.region, machine.group, machine.id)
    return Lane(name, machine.region, machine.group, machine.id, "restore", steps, ("rollback",), weight)


def create_lane(region: str, group: str, number: int) -> Lane:
    """Create the `number`-th missing machine of a group in a region and prove it."""
    name = lane_name(region, group, f"new-{number}")
    return Lane(name, region, group, None, "create", (CreateMachine(region, group), Gate()), ("missing",), weight=0)


def destroy_lane(machine: Machine) -> Lane:
    """Destroy a machine that a rollout has made."""
    return _lane(machine, "destroy", (DestroyMachine(machine.id),), ("rollback",))


def _proof(machine: Machine, *, strict: bool = True) -> tuple[Step, ...]:
    if machine.standbys:
        # A standby starts by itself when the machine it stands in for is lost; woken now, both would work at once.
        return (Gate(strict=False),)
    asleep = machine.sleep_state
    return (Gate(strict=strict),) if asleep is None else (Wake(), Gate(strict=strict), PutToSleep(asleep))


def _lane(machine: Machine, action: str, steps: tuple[Step, ...], reasons: tuple[str, ...]) -> Lane:
    name = lane_name(machine.region, machine.group, machine.id)
    weight = 0 if machine.resting else 1
    return Lane(name, machine.region, machine.group, machine.id, action, steps, reasons, weight)  # type: ignore[arg-type]
