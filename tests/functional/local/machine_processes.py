"""Machines of the app `shop` as processes of this computer: what tests ask about them."""

from __future__ import annotations

from pathlib import Path

from tests.platform_client import Api
from tests.waiting import eventually

SERVICE = {
    "internal_port": 8080,
    "ports": [{"port": 80, "handlers": ["http"]}],
    "autostart": True,
    "checks": [{"type": "http", "path": "/health", "interval": "1s", "timeout": "2s", "grace_period": "10s"}],
}


def pid_of(api: Api, machine: str) -> int:
    """The machine's main process."""
    return int(api.on("shop", machine, "/ps", method="GET").body[0]["pid"])


def state_of(pid: int) -> str:
    """The letter of a process's state (T: stopped), "" when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def all_ended(pids: list[int]) -> None:
    """Wait until none of the processes runs (one that nobody has collected yet does not)."""
    eventually(lambda: {state_of(pid) for pid in pids}, lambda states: states <= {"", "Z"}, 5)
