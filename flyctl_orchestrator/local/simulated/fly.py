"""Everything behind a URL: the APIs, the apps, the builder. And time, which passes when somebody waits."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flyctl_orchestrator.local.base.environment import client_environment
from flyctl_orchestrator.local.base.errors import FAULT_HEADER
from flyctl_orchestrator.local.core.fault import Place
from flyctl_orchestrator.local.daemon.simulation import TOKEN, Simulation
from flyctl_orchestrator.local.proxy.hosts import REGION_HEADER, parse_host
from flyctl_orchestrator.local.simulated.flyctl import Run, SimulatedFlyctl

PORT = 4280
BUILD_SECONDS = 5.0
Answer = tuple[int, dict[str, str], bytes]


class SimulatedFly:
    """A platform of nothing but records and a clock.

    Args:
        seed: decides every identifier and every chance.
        directory: where flyctl keeps its settings; must exist.

    Attributes:
        variables: what a client finds in its environment to get here.
        simulation: what is behind it all, for a test to look at and to steer.
    """

    def __init__(self, seed: int, directory: Path) -> None:
        self.simulation = Simulation(seed=seed)
        self.variables: Mapping[str, str] = client_environment(PORT, TOKEN, directory)
        self._flyctl = SimulatedFlyctl(self.simulation, self.variables)

    def now(self) -> float:
        """Seconds since the epoch, on the clock of this Fly."""
        return self.simulation.clock.now()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.simulation.pass_time(seconds)

    def flyctl(self, words: Sequence[str], directory: Path, on_line: Callable[[str], None]) -> Run:
        """Start flyctl with these words after its name; what `SimulatedFlyctl.start` says."""
        return self._flyctl.start(words, directory, on_line)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Answer:
        """One HTTP request.

        Args:
            timeout: seconds the client waits for the whole answer.

        Returns: status, headers (lower-case names) and body.

        Raises:
            ConnectionRefusedError: nobody listens there.
            ConnectionResetError: the connection is closed without an answer, or in its middle.
            TimeoutError: the answer takes longer; that much time has passed.
        """
        parts = urlsplit(url)
        if parts.port != PORT:
            raise ConnectionRefusedError(f"nothing listens at {parts.netloc}")
        host = parse_host(parts.netloc)
        if host is not None and host.place:
            return 501, {"content-type": "text/plain"}, b"a client's place is not simulated; regions are\n"
        if host is not None:
            page = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            region = {REGION_HEADER: host.region} if host.region else {}
            return self.simulation.visit(host.app, page, {**headers, **region}, timeout)
        path = f"{parts.path}{f'?{parts.query}' if parts.query else ''}"
        own = {"/_local/builds": self._build, "/_local/images": self._borrow}.get(parts.path)
        return own(json.loads(body)) if own else self.simulation.exchange(method, path, headers, body, timeout)

    def _build(self, wanted: Mapping[str, Any]) -> Answer:
        """`POST /_local/builds`: an image is a name here, so building one just takes a while."""
        drop = self.simulation.platform.faults.strikes("builder-drops", Place(app=str(wanted["app"])))
        if drop is not None and drop.text("how") != "closed":
            error = {"error": f"the builder is not available (fault {drop.id})", "hint": ""}
            return int(drop.text("how")), {FAULT_HEADER: drop.id}, json.dumps(error).encode()
        if drop is not None and drop.text("when") != "after":
            raise ConnectionResetError("the builder closed the connection")
        self.sleep(BUILD_SECONDS)
        image = self.simulation.images.push(f"registry.fly.io/{wanted['app']}:{wanted['label']}")
        if drop is not None:
            raise ConnectionResetError("the builder closed the connection")
        built = {"event": "built", "image": image.ref, "digest": image.digest, "size_bytes": 0, "cached": False}
        lines = [{"event": "log", "line": "simulated: nothing is built"}, {**built, "notices": []}]
        return (
            200,
            {"content-type": "application/x-ndjson"},
            b"".join(json.dumps(one).encode() + b"\n" for one in lines),
        )

    def _borrow(self, wanted: Mapping[str, Any]) -> Answer:
        """`POST /_local/images`: there are all images that anybody names."""
        for image in wanted["images"]:
            self.simulation.images.push(str(image["ref"]), digest=str(image["digest"]))
        borrowed = [image["digest"] for image in wanted["images"]]
        return 200, {"content-type": "application/json"}, json.dumps({"borrowed": borrowed}).encode()
