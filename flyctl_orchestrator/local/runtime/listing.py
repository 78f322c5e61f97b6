"""What runs in a machine and where it listens, read from /proc. Elsewhere than on Linux it is not known."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import time
from pathlib import Path

from flyctl_orchestrator.local.core.seams import ProcessInfo
from flyctl_orchestrator.local.runtime.tree import descendants_of

_LISTEN = "0A"


def processes_of(main: int) -> list[ProcessInfo] | None:
    """A process and all that comes from it, or None where /proc does not tell."""
    if not sys.platform.startswith("linux"):
        return None
    # A container's sockets are in the tables of its own network; a process's are in this computer's.
    sockets = _listening(Path("/proc", str(main), "net"))
    found = [info for pid in (main, *descendants_of(main)) if (info := _info(pid, sockets)) is not None]
    return sorted(found, key=lambda info: (info.pid != main, info.pid))


def _info(pid: int, sockets: dict[str, tuple[str, str]]) -> ProcessInfo | None:
    home = Path("/proc", str(pid))
    try:
        stat = (home / "stat").read_text().rpartition(")")[2].split()
        command = (home / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        directory = str((home / "cwd").readlink())
        handles = _handles(home / "fd")
    except (OSError, IndexError, ValueError):
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    return ProcessInfo(
        pid=pid,
        age_seconds=max(0.0, _uptime() - int(stat[19]) / ticks),
        cpu_seconds=(int(stat[11]) + int(stat[12])) / ticks,
        command=command,
        directory=directory,
        resident_bytes=int(stat[21]) * os.sysconf("SC_PAGE_SIZE"),
        listen_sockets=tuple(sockets[handle] for handle in handles if handle in sockets),
    )


def _handles(directory: Path) -> list[str]:
    found = []
    for handle in directory.iterdir():
        # A busy process opens and closes files while we look.
        with contextlib.suppress(OSError):
            found.append(str(handle.readlink()))
    return found


def _uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _listening(tables: Path) -> dict[str, tuple[str, str]]:
    """("tcp", address) of each listening socket, by the name its handle has."""
    found = {}
    for table in ("tcp", "tcp6"):
        try:
            rows = (tables / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            if columns[3] == _LISTEN:
                found[f"socket:[{columns[9]}]"] = ("tcp", _address(columns[1]))
    return found


def _address(text: str) -> str:
    host, _, port = text.partition(":")
    words = struct.pack(f"={len(host) // 8}I", *(int(host[at : at + 8], 16) for at in range(0, len(host), 8)))
    family = socket.AF_INET6 if len(words) == 16 else socket.AF_INET
    name = socket.inet_ntop(family, words)
    return f"[{name}]:{int(port, 16)}" if family == socket.AF_INET6 else f"{name}:{int(port, 16)}"
