"""Which processes come from which: from /proc on Linux, from `ps` elsewhere."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path


def children_of(pid: int) -> list[int]:
    """The children of a process, empty when there is none of that number."""
    if not sys.platform.startswith("linux"):
        return _all_children()[pid]
    found: list[int] = []
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []
    for task in tasks:
        try:
            found += map(int, (task / "children").read_text().split())
        except FileNotFoundError:
            # A kernel without that file, or the thread is gone.
            if task.exists():
                return _all_children()[pid]
        except OSError:
            continue
    return found


def descendants_of(pid: int) -> list[int]:
    """Everything that comes from a process, itself left out; parents before children."""
    found: list[int] = []
    waiting = children_of(pid)
    while waiting:
        one = waiting.pop(0)
        if one not in found:
            found.append(one)
            waiting += children_of(one)
    return found


def _all_children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    pairs = _pairs_of_proc() if sys.platform.startswith("linux") else _pairs_of_ps()
    for pid, parent in pairs:
        found[parent].append(pid)
    return found


def _pairs_of_proc() -> list[tuple[int, int]]:
    found = []
    for home in Path("/proc").iterdir():
        if home.name.isdigit():
            try:
                stat = (home / "stat").read_text()
            except OSError:
                continue
            found.append((int(home.name), int(stat.rpartition(")")[2].split()[1])))
    return found


def _pairs_of_ps() -> list[tuple[int, int]]:
    shown = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False).stdout
    rows = (line.split() for line in shown.splitlines())
    return [(int(row[0]), int(row[1])) for row in rows if len(row) == 2]
