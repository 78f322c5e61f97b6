"""Ends a flyctl that lost the one who started it.

A killed flyo cannot end its flyctl. It runs on in a process group of its own, and may change machines long after
somebody has taken over; so whoever takes over ends it first.
"""

from __future__ import annotations

import os
import signal
import subprocess

from flyctl_orchestrator.environment import Clock

GRACE = 3.0
STEP = 0.05


def end_orphaned_deploys(app: str, clock: Clock) -> int:
    """Interrupt every `flyctl deploy` of `app` that has outlived its flyo on this computer, and wait until it is gone.

    One whose flyo lives is left alone: it may belong to a rollout of an app of the same name on another target. Where
    there is no `ps` nothing is found.

    Returns: how many there were.
    """
    found = _deploys(app)
    for pid in found:
        _signal(pid, signal.SIGINT)
    until = clock.monotonic() + GRACE
    while found and _alive(found, app) and clock.monotonic() < until:
        clock.sleep(STEP)
    for pid in _alive(found, app) if found else ():
        _signal(pid, signal.SIGKILL)
    return len(found)


def _deploys(app: str) -> list[int]:
    """Process ids: only flyo spells a deploy like this, with the image named and every question answered."""
    start, end = f" deploy --app {app} --config ", " --deploy-retries 0 "
    processes = _processes()
    return [
        pid
        for pid, (parent, command) in processes.items()
        if start in command and " --image " in command and end in command and not _has_flyo(parent, processes)
    ]


def _processes() -> dict[int, tuple[int, str]]:
    """Parent and command line of every process, by id."""
    try:
        listed = subprocess.run(
            ["ps", "-ww", "-axo", "pid=,ppid=,command="], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found = {}
    for line in listed.stdout.splitlines():
        pid, parent, *command = line.split(None, 2)
        if pid.isdigit() and parent.isdigit():
            found[int(pid)] = (int(parent), command[0] if command else "")
    return found


def _has_flyo(pid: int, processes: dict[int, tuple[int, str]]) -> bool:
    """Whether the process or one of its ancestors is flyo (flyctl may be a script that starts the real one)."""
    while pid in processes and pid > 1:
        pid, command = processes[pid]
        if "flyo" in command or "flyctl_orchestrator.cli" in command:
            return True
    return False


def _alive(pids: list[int], app: str) -> list[int]:
    still = set(_deploys(app))
    return [pid for pid in pids if pid in still]


def _signal(pid: int, number: int) -> None:
    try:
        # It leads a process group of its own; what it has started is in it.
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
