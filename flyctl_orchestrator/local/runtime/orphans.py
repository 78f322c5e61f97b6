"""Notes which processes run, so that those of a daemon that was killed can be ended by the next one.

A pid alone is not enough, since the system gives it to another process later: the time a process started is kept with
it, and only a process that matches both is ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from flyctl_orchestrator.local.runtime.tree import descendants_of

NOTE = "process.json"


def started_at(pid: int) -> str | None:
    """When a process started, as an opaque text that never changes for it; None when there is none.

    From /proc on Linux, from `ps` elsewhere.
    """
    if sys.platform.startswith("linux"):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        return stat.rpartition(")")[2].split()[19]
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def note(directory: Path, pid: int) -> None:
    """Remember that process `pid` belongs to the machine of `directory`."""
    (directory / NOTE).write_text(json.dumps({"pid": pid, "started_at": started_at(pid)}))


def erase(directory: Path) -> None:
    """The machine's process has ended."""
    (directory / NOTE).unlink(missing_ok=True)


def noted(machines: Path) -> list[Path]:
    """The notes of processes below `machines` whose end nobody saw."""
    return list(machines.glob(f"*/{NOTE}"))


def reap(machines: Path) -> list[int]:
    """End the machines that an earlier daemon left below `machines`; the pids of their main processes."""
    ended = []
    for path in noted(machines):
        try:
            said = json.loads(path.read_text())
            pid, moment = int(said["pid"]), said["started_at"]
        except (OSError, ValueError, KeyError, TypeError):
            path.unlink(missing_ok=True)
            continue
        if moment is not None and started_at(pid) == moment:
            others = descendants_of(pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
                ended.append(pid)
            for other in others:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(other, signal.SIGKILL)
        path.unlink(missing_ok=True)
    return ended
