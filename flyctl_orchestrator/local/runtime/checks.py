"""Health checks over the network: a connection, or one HTTP request."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol

from flyctl_orchestrator.local.base.hung_up import hung_up, nobody_listens
from flyctl_orchestrator.local.base.machine_config import CheckSpec
from flyctl_orchestrator.local.core.seams import CheckAnswer

LONGEST_HEAD = 65_536
SHOWN_OF_BODY = 200


class PortLookup(Protocol):
    """Knows what a machine was told."""

    def main_port(self, machine_id: str) -> int | None:
        """The port the machine was told to listen on."""
        ...

    def published(self, machine_id: str) -> bool:
        """Whether an engine forwards its port, and so takes connections even when nobody listens."""
        ...


class NetworkProber:
    """Runs checks against loopback ports.

    Args:
        loop: where the checks run.
        runtime: knows which port a machine was told to use.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, runtime: PortLookup) -> None:
        self._loop = loop
        self._runtime = runtime
        self._tasks: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Call off what is under way."""
        for task in self._tasks:
            task.cancel()

    def probe(self, machine_id: str, check: CheckSpec, port: int, done: Callable[[CheckAnswer], None]) -> None:
        """Run one check; `done` is called on the loop."""
        task = self._loop.create_task(self._run(machine_id, check, port, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, machine_id: str, check: CheckSpec, port: int, done: Callable[[CheckAnswer], None]) -> None:
        published = self._runtime.published(machine_id)
        try:
            async with asyncio.timeout(check.timeout):
                answer = await (_http(check, port, published) if check.type == "http" else _tcp(port, published))
        except TimeoutError:
            answer = CheckAnswer(False, f"no answer within {check.timeout:g} s")
        except ConnectionRefusedError:
            answer = CheckAnswer(False, self._nobody(machine_id, check.port, port), refused=True)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as problem:
            answer = CheckAnswer(False, f"{check.type} check on port {port} broke off: {problem}")
        except Exception as problem:  # noqa: BLE001 - whatever it is, the check must be asked again
            answer = CheckAnswer(False, f"{check.type} check on port {port} failed: {type(problem).__name__}")
        done(answer)

    def _nobody(self, machine_id: str, internal_port: int, port: int) -> str:
        if self._runtime.published(machine_id):
            return f"nothing listens on 0.0.0.0:{internal_port} in the container"
        main = self._runtime.main_port(machine_id)
        name = "$PORT" if main == port else f"$PORT_{internal_port}"
        return f"nothing listens on port {port} ({name}); locally every machine has a port of its own"


async def _tcp(port: int, published: bool) -> CheckAnswer:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        if published and await hung_up(reader):
            raise ConnectionRefusedError
    finally:
        writer.close()
    return CheckAnswer(True, "Success")


async def _http(check: CheckSpec, port: int, published: bool) -> CheckAnswer:
    try:
        return await _asked(check, port)
    except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError) as problem:
        # An engine's forwarder took the connection and dropped it: without a word, in the middle of a handshake.
        silent = not isinstance(problem, asyncio.IncompleteReadError) or not problem.partial
        if published and silent and await nobody_listens(port):
            raise ConnectionRefusedError from problem
        raise


async def _asked(check: CheckSpec, port: int) -> CheckAnswer:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=_tls(check), server_hostname=_server_name(check), limit=LONGEST_HEAD
    )
    try:
        writer.write(_request(check, port))
        status_line = (await reader.readuntil(b"\n")).decode("latin-1").strip()
        version, _, status = status_line.partition(" ")
        if not version.startswith("HTTP/") or not status[:3].isdigit():
            return CheckAnswer(False, f"port {port} answers, but not with HTTP: {status_line[:80]!r}")
        if status.startswith("2"):
            return CheckAnswer(True, status)
        while (await reader.readuntil(b"\n")).strip():
            continue
        body = (await reader.read(SHOWN_OF_BODY)).decode(errors="replace").strip().partition("\n")[0]
        return CheckAnswer(False, f"{status} from {check.method} {check.path}" + (f": {body}" if body else ""))
    finally:
        writer.close()


def _request(check: CheckSpec, port: int) -> bytes:
    headers = {"host": f"127.0.0.1:{port}", "user-agent": "Fly health check (local)", "accept": "*/*"}
    headers |= {name.lower(): value for name, value in check.headers}
    headers["connection"] = "close"
    lines = [f"{check.method} {check.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header or the path holds a line break")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _tls(check: CheckSpec) -> ssl.SSLContext | None:
    if check.protocol != "https":
        return None
    context = ssl.create_default_context()
    if check.tls_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _server_name(check: CheckSpec) -> str | None:
    return (check.tls_server_name or "localhost") if check.protocol == "https" else None
