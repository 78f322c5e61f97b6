"""Commands inside machines that are processes: in the machine's directory, with its environment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence

from flyctl_orchestrator.local.base import own_children
from flyctl_orchestrator.local.core.seams import CommandResult, Surroundings

# Of each stream; what is more is read and dropped.
_MOST_OUTPUT = 1024**2
_PIECE = 65_536
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


class ProcessCommands:
    """Runs commands.

    Args:
        loop: the daemon's event loop.
        surroundings: directory and environment of a machine, by its id.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, surroundings: Callable[[str], Surroundings | None]) -> None:
        self._loop = loop
        self._surroundings = surroundings
        self._tasks: set[asyncio.Task[None]] = set()

    def run(
        self,
        machine_id: str,
        argv: Sequence[str],
        stdin: bytes,
        timeout: float,
        done: Callable[[CommandResult | None], None],
    ) -> bool:
        """Start a command; False when it cannot be run in the machine. `done` gets None when it took too long."""
        inside = self._surroundings(machine_id)
        if inside is None:
            return False
        task = self._loop.create_task(_told(inside, argv, stdin, timeout, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True


async def _told(
    inside: Surroundings,
    argv: Sequence[str],
    stdin: bytes,
    timeout: float,
    done: Callable[[CommandResult | None], None],
) -> None:
    result: CommandResult | None = None
    try:
        result = await _run(inside, argv, stdin, timeout)
    except FileNotFoundError:
        result = CommandResult(_NOT_FOUND, 0, b"", f"{argv[0]}: not found\n".encode())
    except (OSError, ValueError) as problem:
        result = CommandResult(_NOT_EXECUTABLE, 0, b"", f"{argv[0]}: {problem}\n".encode("utf-8", "replace"))
    finally:
        done(result)


async def _run(inside: Surroundings, argv: Sequence[str], stdin: bytes, timeout: float) -> CommandResult | None:
    pipe = asyncio.subprocess.PIPE
    # Noted, or its end would be collected with what machines leave behind.
    with own_children.starting():
        process = await asyncio.create_subprocess_exec(
            *argv, cwd=inside.directory, env=inside.env, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
        own_children.add(process.pid)
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    try:
        async with asyncio.timeout(timeout):
            _, out, err = await asyncio.gather(
                _feed(process.stdin, stdin), _limited(process.stdout), _limited(process.stderr)
            )
            code = await process.wait()
    except TimeoutError:
        return None
    finally:
        # Also what the command left running behind it.
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        own_children.discard(process.pid)
    return CommandResult(code if code >= 0 else 128 - code, max(0, -code), out, err)


async def _feed(to: asyncio.StreamWriter, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        to.write(data)
        await to.drain()
    to.close()


async def _limited(stream: asyncio.StreamReader) -> bytes:
    kept = bytearray()
    while piece := await stream.read(_PIECE):
        kept += piece[: _MOST_OUTPUT - len(kept)]
    return bytes(kept)
