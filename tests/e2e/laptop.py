"""A newcomer's laptop: an empty home, the flyo command as a child process, and a browser in any region."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FLYO = Path(sysconfig.get_path("scripts")) / "flyo"
# Longer than anything here should take; a hang becomes a failure with its output.
PATIENCE = 90


@dataclass(frozen=True)
class Ran:
    """How one flyo command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """stdout as JSON lines."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def json(self) -> Any:
        """stdout as one JSON document."""
        return json.loads(self.stdout)


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


@dataclass
class Laptop:
    """One computer with a local platform of its own.

    Attributes:
        home: everything the commands may write lives below it.
        port: of the platform, once `up` has run.
    """

    home: Path
    port: int = 0
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """The environment of every command: nothing of the developer's own Fly settings."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        own = {"HOME": str(self.home), "FLYO_LOCAL_DIR": str(self.home / "local"), "FLYO_FLYCTL": "stand-in"}
        return kept | own | {"FLYO_STATE_DIR": str(self.home / "state"), "COLUMNS": "100"} | self.extra

    def flyo(self, *arguments: str, cwd: Path | None = None, stdin: str | None = None) -> Ran:
        """Run one command to its end."""
        ran = subprocess.run(
            [FLYO, *arguments],
            cwd=cwd or self.home,
            env=self.variables,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def ok(self, *arguments: str, cwd: Path | None = None, stdin: str | None = None) -> Ran:
        """Run one command that must succeed."""
        ran = self.flyo(*arguments, cwd=cwd, stdin=stdin)
        assert ran.status == 0, f"flyo {' '.join(arguments)} exited {ran.status}\n{ran.stdout}\n{ran.stderr}"
        return ran

    def up(self) -> Laptop:
        """Start the platform on any free port."""
        self.ok("local", "up", "--port", "0")
        self.port = self.ok("local", "status", "--json").json["port"]
        return self

    def down(self) -> None:
        """Stop the platform and everything it runs."""
        self.ok("local", "down")

    def settings(self, **settings: object) -> None:
        """Change the platform's settings."""
        self.manage("PUT", "/_local/settings", settings)

    def manage(self, method: str, path: str, body: object = None) -> Any:
        """One call of the platform's own management API."""
        located = json.loads((self.home / "local" / "daemon.json").read_text())
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {located['token']}", "Content-Type": "application/json"}
        link.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        assert answer.status < 300, text
        return json.loads(text) if text else None

    def machines(self, app: str) -> list[dict[str, Any]]:
        """The Machines API's list."""
        listed = self.manage("GET", f"/v1/apps/{app}/machines")
        assert isinstance(listed, list)
        return listed

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
    assert offline in text
    build.write_text(text)
    return place


def example(place: Path, name: str) -> Path:
    """One of the apps under tests/e2e/apps, copied."""
    shutil.copytree(Path(__file__).parent / "apps" / name, place)
    return place
