"""Which processes this one started itself. Every other child of it was left behind by a process that ended.

On Linux the daemon adopts what its machines and builds leave behind (`adopt_orphans`), so that nothing gets out of its
hands by turning itself into a daemon.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from collections.abc import Callable, Iterator

_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None) if sys.platform.startswith("linux") else None

_lock = threading.Lock()
_pids: set[int] = set()
_starting = 0
_when_all_known: list[Callable[[], None]] = []


def adopt_orphans() -> None:
    """Let this process be the parent of whatever its descendants leave behind, as a virtual machine's init is.

    Kept over exec, not handed down by fork. Does nothing where the system has nothing of that kind (macOS).
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """While inside, there may be a child that has not been `add`ed yet."""
    global _starting
    with _lock:
        _starting += 1
    try:
        yield
    finally:
        with _lock:
            _starting -= 1
            waiting = [] if _starting else _when_all_known[:]
            if waiting:
                _when_all_known.clear()
        for look in waiting:
            look()


def add(pid: int) -> None:
    """A child that this process started."""
    with _lock:
        _pids.add(pid)


def discard(pid: int) -> None:
    """It has ended, and its end was collected."""
    with _lock:
        _pids.discard(pid)


def strangers(children: Callable[[], list[int]], later: Callable[[], None]) -> list[int]:
    """Of this process' children, those it did not start. While some are being started: none, and `later` is called.

    Args:
        children: gives the pids of all children.
        later: on whichever thread has started the last one.
    """
    with _lock:
        if _starting:
            if later not in _when_all_known:
                _when_all_known.append(later)
            return []
        return [pid for pid in children() if pid not in _pids]
