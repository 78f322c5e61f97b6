"""Why a command does not get the lock, as a person is told."""

from __future__ import annotations

import time

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.rollout.lock.times import LEASE
from flyctl_orchestrator.rollout.state.lock_record import LockRecord


class Locked(FlyoError):
    """Another command, or a person, holds the lock.

    Args:
        record: who.
        now: seconds since the epoch, by the clock that `record.since` is by.
        here: whether it is another command of this computer, which is known to be alive.
    """

    def __init__(self, app: str, record: LockRecord, now: float, *, here: bool = False) -> None:
        since = f" since {moment(record.since)} ({_ago(now - record.since)} ago)" if record.since else ""
        if record.by_hand:
            advice = "It was taken by hand, so --lock-wait does not wait for it; 'flyo lock release' releases it"
        elif here:
            advice = "Wait for it with --lock-wait 5m"
        else:
            advice = f"If that command was killed, its lock ends by itself within {LEASE} s; wait with --lock-wait 5m,"
            advice += " or end it with 'flyo lock release --force'"
        super().__init__(
            f"locked by {record.who}{since}: {record.why}",
            where=f"app {app}",
            next=advice,
            code="lock.by_hand" if record.by_hand else "lock.held",
            exit=Exit.LOCKED,
        )
        self.record = record


def busy(app: str, refusal: ApiError) -> FlyoError:
    """A lock machine's lease is held, and nothing tells by whom: it is no holder of the lock."""
    return FlyoError(
        f"another client holds the lease of the lock machine ({refusal.what})",
        where=f"app {app}",
        next="Try again later; 'flyctl machine leases view' shows who holds it, 'flyo lock release --force' ends it",
        code="lock.busy",
        exit=Exit.LOCKED,
    )


def nowhere(app: str) -> FlyoError:
    """The app has no machine, and no image to make one from."""
    return FlyoError(
        "the app has no machine yet, and without an image no lock machine can be made",
        where=f"app {app}",
        next="Run 'flyo deploy' first",
        code="lock.nowhere",
    )


def moment(seconds: float) -> str:
    """Seconds since the epoch, for a person."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _ago(seconds: float) -> str:
    minutes = max(0, int(seconds)) // 60
    if not minutes:
        return f"{max(0, int(seconds))} s"
    return f"{minutes} m" if minutes < 120 else f"{minutes // 60} h"
