"""Commands inside machines that are containers, by the engine's exec API: with the container's user and environment."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from flyctl_orchestrator.local.containers.endpoint import Endpoint
from flyctl_orchestrator.local.containers.engine import Engine, EngineError
from flyctl_orchestrator.local.containers.inside import is_of
from flyctl_orchestrator.local.core.seams import CommandResult
from flyctl_orchestrator.local.runtime.tree import descendants_of

# Of each stream; what is more is read and dropped.
_MOST_OUTPUT = 1024**2
_HEADER_BYTES = 8
_PIECE = 65_536
_STDERR = 2
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_REFUSED, _MISSING = b"OCI runtime exec failed", (b"not found", b"no such file")
_FIRST_SIGNAL, _LAST_SIGNAL = 128, 160


class ContainerCommands:
    """Runs commands.

    Args:
        loop: the daemon's event loop.
        container: the engine and the container of a machine that runs, by the machine's id.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, container: Callable[[str], tuple[Engine, str] | None]) -> None:
        self._loop = loop
        self._container = container
        self._tasks: set[asyncio.Task[None]] = set()

    def run(
        self,
        machine_id: str,
        argv: Sequence[str],
        stdin: bytes,
        timeout: float,
        done: Callable[[CommandResult | None], None],
    ) -> bool:
        """Start a command; False when the machine has no container. `done` gets None when it took too long."""
        found = self._container(machine_id)
        if found is None:
            return False
        task = self._loop.create_task(_told(*found, argv, stdin, timeout, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True


async def _told(
    engine: Engine,
    container_id: str,
    argv: Sequence[str],
    stdin: bytes,
    timeout: float,
    done: Callable[[CommandResult | None], None],
) -> None:
    result: CommandResult | None = None
    try:
        result = await _run(engine, container_id, argv, stdin, timeout)
    except Exception as problem:  # noqa: BLE001 - an answer of the engine that nobody expected is no command that ran too long
        result = CommandResult(_NOT_EXECUTABLE, 0, b"", f"{argv[0]}: {problem}\n".encode("utf-8", "replace"))
    finally:
        done(result)


async def _run(
    engine: Engine, container_id: str, argv: Sequence[str], stdin: bytes, timeout: float
) -> CommandResult | None:
    body = {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Tty": False, "Cmd": list(argv)}
    made = await engine.call("POST", f"/containers/{container_id}/exec", body=body)
    path = f"/exec/{made['Id']}"
    reader, writer = await _attached(engine.endpoint, f"{path}/start")
    try:
        async with asyncio.timeout(timeout):
            _, (out, err) = await asyncio.gather(_feed(writer, stdin), _output(reader))
    except TimeoutError:
        await _kill(engine, path, container_id)
        return None
    finally:
        writer.close()
    code = (await engine.call("GET", f"{path}/json")).get("ExitCode")
    if not isinstance(code, int):
        # Its output is over and it runs on, or the engine has lost sight of it.
        raise ValueError("the engine does not say how it ended")
    if code in (_NOT_FOUND, _NOT_EXECUTABLE) and not err and out.startswith(_REFUSED):
        # What the engine says of a command that it could not start comes as the command's own output.
        code = _NOT_FOUND if any(word in out for word in _MISSING) else _NOT_EXECUTABLE
        out, err = b"", out
    return CommandResult(code, code - _FIRST_SIGNAL if _FIRST_SIGNAL < code < _LAST_SIGNAL else 0, out, err)


async def _attached(endpoint: Endpoint, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Start a command; its streams, once the engine has turned the connection over to them."""
    if endpoint.socket is not None:
        reader, writer = await asyncio.open_unix_connection(endpoint.socket)
    else:
        parts = urlsplit(endpoint.address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 2375)
    body = json.dumps({"Detach": False, "Tty": False}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    said = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = int(said.split(" ", 2)[1])
    if status not in (101, 200):
        writer.close()
        raise EngineError(status, f"the container engine refused to start it ({status})")
    return reader, writer


async def _feed(to: asyncio.StreamWriter, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        to.write(data)
        await to.drain()
        to.write_eof()


async def _output(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """What comes on stdout and stderr until the end: pieces, each with its stream and length before it."""
    out, err = bytearray(), bytearray()
    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            header = await reader.readexactly(_HEADER_BYTES)
            kept, left = (err if header[0] == _STDERR else out), int.from_bytes(header[4:], "big")
            while left:
                piece = await reader.readexactly(min(left, _PIECE))
                kept += piece[: _MOST_OUTPUT - len(kept)]
                left -= len(piece)
    return bytes(out), bytes(err)


async def _kill(engine: Engine, path: str, container_id: str) -> None:
    """End a command that took too long, with what it started: the engine has no call for that. Only where its processes
    are this computer's.
    """
    with contextlib.suppress(EngineError, OSError):
        pid = int((await engine.call("GET", f"{path}/json")).get("Pid") or 0)
        if pid and is_of(container_id, pid):
            for one in (pid, *descendants_of(pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
