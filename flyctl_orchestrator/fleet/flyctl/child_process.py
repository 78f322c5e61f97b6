"""Runs one program with a wall-clock limit, bounded output, and no survivors."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# Per stream, in bytes; what comes after is read and dropped, so that the child never blocks.
OUTPUT_LIMIT = 16 * 1024 * 1024
LONGEST_LINE = 64 * 1024
# Seconds between asking nicely (SIGINT: flyctl marks its release as interrupted) and SIGKILL.
GRACE = 3.0
# Seconds after a child's end during which what it started may still write.
LAST_WORDS = 1.0

OnLine = Callable[[str], None]


@dataclass(frozen=True)
class Ended:
    """How a child ended: `status` is its exit status, negative for a signal."""

    status: int
    stdout: str
    stderr: str
    timed_out: bool = False


class _Stream:
    """Reads one pipe to its end on a thread of its own."""

    def __init__(self, pipe: IO[bytes], on_line: OnLine | None) -> None:
        self._pipe = pipe
        self._on_line = on_line
        self._kept: list[bytes] = []
        self._size = 0
        self._open_line = b""
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        with self._pipe:
            while chunk := os.read(self._pipe.fileno(), 65536):
                if self._size < OUTPUT_LIMIT:
                    self._kept.append(chunk[: OUTPUT_LIMIT - self._size])
                self._size += len(chunk)
                self._hand_out(chunk)
        if self._open_line:
            self._tell(self._open_line)

    def _hand_out(self, chunk: bytes) -> None:
        if self._on_line is None:
            return
        *lines, self._open_line = (self._open_line + chunk).split(b"\n")
        if len(self._open_line) > LONGEST_LINE:
            lines, self._open_line = [*lines, self._open_line], b""
        for line in lines:
            self._tell(line)

    def _tell(self, line: bytes) -> None:
        if self._on_line is None:
            return
        try:
            self._on_line(line.decode(errors="replace").rstrip("\r"))
        except Exception as error:  # noqa: BLE001 the child must go on being read, or it blocks; raised by `wait`
            self.error, self._on_line = error, None

    def text(self) -> str:
        return b"".join(self._kept).decode(errors="replace")


class Child:
    """A running program, in a process group of its own: a Ctrl-C at the terminal does not reach it.

    Args:
        argv: the program and its arguments; never a secret, since every user of the computer can read them.
        env: its whole environment. Its input is empty.
        on_line: called for every line of both streams, from two threads.
        grace: seconds it is given to end by itself when it has to, e.g. because `wait` is interrupted.

    Raises:
        OSError: the program cannot be run.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        on_line: OnLine | None,
        grace: float = GRACE,
    ) -> None:
        self._grace = grace
        self._process = subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None and self._process.stderr is not None
        self._out = _Stream(self._process.stdout, on_line)
        self._err = _Stream(self._process.stderr, on_line)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def wait(self, timeout: float) -> Ended:
        """Wait for its end, at most `timeout` seconds; then it is made to end. Raises what `on_line` raised."""
        timed_out = False
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            self.end()
        except BaseException:
            self.end()
            raise
        self._drain()
        if error := self._out.error or self._err.error:
            raise error
        return Ended(self._process.returncode, self._out.text(), self._err.text(), timed_out)

    def _drain(self) -> None:
        """Read what is left; grandchildren that hold the pipes open get no more than a moment."""
        self._out.thread.join(LAST_WORDS)
        if self._out.thread.is_alive() or self._err.thread.is_alive():
            self._signal_group("SIGKILL")
        for stream in (self._out, self._err):
            stream.thread.join(LAST_WORDS)

    def end(self, grace: float | None = None) -> None:
        """Interrupt it and its children; kill them when they are still there after `grace` seconds.

        Whoever interrupts this, too, has them killed at once.

        Args:
            grace: default: what it was started with.
        """
        grace = self._grace if grace is None else grace
        try:
            self._signal_group("SIGINT")
            self._process.wait(grace)
            # It may have been a script that started the real one, which holds the pipes for as long as it needs.
            for stream in (self._out, self._err):
                stream.thread.join(grace)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._signal_group("SIGKILL")
            self._process.wait()

    def _signal_group(self, name: str) -> None:
        if not hasattr(os, "killpg"):
            if name == "SIGKILL" and self.running:
                self._process.kill()
            return
        try:
            os.killpg(self._process.pid, getattr(signal, name))
        except (ProcessLookupError, PermissionError):
            pass  # nobody is left in the group
