"""A newcomer's laptop: an empty home, the flyo command as a child process, and a browser in any region."""

from __future__ import annotations

import http.client
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.flyo_process import PATIENCE, Computer
from tests.platform_client import fleet_of

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Page:
    """What a client got from the proxy."""

    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Laptop(Computer):
    """One computer with a local platform of its own."""

    @property
    def project(self) -> Path:
        """Where commands run unless a test names a project."""
        return self.root

    @property
    def port(self) -> int:
        """Where the platform listens."""
        return self.running.port

    def machines(self, app: str) -> list[dict[str, Any]]:
        """The Machines API's list."""
        listed: list[dict[str, Any]] = self.manage("GET", f"/v1/apps/{app}/machines")
        return fleet_of(listed)

    def browse(
        self, app: str, path: str, region: str = "", *, method: str = "GET", body: str = "", **headers: str
    ) -> Page:
        """One request as a client in `region` would send it; `*.localhost` is this computer."""
        host = f"{region}.{app}.localhost" if region else f"{app}.localhost"
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        link.request(method, path, body=body or None, headers={"Host": f"{host}:{self.port}", **named})
        answer = link.getresponse()
        text = answer.read().decode(errors="replace")
        link.close()
        return Page(answer.status, answer.headers, text)


def habit_app(place: Path) -> Path:
    """The bundled example in a directory of its own, with dependencies taken from this Python instead of an index."""
    place.mkdir(parents=True)
    for name in ("Dockerfile", ".dockerignore", "fly.toml", "flyo.toml"):
        shutil.copy(ROOT / name, place / name)
    shutil.copytree(ROOT / "habit_app", place / "habit_app", ignore=shutil.ignore_patterns("__pycache__", "instance"))
    build = place / "flyo.toml"
    offline = f"{sys.executable} {Path(__file__).with_name('borrow_packages.py')}"
    text = build.read_text().replace('"pip install -r habit_app/requirements.txt"', json.dumps(offline))
    assert offline in text and "[rollout]\n" in text
    build.write_text(text.replace("[rollout]\n", '[rollout]\nwatch = "0s"\n'))
    return place


def example(place: Path, name: str) -> Path:
    """One of the apps under tests/e2e/apps, copied."""
    shutil.copytree(Path(__file__).parent / "apps" / name, place)
    return place
