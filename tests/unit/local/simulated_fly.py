"""A platform on a virtual clock, asked through its own HTTP handlers."""

from __future__ import annotations

import json
from typing import Any

from flyctl_orchestrator.local.base.settings import Settings
from flyctl_orchestrator.local.daemon.simulation import Simulation
from flyctl_orchestrator.local.runtime.simulated import Behaviour

IMAGE = "registry.fly.io/shop:one"
#: What the platform writes into a config that says nothing of it.
DEFAULTS: dict[str, Any] = {
    "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
    "init": {},
    "restart": {"policy": "on-failure", "max_retries": 10},
}
CHECKED = {"internal_port": 8080, "checks": [{"type": "http", "path": "/up", "interval": "15s", "grace_period": "5s"}]}


class Answer:
    """One answer: status, headers, raw and decoded body (None when it is not JSON)."""

    def __init__(self, status: int, headers: dict[str, str], raw: bytes) -> None:
        self.status = status
        self.headers = headers
        self.raw = raw
        try:
            self.body: Any = json.loads(raw) if raw else None
        except (ValueError, RecursionError):
            self.body = None

    def __repr__(self) -> str:
        return f"{self.status} {self.body}"


class Fly:
    """The simulated platform, and short names for what tests do all the time."""

    def __init__(self) -> None:
        self.simulation = Simulation(settings=Settings(rate_limits=False))
        self.images = self.simulation.images
        self.runtime = self.simulation.runtime
        self.platform = self.simulation.platform
        self.images.push(IMAGE)
        self.call("POST", "/v1/apps", {"name": "shop", "org_slug": "personal"})

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """A request; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer(*self.simulation.send(method, path, named, body))

    def visit(self, path: str = "/", **headers: str) -> Answer:
        """A request to the app through the proxy; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer(*self.simulation.visit("shop", path, named))

    def on(self, machine: str, action: str, body: Any = None, method: str = "POST", **headers: str) -> Answer:
        """A request about one machine of the app."""
        return self.call(method, f"/v1/apps/shop/machines/{machine}{action}", body, **headers)

    def create(self, config: dict[str, Any] | None = None, **wanted: Any) -> Any:
        """A machine of the app, as the API shows it at once; fails the test when it is refused."""
        full = {"image": IMAGE, **(config or {})}
        answer = self.call("POST", "/v1/apps/shop/machines", {"config": full, "region": "iad", **wanted})
        assert answer.status == 200, answer
        return answer.body

    def started(self, config: dict[str, Any] | None = None, **wanted: Any) -> Any:
        """A machine of the app once it has started."""
        machine = self.create(config, **wanted)
        assert self.on(machine["id"], "/wait?state=started", method="GET").status == 200
        return self.machine(machine["id"])

    def machine(self, machine: str) -> Any:
        """A machine as the API shows it now."""
        return self.on(machine, "", method="GET").body

    def state(self, machine: str) -> str:
        """A machine's state now."""
        return str(self.machine(machine)["state"])

    def update(self, machine: str, config: dict[str, Any] | None = None, **wanted: Any) -> Answer:
        """Give a machine a new config."""
        return self.on(machine, "", {"config": {"image": IMAGE, **(config or {})}, **wanted})

    def push(self, label: str, behaviour: Behaviour | None = None) -> str:
        """Another image of the app; returns its reference."""
        ref = f"registry.fly.io/shop:{label}"
        self.images.push(ref, behaviour)
        return ref

    def after(self, seconds: float) -> None:
        """Let time go by."""
        self.simulation.pass_time(seconds)

    def event_types(self, machine: str) -> list[tuple[str, str]]:
        """(type, status) of a machine's events, oldest first."""
        return [(event["type"], event["status"]) for event in reversed(self.machine(machine)["events"])]
