"""Starting a machine's process without forking the daemon, where that matters: on Linux.

There a machine's main process has to be told that it is the parent of what its descendants leave behind, which only it
can do itself, between fork and exec. Forking the daemon for that stops all its threads, for milliseconds each time; so
a small program (`spawner_program.py`) does it, and hands the process over.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from flyctl_orchestrator.local.base import own_children
from flyctl_orchestrator.local.base.copying import EXECUTABLES

_TRIES = 3
_PROGRAM = Path(__file__).with_name("spawner_program.py")


class Process(Protocol):
    """A child of this process, whoever has started it."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    def poll(self) -> int | None:
        """Its return code (negative: the signal), None while it runs."""
        ...

    def wait(self) -> int:
        """Wait for its end."""
        ...

    def send_signal(self, number: int) -> None:
        """Signal it, unless its end was collected already. Raises ProcessLookupError when it is gone."""
        ...


class Spawner:
    """Starts processes, each in a session of its own with its output in a pipe. May be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._program: _Program | None = None

    def close(self) -> None:
        """Let the program end."""
        with self._lock:
            if self._program is not None:
                self._program.close()
            self._program = None

    def spawn(self, argv: Sequence[str], env: Mapping[str, str], directory: Path, output: int) -> Process:
        """Start a process, and note it as one of this process' own.

        Args:
            output: descriptor that becomes its output; its input is empty.

        Raises:
            OSError: it cannot be executed.
            ValueError: the command or a variable is none that a process can have.
        """
        with own_children.starting():
            process = self._spawn(argv, env, directory, output)
            own_children.add(process.pid)
        return process

    def _spawn(self, argv: Sequence[str], env: Mapping[str, str], directory: Path, output: int) -> Process:
        if not sys.platform.startswith("linux"):
            return _directly(argv, env, directory, output)
        asked = _encoded(argv, env, directory)
        with self._lock:
            for _ in range(_TRIES):
                if self._program is None:
                    self._program = _Program()
                try:
                    return self._program.start(asked, output)
                except (ConnectionError, EOFError):
                    # Somebody has ended it. What it may have started all the same, nobody has noted: it is ended, too.
                    self._program.close()
                    self._program = None
        raise OSError(errno.ECHILD, "the program that starts processes ends again and again")


def _directly(argv: Sequence[str], env: Mapping[str, str], directory: Path, output: int) -> Process:
    with EXECUTABLES:
        return subprocess.Popen(
            argv,
            env=dict(env),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _encoded(argv: Sequence[str], env: Mapping[str, str], directory: Path) -> bytes:
    """The request; refuses what no process can have, in the words of Python's own `subprocess`."""
    words = [os.fsencode(word) for word in argv]
    pairs = [(os.fsencode(name), os.fsencode(value)) for name, value in env.items()]
    if any(b"\0" in text for text in (*words, *(text for pair in pairs for text in pair))):
        raise ValueError("embedded null byte")
    if any(not name or b"=" in name for name, _ in pairs):
        raise ValueError("illegal environment variable name")
    asked = {
        "argv": [word.decode("latin-1") for word in words],
        "env": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in pairs],
        "cwd": os.fsencode(directory).decode("latin-1"),
    }
    return json.dumps(asked).encode()


class _Program:
    """The program, and the socket to it."""

    def __init__(self) -> None:
        # What it starts is left behind by its own child, and becomes a child of this process only if that adopts.
        own_children.adopt_orphans()
        self._link, other = socket.socketpair()
        with other, EXECUTABLES, own_children.starting():
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_PROGRAM), str(other.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
                start_new_session=True,
            )
            own_children.add(self._process.pid)

    def close(self) -> None:
        """Close the socket, which ends it, and wait for that."""
        self._link.close()
        self._process.wait()
        own_children.discard(self._process.pid)

    def start(self, asked: bytes, output: int) -> Process:
        """Have it start a process. Raises OSError as `subprocess` does; EOFError or ConnectionError: it has ended."""
        socket.send_fds(self._link, [len(asked).to_bytes(4, "big")], [output])
        self._link.sendall(asked)
        answer: dict[str, Any] = json.loads(self._read(int.from_bytes(self._read(4), "big")))
        if "errno" in answer:
            # There is no process when not even a fork was possible.
            with contextlib.suppress(ChildProcessError, KeyError):
                os.waitpid(answer["pid"], 0)
            raise OSError(answer["errno"], os.strerror(answer["errno"]))
        return Adopted(answer["pid"])

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            piece = self._link.recv(size - len(found))
            if not piece:
                raise EOFError
            found += piece
        return found


class Adopted:
    """A child that another process has started; its end is collected here."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._lock = threading.Lock()
        self._code: int | None = None

    def poll(self) -> int | None:
        """Its return code, None while it runs."""
        return self._collect(os.WNOHANG)

    def wait(self) -> int:
        """Wait for its end."""
        code = self._collect(0)
        assert code is not None
        return code

    def _collect(self, options: int) -> int | None:
        with self._lock:
            if self._code is None:
                pid, status = os.waitpid(self.pid, options)
                self._code = os.waitstatus_to_exitcode(status) if pid else None
            return self._code

    def send_signal(self, number: int) -> None:
        """Signal it, unless its end was collected already."""
        if self.poll() is None:
            os.kill(self.pid, signal.Signals(number))
