"""How long and how much: the proxy's own limits, and what it reads from the platform's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

HEADER_BYTES = 64 * 1024  # the longest request line, status line or header field that is passed on, either way


class ProxySettings(Protocol):
    """What can be changed while the platform runs; read anew for every request."""

    delays: bool
    autostop_tick_seconds: float


@dataclass(frozen=True)
class Limits:
    """Fixed for the life of a proxy; tests make them small. Seconds and bytes.

    Attributes:
        hold_seconds: how long a request waits for some machine to become routable (Fly holds the connection).
        forced_hold_seconds: the same when the request names one machine: a probe wants an answer, not patience.
        queue_seconds: how long a request waits while every machine is at its hard limit.
        retry_seconds: pause before asking the same machines again.
        wake_seconds: how long a machine may take to wake.
        connect_seconds: how long opening a connection to a machine may take.
        idle_seconds: how long a machine may say nothing during an answer (`http_options.idle_timeout`, 60 on Fly).
        pool_seconds: how long a connection to a machine is kept for the next request (about 4 on Fly).
        drain_seconds: how long an autostop waits for requests still running on the machine.
        replay_body_bytes: the largest body that can be replayed (1 MB in fly-replay's documentation).
        replays: most replays of one request.
        retries: most attempts to connect for one delivery (90 on Fly).
        resends: most times a request that was sent but not answered is sent again, when that is harmless.
    """

    hold_seconds: float = 10.0
    forced_hold_seconds: float = 4.0
    queue_seconds: float = 30.0
    retry_seconds: float = 0.05
    wake_seconds: float = 60.0
    connect_seconds: float = 5.0
    idle_seconds: float = 60.0
    pool_seconds: float = 4.0
    drain_seconds: float = 30.0
    replay_body_bytes: int = 1_000_000
    replays: int = 10
    retries: int = 90
    resends: int = 3
