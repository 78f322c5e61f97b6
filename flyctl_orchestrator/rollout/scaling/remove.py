"""Takes one machine out of service without anybody noticing, then destroys it."""

from __future__ import annotations

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.rollout.gate.checkup import seconds

# Seconds until every proxy knows that a machine is cordoned; it keeps getting requests until then.
PROPAGATION = 1.0
# Fly's default time between the kill signal and the kill, in seconds (fly.toml kill_timeout).
KILL_TIMEOUT = 5.0
MARGIN = 10.0


def remove(api: MachinesApi, clock: Clock, machine: Machine) -> Machine:
    """Cordon, let it finish what it is doing, stop, destroy; one that sleeps or is broken is destroyed at once.

    The app finishes running requests between its kill signal and `kill_timeout`. Returns the machine.

    Raises:
        ApiError: the platform refused; the machine is at worst cordoned and stopped.
    """
    if machine.state == "started":
        if machine.serves and not machine.cordoned:
            api.cordon(machine.app, machine.id)
            clock.sleep(PROPAGATION)
        try:
            api.stop(machine.app, machine.id)
            patience = kill_timeout(machine) + MARGIN
            api.wait(machine.app, machine.id, "stopped", patience, machine.instance_id)
        except ApiError as error:
            # Gone already, or asleep by itself in the meantime: destroying it is all that is left to do.
            if error.kind not in ("not_found", "precondition"):
                raise
    api.destroy(machine.app, machine.id, force=True)
    return machine


def kill_timeout(machine: Machine) -> float:
    """Seconds a machine may take to stop."""
    given = (machine.config.get("stop_config") or {}).get("timeout")
    return seconds(given) if given else KILL_TIMEOUT
