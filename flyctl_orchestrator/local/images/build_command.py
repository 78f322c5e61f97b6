"""One command of a build: its environment, its output line by line, and its end, whatever it started."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import re
import signal
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flyctl_orchestrator.local.base import own_children
from flyctl_orchestrator.local.base.inherited import for_builds

_LINE_LIMIT = 4096
# A stack of calls, or the list of a command's options, may stand after the reason.
_LAST_LINES = 200


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status (128+signal when signalled) and the last lines it wrote."""

    status: int
    last_lines: tuple[str, ...]


def build_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What a build command finds: the part of the platform's environment that is for builds. PATH is not in it."""
    quiet = {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PYTHONUNBUFFERED": "1",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
    }
    return {"LANG": "C.UTF-8", **for_builds(environ), **quiet}


async def run(
    command: str, cwd: Path, env: Mapping[str, str], log: Callable[[str], None], timeout_seconds: float
) -> Ended:
    """Run a shell command to its end, giving every line it writes to `log`.

    When this is cancelled or takes too long, the command and everything it started is killed.

    Raises:
        TimeoutError: it took longer than `timeout_seconds`.
        OSError: it could not be started.
    """
    # What a build leaves running is not looked for before it is over.
    with own_children.starting():
        return await _run(command, cwd, env, log, timeout_seconds)


async def _run(
    command: str, cwd: Path, env: Mapping[str, str], log: Callable[[str], None], timeout_seconds: float
) -> Ended:
    process = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        command,
        cwd=cwd,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    last: deque[str] = deque(maxlen=_LAST_LINES)

    def heard(line: str) -> None:
        log(line)
        if line.strip():
            last.append(line)

    reading = asyncio.create_task(_read(process, heard))
    try:
        async with asyncio.timeout(timeout_seconds):
            status = await process.wait()
            _kill_group(process.pid)  # what it left running would hold the pipe open for ever
            await reading
    finally:
        _kill_group(process.pid)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await asyncio.shield(process.wait())
    return Ended(status if status >= 0 else 128 - status, tuple(last))


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


async def _read(process: asyncio.subprocess.Process, heard: Callable[[str], None]) -> None:
    assert process.stdout is not None
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    while piece := await process.stdout.read(1 << 16):
        rest += decoder.decode(piece)
        # A progress bar overwrites its line with \r: each state is a line of its own here.
        *lines, rest = re.split(r"\r\n|\n|\r(?!$)", rest)
        for line in lines:
            heard(line[:_LINE_LIMIT])
        if len(rest) > _LINE_LIMIT:
            heard(rest)
            rest = ""
    if rest.strip():
        heard(rest.rstrip("\r"))
