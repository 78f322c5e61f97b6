"""Ctrl-C and SIGTERM during a rollout: a wish to go back, not a reason to fall over."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from flyctl_orchestrator.rollout.context.concurrency import Stop

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def heeding(stop: Stop) -> Iterator[None]:
    """While inside, SIGINT, SIGTERM and SIGHUP are noted in `stop` and do nothing else."""

    def press(number: int, frame: FrameType | None) -> None:
        stop.press()

    with _handling(press):
        yield


@contextmanager
def breaking_off() -> Iterator[None]:
    """While inside, SIGTERM and SIGHUP end the run like Ctrl-C does: children are ended, files are closed."""

    def break_off(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handling(break_off):
        yield


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kinds = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {kind: signal.signal(kind, handler) for kind in kinds}
    try:
        yield
    finally:
        for kind, former in before.items():
            signal.signal(kind, former)
