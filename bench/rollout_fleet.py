"""A fleet of tiny machines on a local platform of its own, for measurements."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.daemon import control

APP = "bench-rollout"
SOURCES = Path(__file__).parent.parent / "tests" / "e2e" / "apps" / "static_binary"
REGIONS = (
    "iad",
    "fra",
    "nrt",
    "lhr",
    "sin",
    "syd",
    "gru",
    "ord",
    "lax",
    "ams",
    "arn",
    "cdg",
    "dfw",
    "ewr",
    "jnb",
    "sjc",
    "yyz",
)
COMPILE = "cc -O2 -static -o server server.c || cc -O2 -o server server.c"
# Seconds.
LOOK = 0.05
PATIENCE = 300.0
THREADS = 64


@dataclass(frozen=True)
class Size:
    """How many machines, and where."""

    regions: int
    each: int

    @property
    def machines(self) -> int:
        """All of them."""
        return self.regions * self.each

    @property
    def codes(self) -> tuple[str, ...]:
        """The regions; the first one is the canary."""
        return REGIONS[: self.regions]


class Platform:
    """A local platform, and the one app on it."""

    def __init__(self, root: Path, boot: float) -> None:
        self._root = root
        self._boot = boot
        self.project = root / "project"
        self.running = control.start(root / "platform", 0)
        self._images = 0

    def close(self) -> None:
        """Stop it with every machine."""
        control.stop(self.running.state)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request to its API."""
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=PATIENCE)
        try:
            headers = {"Authorization": f"Bearer {self.running.token}", "Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, [json.loads(line) for line in text.splitlines() if line.strip()]
        finally:
            connection.close()

    def must(self, method: str, path: str, body: Any = None) -> Any:
        """The same, for what cannot fail here. Raises RuntimeError when it does."""
        status, lines = self.call(method, path, body)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {lines}")
        return lines[-1] if lines else None

    def settings(self, **knobs: Any) -> None:
        """Turn knobs."""
        self.must("PUT", "/_local/settings", knobs)

    def requests(self) -> Mapping[str, Any]:
        """What was asked so far."""
        asked: Mapping[str, Any] = self.must("GET", "/_local/requests")
        return asked

    # --- the app

    def write_project(self, size: Size) -> None:
        """The app's files, for a fleet of that size."""
        shutil.rmtree(self.project, ignore_errors=True)
        shutil.copytree(SOURCES, self.project)
        fly_toml = self.project / "fly.toml"
        fly_toml.write_text(fly_toml.read_text().replace("static-binary", APP))
        counts = "\n".join(f"{code} = {size.each}" for code in size.codes)
        text = f'[regions]\n{counts}\n\n[rollout]\ncanary = "{size.codes[0]}"\n\n[probe]\npath = "/health"\n'
        (self.project / "flyo.toml").write_text(text)

    def multiply(self, size: Size) -> None:
        """Make a fleet of that size out of the one machine there is."""
        (first,) = self.fleet()
        missing = [code for code in size.codes for _ in range(size.each)]
        missing.remove(first["region"])

        def create(code: str) -> None:
            self.must("POST", f"/v1/apps/{APP}/machines", {"config": first["config"], "region": code})

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(create, missing))

    def new_image(self) -> str:
        """Build the app with a change in it, and give the image's name."""
        self._images += 1
        (self.project / "release.txt").write_text(f"{self._images}\n")
        asked = {"app": APP, "context": str(self.project), "dockerfile": "Dockerfile", "label": f"v{self._images}"}
        built = self.must("POST", "/_local/builds", {**asked, "build": COMPILE, "inputs": ["server.c"]})
        if built.get("event") != "built":
            raise RuntimeError(f"the app could not be built: {built.get('error')}")
        image: str = built["image"]
        return image

    def fleet(self) -> list[dict[str, Any]]:
        """The app's machines, without the one that keeps flyo's lock."""
        machines: list[dict[str, Any]] = self.must("GET", f"/v1/apps/{APP}/machines") or []
        return [machine for machine in machines if "flyo_lock" not in machine["config"].get("metadata", {})]

    def settle(self) -> None:
        """Wait until every machine is well and nobody holds a lease any more."""
        self.settings(rate_limits=False)
        until(lambda: all(_well(machine) for machine in self.fleet()), "the fleet did not come to rest")

        def free() -> bool:
            with ThreadPoolExecutor(THREADS) as pool:
                ids = [machine["id"] for machine in self.fleet()]
                held = pool.map(lambda each: self.call("GET", f"/v1/apps/{APP}/machines/{each}/lease")[0], ids)
                return all(status == 404 for status in held)

        until(free, "a lease is still held")

    def measured(self, act: Callable[[], bool]) -> tuple[float, bool, Mapping[str, Any]]:
        """Do something under the documented limits.

        Returns: seconds, whether it came to its end, and what was asked meanwhile (as `requests`).
        """
        self.settle()
        self.settings(rate_limits=True, boot_seconds=self._boot)
        # Every bucket is full again after 3 s.
        time.sleep(3.2)
        before = self.requests()
        since = time.monotonic()
        done = act()
        seconds = time.monotonic() - since
        after = self.requests()
        self.settings(rate_limits=False)
        operations = {name: n - before["operations"].get(name, 0) for name, n in after["operations"].items()}
        refused = sum(after["limited"].values()) - sum(before["limited"].values())
        asked = {"total": after["total"] - before["total"], "operations": operations, "limited": refused}
        return seconds, done, asked

    # --- the floor

    def floor(self, image: str, canary: str) -> float:
        """Seconds in which two waves can boot at all: every machine of a wave at once, until each check passes."""
        self.settle()
        self.settings(boot_seconds=self._boot)
        machines = self.fleet()
        first = [machine for machine in machines if machine["region"] == canary]
        rest = [machine for machine in machines if machine["region"] != canary]
        since = time.monotonic()
        for wave in (first, rest):
            self._change(wave, image)
        return time.monotonic() - since

    def _change(self, wave: list[dict[str, Any]], image: str) -> None:
        def update(machine: dict[str, Any]) -> str:
            config = {**machine["config"], "image": image}
            path = f"/v1/apps/{APP}/machines/{machine['id']}"
            version: str = self.must("POST", path, {"config": config})["instance_id"]
            return version

        with ThreadPoolExecutor(THREADS) as pool:
            versions = set(pool.map(update, wave))

        def new() -> bool:
            seen = {machine["instance_id"] for machine in self.fleet() if _well(machine)}
            return versions <= seen

        until(new, "the wave did not come up")

    # --- commands

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """The environment of a command that works with this platform only."""
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH") if name in os.environ
        }
        own = {"FLYO_LOCAL_DIR": str(self.running.state), "FLYO_STATE_DIR": str(self._root / "state")}
        return kept | own | control.environment(self.running) | dict(extra)


def until(reached: Callable[[], bool], otherwise: str) -> None:
    """Wait for something. Raises RuntimeError when it does not come."""
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise RuntimeError(otherwise)
        time.sleep(LOOK)


def _well(machine: Mapping[str, Any]) -> bool:
    checks: Iterable[Mapping[str, Any]] = machine.get("checks") or ()
    return machine["state"] == "started" and bool(checks) and all(check["status"] == "passing" for check in checks)
