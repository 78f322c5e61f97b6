"""The apps of tests/e2e/apps, built by the platform's handler and started as its machines are."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from flyctl_orchestrator.local.images.command import command_for
from flyctl_orchestrator.local.images.snapshot import materialise
from tests.functional.local.builds_bench import Bench, bench
from tests.waiting import until

_APPS = Path(__file__).parents[2] / "e2e" / "apps"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _machine(server: Bench, machine: Path, region: str) -> AsyncIterator[str]:
    """A machine of shop:v1 that listens; gives its address."""
    image = server.store.resolve("shop:v1")
    materialise(image, machine)
    port = _free_port()
    env = {"PORT": str(port), "HOST": "127.0.0.1", "FLY_REGION": region, "FLY_MACHINE_ID": machine.name}
    command = command_for(image, machine, env=env, host_path=os.environ["PATH"])
    process = await asyncio.create_subprocess_exec(*command.argv, cwd=command.cwd, env=command.env)
    try:
        await until(lambda: process.returncode is not None or _listens(port), 20)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        async with asyncio.timeout(10):
            assert await process.wait() == 0  # each app ends well when it is asked to


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _deployed_twice(app: Path, tmp_path: Path, greetings: dict[str, str]) -> list[str]:
    """Build an app, start it as two machines, check what they answer; gives the build's notices."""
    local = tomllib.loads((app / "flyo.toml").read_text()).get("local", {})
    async with bench(tmp_path / "store", os.environ) as server:
        events = await server.build(app, build=local.get("build"), inputs=local.get("inputs"))
        assert events[-1]["event"] == "built", events[-1]
        for region in ("iad", "fra"):
            async with _machine(server, tmp_path / f"machine-{region}", region) as url:
                async with server.session.get(f"{url}/health") as answer:
                    expected = {"status": "ok", "region": region, "machine": f"machine-{region}"}
                    assert (answer.status, await answer.json()) == (200, expected)
                async with server.session.get(url) as answer:
                    assert await answer.text() == greetings[region]
                async with server.session.get(f"{url}/nothing") as answer:
                    assert answer.status == 404
        return list(events[-1]["notices"])


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_a_node_server(tmp_path: Path) -> None:
    notices = asyncio.run(
        _deployed_twice(_APPS / "node_server", tmp_path, {"iad": "node in iad\n", "fra": "node in fra\n"})
    )
    assert notices == ["USER node is ignored: processes run as you"]


def test_a_python_server_with_a_dependency(tmp_path: Path) -> None:
    greetings = {"iad": "python in iad, Ashburn\n", "fra": "python in fra, Frankfurt\n"}
    notices = asyncio.run(_deployed_twice(_APPS / "python_deps", tmp_path, greetings))
    assert not [notice for notice in notices if notice.startswith("COPY")]


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler called cc")
def test_a_script_around_a_static_binary(tmp_path: Path) -> None:
    greetings = {"iad": "binary in iad\n", "fra": "binary in fra\n"}
    notices = asyncio.run(_deployed_twice(_APPS / "static_binary", tmp_path, greetings))
    assert [notice.split(" not executed")[0] for notice in notices] == ["2 RUN instructions are"]
