"""Starts, finds and stops the daemon from another process. Light to import: nothing of the platform itself.

running = start(state_dir(os.environ))      # also finds one that runs already
running.url, running.token, environment(running)
stop(running.state)
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from flyctl_orchestrator.local.base.environment import client_environment
from flyctl_orchestrator.local.base.inherited import for_daemon
from flyctl_orchestrator.local.daemon.state_dir import DAEMON_LOCK, START_LOCK, Locator, read_locator, state_dir

__all__ = ["DEFAULT_PORT", "ControlError", "Running", "environment", "locate", "start", "state_dir", "stop"]

DEFAULT_PORT = 4280
START_SECONDS = 15.0
# Seconds that a process which was just killed may take to let go of its locks.
DYING = 1.0
# A deploy that was started on the page goes back first.
STOP_SECONDS = 50.0
LOOK_SECONDS = 0.02
SUPPORTED = ("linux", "darwin")


class ControlError(Exception):
    """The daemon could not be started, stopped or reached: `what` is wrong, and what to do `next`."""

    def __init__(self, what: str, next: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next = next

    def __str__(self) -> str:
        return f"{self.what}. {self.next}" if self.next else self.what


@dataclass(frozen=True)
class Running:
    """A daemon that answers.

    Attributes:
        pid, port, version, started_at: as it says itself.
        token: opens its API; never shown.
        state: its directory.
    """

    pid: int
    port: int
    token: str = field(repr=False)
    version: str
    started_at: float
    state: Path

    @property
    def url(self) -> str:
        """Where its APIs are."""
        return f"http://127.0.0.1:{self.port}"


def environment(running: Running) -> dict[str, str]:
    """What a client finds in its environment to work with this daemon."""
    return client_environment(running.port, running.token, running.state)


def locate(state: Path) -> Running | None:
    """The daemon of a directory if it runs and answers, else None. A locator it left behind is not believed."""
    locator = read_locator(state)
    if locator is None or not _answers(locator):
        return None
    return Running(locator.pid, locator.port, locator.token, locator.version, locator.started_at, state)


def _answers(locator: Locator) -> bool:
    try:
        status, body = _request(locator.port, "GET", "/_local/ready", token=None, timeout=5.0)
    except (OSError, http.client.HTTPException):
        return False
    return status == 200 and isinstance(body, dict) and body.get("pid") == locator.pid


def _request(port: int, method: str, path: str, *, token: str | None, timeout: float) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        with contextlib.suppress(ValueError):
            return answer.status, json.loads(text)
        return answer.status, None
    finally:
        connection.close()


def start(
    state: Path,
    port: int | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Running:
    """The daemon of a directory, started when it does not run.

    Args:
        port: where it should listen; None takes the usual one, or any when another program has that; 0 any free one.
        environ: where the daemon's environment is taken from (`inherited.for_daemon`); this process's by default.

    Raises:
        ControlError: it cannot be started here, did not become ready, or runs on another port than asked for.
    """
    if not sys.platform.startswith(SUPPORTED):
        raise ControlError("the local platform runs on Linux and macOS only", "Everything else works on this system")
    found = _found(state, port)
    if found is not None:
        return found
    with _one_starter_at_a_time(state):
        # Somebody else may have started it while we waited for our turn.
        found = _found(state, port)
        if found is not None:
            return found
        child, log = _spawn(state, _usual_port() if port is None else port, environ)
        until = monotonic() + START_SECONDS
        while monotonic() < until:
            running = locate(state)
            if running is not None and running.pid == child.pid:
                return running
            if child.poll() is not None:
                raise _why(log)
            pause(LOOK_SECONDS)
        child.kill()
    raise ControlError(f"the local platform was not ready within {START_SECONDS:g} s", f"Its log is {log}")


def _usual_port() -> int:
    """DEFAULT_PORT; 0, which is any, while another program listens there."""
    with socket.socket() as trial:
        # As the daemon binds it: what the last one left behind is no hindrance.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", DEFAULT_PORT))
        except OSError:
            return 0
    return DEFAULT_PORT


def _found(state: Path, port: int | None) -> Running | None:
    running = locate(state)
    if running is not None and port not in (None, 0, running.port):
        raise ControlError(
            f"the local platform already runs on port {running.port}",
            f"Leave --port out, or stop it first with `flyo local down` to move it to port {port}",
        )
    return running


@contextlib.contextmanager
def _one_starter_at_a_time(state: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(state / START_LOCK, timeout=2 * START_SECONDS)
        lock.acquire()
    except Timeout:
        raise ControlError("another start of the local platform does not come to an end", f"See {state}") from None
    except OSError as problem:
        raise _unusable(state, problem) from problem
    try:
        yield
    finally:
        lock.release()


def _unusable(state: Path, problem: OSError) -> ControlError:
    return ControlError(
        f"the local platform cannot use its directory {state}: {problem.strerror or problem}",
        "Free some space or fix its permissions, or choose another directory with FLYO_LOCAL_DIR",
    )


def _spawn(state: Path, port: int, environ: Mapping[str, str] | None) -> tuple[subprocess.Popen[bytes], Path]:
    log = state / "daemon.log"
    command = [sys.executable, "-P", "-m", "flyctl_orchestrator.local", "daemon"]
    command += ["--port", str(port), "--state", str(state)]
    try:
        with log.open("wb") as output:
            return _detached(command, state, output, for_daemon(os.environ if environ is None else environ)), log
    except OSError as problem:
        raise _unusable(state, problem) from problem


def _detached(command: list[str], cwd: Path, output: IO[bytes], env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def _why(log: Path) -> ControlError:
    """What a daemon that ended at once said: its `error:` and `next:` lines, else its last line."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    said = {kind: text for kind, _, text in (line.partition(": ") for line in lines) if kind in ("error", "next")}
    if "error" in said:
        return ControlError(said["error"], said.get("next", ""))
    last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
    return ControlError(f"the local platform ended while starting: {last.strip()}", f"Its log is {log}")


def stop(
    state: Path,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> bool:
    """End the daemon of a directory with all its machines, also those that a killed daemon left; False when none runs.

    Raises:
        ControlError: it does not end.
    """
    running = locate(state)
    if running is not None:
        _end(running, monotonic, pause)
    left_behind = _end_left_behind(state)
    return running is not None or left_behind


def _end(running: Running, monotonic: Callable[[], float], pause: Callable[[float], None]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    until = monotonic() + STOP_SECONDS
    while monotonic() < until:
        if not _exists(running.pid):
            return
        pause(LOOK_SECONDS)
    raise ControlError(
        f"the local platform (process {running.pid}) did not end within {STOP_SECONDS:g} s",
        f"End it with `kill -9 {running.pid}`, then its machines with `flyo local down`",
    )


def _end_left_behind(state: Path) -> bool:
    """End the machines of a daemon that was killed; False when there are none, or a daemon lives or is being started.

    Whoever starts a daemon and the daemon itself hold a lock each, which end with them: with both in hand, nobody else
    can be at work. A daemon that starts next does the same.
    """
    from filelock import FileLock, Timeout

    from flyctl_orchestrator.local.containers import left_behind
    from flyctl_orchestrator.local.containers.names import noted_engine
    from flyctl_orchestrator.local.runtime import orphans

    if not orphans.noted(state / "machines") and noted_engine(state) is None:
        return False
    try:
        with FileLock(state / START_LOCK, timeout=DYING), FileLock(state / DAEMON_LOCK, timeout=DYING):
            ended: list[object] = [*orphans.reap(state / "machines"), *left_behind.reap(state)]
            return bool(ended)
    except Timeout:
        return False
    except OSError as problem:
        raise _unusable(state, problem) from problem


def _exists(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
