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
    """Interrupt every `flyctl deploy` that flyo has started for `app` on this computer, and wait until it is gone.

    Only call this when no rollout of the app is running here. Where there is no `ps` nothing is found.

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
    try:
        listed = subprocess.run(["ps", "-ww", "-axo", "pid=,command="], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return []
    start, end = f" deploy --app {app} --config ", " --deploy-retries 0 "
    pids = []
    for line in listed.stdout.splitlines():
        number, _, command = line.strip().partition(" ")
        if number.isdigit() and start in command and " --image " in command and end in command:
            pids.append(int(number))
    return pids


def _alive(pids: list[int], app: str) -> list[int]:
    still = set(_deploys(app))
    return [pid for pid in pids if pid in still]


def _signal(pid: int, number: int) -> None:
    try:
        # It leads a process group of its own; what it has started is in it.
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
