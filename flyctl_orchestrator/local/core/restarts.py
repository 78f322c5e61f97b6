"""What happens after a machine's process ended by itself: whether it is started again, and what the event says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flyctl_orchestrator.local.base import machine_config
from flyctl_orchestrator.local.core.model import Machine
from flyctl_orchestrator.local.core.seams import ExitInfo

WINDOW_SECONDS = 300.0
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 8.0


def restart_delay(machine: Machine, how: ExitInfo, now: float) -> float | None:
    """Seconds until the machine is started again, or None when its policy says to leave it.

    Fly documents the policies and "10 retries within 5 minutes"; the doubling delay between tries is ours.
    """
    policy = machine_config.restart(machine.config)
    machine.restarts[:] = [moment for moment in machine.restarts if moment > now - WINDOW_SECONDS]
    if policy.policy == "no" or (policy.policy == "on-failure" and how.code == 0):
        return None
    if policy.policy == "on-failure" and len(machine.restarts) >= policy.max_retries:
        return None
    return float(min(FIRST_DELAY_SECONDS * 2 ** len(machine.restarts), LONGEST_DELAY_SECONDS))


def exit_event(machine: Machine, how: ExitInfo, asked: bool, restarting: bool, now: float) -> dict[str, Any]:
    """The `request` of an exit event."""
    signal = how.signal if how.signal is not None else -1
    return {
        "exit_event": {
            "exit_code": how.code,
            "guest_exit_code": how.code,
            "guest_signal": signal,
            "signal": signal,
            "oom_killed": how.oom,
            "requested_stop": asked,
            "restarting": restarting,
            "exited_at": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        },
        "restart_count": machine.restart_count,
    }
