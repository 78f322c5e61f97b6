"""How fast the habit app is for clients in seven regions, from one region, three and four, with real distances.

    python -m bench.regions [--samples 20] [--cold 2] [--resume 0.3] [--write]

The app runs on a local platform of its own with delays on: what a request costs is the app's own work, and measured
round trips between the client, the machine that answers, and the machine that has the database. TCP and TLS handshakes
of the client are not in it, nor what a home connection adds. --write puts the figures into docs/habit-app.md.
It takes some six minutes, and means nothing on a busy computer.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import re
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.aims import PAGE, table, write_section
from bench.habit_limits import SECRET, cookie, fill
from bench.regions_day import Day, day_of
from bench.regions_page import HEADING, aims, page
from flyctl_orchestrator.local.daemon import control
from tests.e2e.laptop import habit_app

APP = "habit-tracker"
CLIENTS = ("iad", "fra", "nrt", "sin", "lhr", "syd", "gru")
LAYOUTS: tuple[tuple[str, ...], ...] = (("iad",), ("iad", "fra", "nrt"), ("iad", "fra", "nrt", "sin"))
PATIENCE = 60.0
LOOK = 0.05
# A process that has just become healthy is still getting ready; what is measured is the way and not that.
SETTLE = 1.0


@dataclass
class Times:
    """What one client saw of one layout, in milliseconds; empty where it does not apply.

    Attributes:
        by: the region that answered.
        hit: a page in memory.
        miss: a page of a user whom the machine does not know; it keeps a connection to the primary region.
        cold_miss: the same on a new one, since the primary region's machine was replaced.
        first: the first one after the machine has started.
        woken: one on a machine that was suspended.
        write: a tick.
        loads: dashboards that the machine has shown, when it is a far one.
        sql: how many of its own pieces of work got to a database.
    """

    by: str = ""
    hit: list[float] = field(default_factory=list)
    miss: list[float] = field(default_factory=list)
    cold_miss: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    woken: list[float] = field(default_factory=list)
    write: list[float] = field(default_factory=list)
    loads: int = 0
    sql: int = 0


class Fleet:
    """The platform, and one machine of the app in each region so far."""

    def __init__(self, place: Path, resume: float, users: int) -> None:
        self._database = place / "habits.db"
        fill(self._database, users)
        self.running = control.start(place / "platform", 0)
        self.machines: dict[str, str] = {}
        self._project = habit_app(place / "project")
        self.call("PUT", "/_local/settings", {"delays": True, "resume_seconds": resume, "rate_limits": False})
        self.call("POST", "/v1/apps", {"name": APP, "org_slug": "personal"})
        self.call("POST", f"/v1/apps/{APP}/secrets", {"values": self._secrets()})
        self._image = self._build()

    def _secrets(self) -> dict[str, str]:
        return {"SECRET_KEY": SECRET, "DATABASE_URL": f"sqlite:///{self._database}"}

    def close(self) -> None:
        """Stop it all."""
        control.stop(self.running.state)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the platform's API; exits with what it says when it says no."""
        link = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {self.running.token}"}
        link.request(method, path, None if body is None else json.dumps(body), headers)
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        if answer.status >= 400:
            sys.exit(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text.splitlines()[-1]) if text.strip() else None

    def _build(self) -> str:
        local = tomllib.loads((self._project / "flyo.toml").read_text())["local"]
        asked = {"app": APP, "context": str(self._project), "dockerfile": "Dockerfile", "label": "bench"}
        last = self.call("POST", "/_local/builds", {**asked, "build": local["build"], "inputs": local["inputs"]})
        if last.get("event") != "built":
            sys.exit(f"the app was not built: {last}")
        return str(last["image"])

    def add(self, region: str) -> None:
        """A machine in a region, awake and well."""
        made = self.call("POST", f"/v1/apps/{APP}/machines", {"config": self._config(), "region": region})
        self.machines[region] = made["id"]
        self.wait(region, "started")
        self.wait_well(region)

    def replace(self, region: str) -> None:
        """Update the region's machine, as a deploy does: whoever was connected to it has to connect anew."""
        self.call("POST", f"/v1/apps/{APP}/machines/{self.machines[region]}", {"config": self._config()})
        self.wait(region, "started")
        self.wait_well(region)
        time.sleep(SETTLE)

    def _config(self) -> dict[str, Any]:
        health = {"type": "http", "method": "GET", "path": "/api/health", "interval": "2s", "grace_period": "10s"}
        service = {
            "internal_port": 8080,
            "protocol": "tcp",
            "ports": [{"port": 80, "handlers": ["http"]}],
            "checks": [{**health, "timeout": "5s"}],
        }
        return {
            "image": self._image,
            "env": {"PRIMARY_REGION": "iad", "HOME": "/tmp"},
            "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512},
            "services": [{**service, "autostop": "off", "autostart": True}],
        }

    def wait(self, region: str, state: str) -> None:
        """Until the region's machine is in that state."""
        self.call("GET", f"/v1/apps/{APP}/machines/{self.machines[region]}/wait?state={state}&timeout=60")

    def wait_well(self, region: str) -> None:
        """Until the region's machine passes its checks."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            machine = self.call("GET", f"/v1/apps/{APP}/machines/{self.machines[region]}")
            if machine["state"] == "started" and all(c["status"] == "passing" for c in machine.get("checks", [])):
                return
            time.sleep(LOOK)
        sys.exit(f"the machine in {region} does not pass its checks")

    def start_anew(self, region: str) -> None:
        """Restart the region's machine, and wait until it is well and at rest."""
        self.act(region, "restart")
        self.wait_well(region)
        time.sleep(SETTLE)

    def figure(self, region: str, name: str) -> int:
        """What the region's machine has counted since it was started, over all labels."""
        link = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=PATIENCE)
        link.request("GET", "/metrics", headers={"Host": f"{self.machines[region]}.vm.{APP}.internal"})
        text = link.getresponse().read().decode()
        link.close()
        found = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE)
        if not found:
            sys.exit(f"the machine in {region} has no {name} among its figures: {text[:300]}")
        return round(sum(map(float, found)))

    def act(self, region: str, action: str) -> None:
        """suspend or restart the region's machine."""
        self.call("POST", f"/v1/apps/{APP}/machines/{self.machines[region]}/{action}")


@dataclass
class Client:
    """A browser in a region, on one kept connection."""

    port: int
    region: str

    def __post_init__(self) -> None:
        self._link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def send(self, user: str, method: str = "GET", path: str = "/dashboard", body: str = "") -> tuple[float, str]:
        """One request as a user; milliseconds until its answer was read, and which region answered."""
        headers = {
            "Host": f"{self.region}.{APP}.localhost:{self.port}",
            "Cookie": cookie(user),
            "Sec-Fetch-Site": "same-origin",
            "Accept-Encoding": "gzip",
            "Content-Type": "application/json",
        }
        began = time.perf_counter()
        self._link.request(method, path, body or None, headers)
        answer = self._link.getresponse()
        answer.read()
        spent = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            sys.exit(f"{method} {path} from {self.region}: {answer.status}")
        return spent, (answer.headers.get("X-Served-By") or "?").split("/")[0]

    def tick(self, user: str, number: int) -> float:
        """Tick today, or take it back; milliseconds."""
        done = json.dumps({"done": number % 2 == 1})
        day = datetime.now(UTC).date().isoformat()
        return self.send(user, "PUT", f"/api/habits/{user}h0/entries/{day}", done)[0]


def measure(fleet: Fleet, region: str, users: Iterator[str], samples: int, cold: int) -> Times:
    """All that one client sees."""
    client, times = Client(fleet.running.port, region), Times()
    reader, writer = next(users), next(users)
    _, times.by = client.send(reader)
    client.tick(writer, 0)
    for number in range(samples):
        times.hit.append(client.send(reader)[0])
        times.miss.append(client.send(next(users))[0])
        times.write.append(client.tick(writer, number + 1))
    if times.by == "iad":
        return times  # the primary's machine stays awake, and has the database
    times.loads = fleet.figure(times.by, "habit_page_loads_total")
    times.sql = fleet.figure(times.by, "habit_database_work_total")
    for _ in range(cold):
        fleet.replace("iad")
        times.cold_miss.append(client.send(next(users))[0])
        fleet.start_anew(times.by)
        times.first.append(client.send(next(users))[0])
        fleet.act(times.by, "suspend")
        fleet.wait(times.by, "suspended")
        times.woken.append(client.send(next(users))[0])
    return times


@contextmanager
def fleet_of(resume: float, users: int) -> Iterator[Fleet]:
    """A fleet in a directory of its own, gone afterwards."""
    with tempfile.TemporaryDirectory() as place:
        fleet = Fleet(Path(place), resume, users)
        try:
            yield fleet
        finally:
            fleet.close()


def run(samples: int, cold: int, resume: float) -> dict[tuple[str, ...], dict[str, Times]]:
    """Measure every layout."""
    found: dict[tuple[str, ...], dict[str, Times]] = {}
    users = len(LAYOUTS) * len(CLIENTS) * (samples + 3 * cold + 2)
    names = map("user{:06}".format, itertools.count())
    with fleet_of(resume, users) as fleet:
        for layout in LAYOUTS:
            for region in layout:
                if region not in fleet.machines:
                    fleet.add(region)
            found[layout] = {}
            for client in CLIENTS:
                found[layout][client] = measure(fleet, client, names, samples, cold)
                sys.stderr.write(f"{len(layout)} regions, from {client}: done\n")
    return found


def main() -> None:
    """Measure, print, and write when told to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--samples", type=int, default=20, help="of each figure")
    parser.add_argument("--cold", type=int, default=2, help="samples that need a machine to start anew")
    parser.add_argument("--resume", type=float, default=0.3, help="seconds that a suspended machine takes to wake")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/habit-app.md")
    chosen = parser.parse_args()
    days: dict[str, Day] = {name: day_of(name) for name in ("far", "primary, SQLite", "primary, Postgres")}
    found = run(chosen.samples, chosen.cold, chosen.resume)
    text = page(found, days, chosen.resume)
    print(f"{text}\n\n{table(aims(found, days))}")
    if chosen.write:
        write_section(PAGE, HEADING, text)


if __name__ == "__main__":
    main()
