"""Running flyctl and its stand-in as programs, against one platform, in a directory of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.base.environment import client_environment, prepare_flyctl_settings

TIMEOUT_SECONDS = 60.0
# What a deploy in a test never does: ask Google's resolver, and watch each machine for ten seconds.
QUICK_DEPLOY = ("--dns-checks=false", "--smoke-checks=false", "-y")
_KEPT = ("PATH", "TMPDIR", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "SSL_CERT_FILE")
_SUSPICIOUS = ("error", "warn")


@dataclass(frozen=True)
class Ran:
    """What a program did."""

    argv: tuple[str, ...]
    status: int
    out: str
    err: str

    def json(self) -> Any:
        """Its output, decoded."""
        return json.loads(self.out)

    def complaints(self) -> list[str]:
        """Lines that speak of an error or a warning."""
        lines = (self.out + self.err).splitlines()
        return [line for line in lines if any(word in line.lower() for word in _SUSPICIOUS)]

    def __str__(self) -> str:
        return f"{' '.join(self.argv)} -> {self.status}\n{self.out}\n{self.err}"


@dataclass
class Client:
    """One program, one directory, one platform.

    Attributes:
        program: the command line it starts with.
        home: its directory: working directory, and home of its settings.
        env: what points it at the platform.
    """

    program: tuple[str, ...]
    home: Path
    env: Mapping[str, str] = field(repr=False)

    def run(self, *args: str, stdin: str = "", **more: str) -> Ran:
        """Run it to its end; `more` is added to the environment."""
        done = subprocess.run(
            [*self.program, *args],
            cwd=self.home,
            env={**self.env, **more},
            input=stdin.encode(),
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        return Ran(args, done.returncode, done.stdout.decode(), done.stderr.decode())

    def ok(self, *args: str, stdin: str = "", **more: str) -> Ran:
        """Run it and insist on success."""
        ran = self.run(*args, stdin=stdin, **more)
        assert ran.status == 0, str(ran)
        return ran

    def json(self, *args: str) -> Any:
        """Run it with `--json`, insist on success, and decode what it prints."""
        return self.ok(*args, "--json").json()

    def deploy(self, ref: str, *args: str) -> Ran:
        """Deploy an image, without the waits that only matter on Fly.io."""
        return self.ok("deploy", "--image", ref, *QUICK_DEPLOY, *args)

    def machines(self, app: str = "demo") -> list[dict[str, Any]]:
        """The app's machines, by id."""
        found: list[dict[str, Any]] = self.json("machine", "list", "-a", app)
        return sorted(found, key=lambda machine: str(machine["id"]))

    def write_toml(self, text: str) -> None:
        """Put a fly.toml into its directory."""
        (self.home / "fly.toml").write_text(text)


def environment(port: int, token: str, home: Path) -> dict[str, str]:
    """The environment of a client: nothing of the caller's that could steer it, and nowhere to go but loopback."""
    prepare_flyctl_settings(home)
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "HOME": str(home), "NO_COLOR": "1", **client_environment(port, token, home)}


def stand_in_program() -> tuple[str, ...]:
    """How the stand-in is started."""
    return (sys.executable, "-m", "flyctl_orchestrator.local.stand_in")
