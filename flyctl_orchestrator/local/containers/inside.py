"""What runs in a container, seen from this computer."""

from __future__ import annotations

from pathlib import Path

from flyctl_orchestrator.local.core.seams import ProcessInfo
from flyctl_orchestrator.local.runtime.listing import processes_of


def processes_in(container_id: str, pid: int) -> list[ProcessInfo] | None:
    """A container's processes, or None where they are not this computer's.

    An engine in a virtual machine (Docker Desktop) gives pids of that one.
    """
    return processes_of(pid) if is_of(container_id, pid) else None


def is_of(container_id: str, pid: int) -> bool:
    """Whether a process of this computer is in a container: its control group names that."""
    try:
        return container_id in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False
