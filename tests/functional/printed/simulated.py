"""Command lines on the simulated platform: its APIs and its proxy on a real socket, on a clock that waiting moves."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.http import HttpError
from flyctl_orchestrator.local.daemon.simulation import TOKEN
from flyctl_orchestrator.local.daemon.state_dir import Locator, write_locator
from tests.functional.printed.in_process import Said, nobody, program, said
from tests.unit.rollout.recovery.killed_world import KilledWorld

VALID = 'echo "✓ Configuration is valid"'
# What differs from run to run, and what stands for it.
CHANGING = [
    (r"sha256:[0-9a-f]{64}", "DIGEST"),
    (r"\b\d{4}-\d{8}-\d{6}-[0-9a-f]{6}\b", "ROLLOUT"),
    (r"\b[0-9a-f]{14}\b", "ID"),
    (r"\bvol_\w{16}\b", "VOLUME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: UTC| \+0000 UTC)", "TIME"),
    (r"(?<=localhost:)\d+", "PORT"),
    (r"(?<=127\.0\.0\.1:)\d+", "PORT"),
]


def plain(line: str) -> str:
    """A line with ids, digests, times and ports left out."""
    for pattern, stands in CHANGING:
        line = re.sub(pattern, stands, line)
    return line


@dataclass(frozen=True)
class Simulated:
    """A project and its simulated platform."""

    killed: KilledWorld
    port: int

    def flyo(self, words: str, flyctl: str = VALID, clock: Clock | None = None, **variables: str) -> Said:
        """A command line in the project, with --local.

        Args:
            flyctl: what it does, for a shell; else it says of everything that fly.toml is valid.
            clock: another one than the platform's.
        """
        killed = self.killed
        own = nobody(killed.directory) | {"USER": "ann", "FLYO_FLYCTL": program(killed.directory, flyctl)}
        return said(f"{words} --local", killed.directory, {**own, **variables}, clock=clock or killed.world.clock)


@contextmanager
def simulated(killed: KilledWorld) -> Iterator[Simulated]:
    """The platform of a world, found where the local one is looked for."""
    one_at_a_time = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path.startswith("/_local/ready"):
                self.give(200, {}, json.dumps({"pid": os.getpid()}).encode())
                return
            url, asked = f"http://{self.headers['host']}{self.path}", json.loads(body or b"null")
            with one_at_a_time:
                if self.path.startswith("/_local/"):
                    self.give(*killed.world.simulation.send(self.command, self.path, self.lower(), asked))
                    return
                try:
                    found = killed.world.http.send(self.command, url, headers=self.lower(), json=asked, timeout=60.0)
                except HttpError:
                    return
            self.give(found.status, dict(found.headers), found.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

        def lower(self) -> dict[str, str]:
            return {name.lower(): value for name, value in self.headers.items()}

        def give(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    place = killed.directory / "local"
    place.mkdir(exist_ok=True)
    write_locator(place, Locator(os.getpid(), server.server_port, TOKEN, "0", time.time()))
    try:
        yield Simulated(killed, server.server_port)
    finally:
        server.shutdown()
        server.server_close()
