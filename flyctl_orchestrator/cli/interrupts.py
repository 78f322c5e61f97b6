"""Ctrl-C and SIGTERM during a rollout: a wish to go back, not a reason to fall over."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from flyctl_orchestrator.rollout.concurrency import Stop

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def heeding(stop: Stop) -> Iterator[None]:
    """While inside, SIGINT, SIGTERM and SIGHUP are noted in `stop` and do nothing else."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def press(number: int, frame: FrameType | None) -> None:
        stop.press()

    kinds = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {kind: signal.signal(kind, press) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
