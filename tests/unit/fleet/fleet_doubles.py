"""A clock a test moves by hand, and an HTTP whose answers a test writes down beforehand."""

from __future__ import annotations

import json as jsonlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError


class ManualClock:
    """Time that only moves when somebody sleeps."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self.time = start
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.time += seconds


@dataclass(frozen=True)
class Sent:
    """One request as it was sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    json: Any
    timeout: float
    at: float

    @property
    def path(self) -> str:
        return self.url.split("/v1", 1)[-1]


Script = HttpAnswer | HttpError | Callable[[Sent], HttpAnswer]


@dataclass
class ScriptedHttp:
    """Gives the answers of `script` one after the other; running out of them is a failure of the test."""

    clock: ManualClock
    script: list[Script] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], json: Any = None, timeout: float
    ) -> HttpAnswer:
        request = Sent(method, url, dict(headers), json, timeout, self.clock.time)
        self.sent.append(request)
        assert self.script, f"nobody expected {method} {url}"
        answer = self.script.pop(0)
        if isinstance(answer, HttpError):
            raise answer
        return answer(request) if callable(answer) else answer

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: Any = None,
        idle_timeout: float,
        on_line: Callable[[str], None],
    ) -> HttpAnswer:
        answer = self.send(method, url, headers=headers, json=json, timeout=idle_timeout)
        if answer.status >= 300:
            return answer
        for line in answer.body.decode().splitlines():
            on_line(line)
        return HttpAnswer(answer.status, answer.headers)


def answer(status: int = 200, body: Any = None, **headers: str) -> HttpAnswer:
    """An answer with a JSON body; header names are given with underscores."""
    names = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return HttpAnswer(status, names, b"" if body is None else jsonlib.dumps(body).encode(), 0.01)


def machine(id: str = "148e21d7", region: str = "iad", **changes: Any) -> dict[str, Any]:
    """A machine object as the Machines API gives it."""
    config = {
        "image": "registry.fly.io/web:one",
        "metadata": {"fly_platform_version": "v2", "fly_process_group": "app", "fly_release_version": "3"},
        "services": [{"internal_port": 8080, "ports": [{"port": 443, "handlers": ["tls", "http"]}]}],
    }
    base = {
        "id": id,
        "name": f"m-{id}",
        "state": "started",
        "region": region,
        "instance_id": f"01{id}",
        "image_ref": {"digest": "sha256:" + "a" * 64},
        "config": config,
        "checks": [],
        "events": [],
        "created_at": "2026-11-23T10:00:00Z",
        "updated_at": "2026-11-23T10:00:00Z",
    }
    return {**base, **changes}
