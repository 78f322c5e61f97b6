"""A server with nothing but the build handler, a client for it, and a wheel made by hand (no network anywhere)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import subprocess
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import ClientResponse, ClientSession, web

from flyctl_orchestrator.local.base.clock import LoopClock
from flyctl_orchestrator.local.core.fault_board import FaultBoard
from flyctl_orchestrator.local.core.seams import Image
from flyctl_orchestrator.local.images.build import build_handler
from flyctl_orchestrator.local.images.command import command_for
from flyctl_orchestrator.local.images.images import ImageStore
from flyctl_orchestrator.local.images.installation import BuildSettings
from flyctl_orchestrator.local.images.snapshot import materialise

Event = dict[str, Any]


@dataclass
class Bench:
    """A store, and the address of a server that builds into it."""

    store: ImageStore
    url: str
    session: ClientSession

    async def ask(self, body: object) -> ClientResponse:
        """POST a build; the answer's body is still to be read."""
        return await self.session.post(self.url, json=body)

    async def build(self, context: Path, **more: Any) -> list[Event]:
        """Build a context as shop:v1 and give every event."""
        body = {
            "app": "shop",
            "label": "v1",
            "context": str(context),
            "dockerfile": None,
            "build": None,
            "inputs": None,
        }
        async with await self.ask({**body, "target": None, **more}) as answer:
            assert answer.status == 200, await answer.text()
            assert answer.content_type == "application/x-ndjson"
            return [json.loads(line) async for line in answer.content]


@asynccontextmanager
async def bench(
    root: Path,
    environ: Mapping[str, str],
    timeout_seconds: float = 60.0,
    make: type[ImageStore] = ImageStore,
    quiet_seconds: float = 60.0,
) -> AsyncIterator[Bench]:
    """Serve builds into a store at `root`."""
    store = make(root)
    app = web.Application()
    settings = BuildSettings(environ, timeout_seconds, quiet_seconds=quiet_seconds)
    faults = FaultBoard(LoopClock(asyncio.get_running_loop()), Random(0))
    app.router.add_post("/_local/builds", build_handler(store, settings, faults))
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with ClientSession() as session:
            yield Bench(store, f"http://127.0.0.1:{port}/_local/builds", session)
    finally:
        await runner.cleanup()


def lines(events: list[Event]) -> list[str]:
    """What was logged."""
    return [event["line"] for event in events if event["event"] == "log"]


def run_machine(image: Image, machine: Path, *argv: str, env: Mapping[str, str] | None = None) -> str:
    """Run a machine's command to its end, as the process runtime starts it; gives what it wrote to stdout."""
    materialise(image, machine)
    command = command_for(image, machine, argv or None, env, host_path=os.environ["PATH"])
    ran = subprocess.run(command.argv, cwd=command.cwd, env=command.env, capture_output=True, text=True, timeout=30)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def write_files(root: Path, files: Mapping[str, str]) -> Path:
    """Write files (path -> text) below a directory, and give it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def write_wheel(directory: Path, name: str, version: str, source: str) -> Path:
    """A wheel with one module, whose `main` is also a command of that name."""
    info = f"{name}-{version}.dist-info"
    members = {
        f"{name}.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    record = "".join(f"{path},sha256={_hash(text)},{len(text.encode())}\n" for path, text in members.items())
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in {**members, f"{info}/RECORD": record + f"{info}/RECORD,,\n"}.items():
            archive.writestr(member, text)
    return path


def _hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
