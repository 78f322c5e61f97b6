"""Child processes of the daemon: how they are started, how their output is read, and how their end is noticed.

On Linux a machine's main process adopts what its descendants leave behind, as the first process of a virtual machine
does; when it ends, the daemon adopts them in its place and ends them. On macOS there is no adopting: a process that
turns itself into a daemon gets away.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from flyctl_orchestrator.local.base import own_children
from flyctl_orchestrator.local.runtime.spawner import Process, Spawner
from flyctl_orchestrator.local.runtime.tree import children_of, descendants_of

CHUNK = 65_536
LONGEST_PARTIAL_LINE = 64_000
READS_AFTER_THE_END = 64
_NOTHING, _END = -1, 0


class Child:
    """One process in a session of its own, its output in a pipe."""

    def __init__(self, process: Process, output: int) -> None:
        self.process = process
        self.output = output
        self.pid = process.pid

    @classmethod
    def spawn(cls, spawner: Spawner, argv: tuple[str, ...], env: Mapping[str, str], directory: Path) -> Child:
        """Start `argv` in `directory`. Blocks for a moment.

        Raises:
            OSError: it cannot be executed.
            ValueError: the command or a variable is none that a process can have.
        """
        reading, writing = os.pipe()
        try:
            process = spawner.spawn(argv, env, directory, writing)
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        os.set_blocking(reading, False)
        return cls(process, reading)

    def discard(self) -> None:
        """End all of it before anybody watches it."""
        self.send_all(signal.SIGKILL)
        self.process.wait()
        own_children.discard(self.pid)
        os.close(self.output)

    def send(self, number: int) -> None:
        """A signal to the main process."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def send_all(self, number: int) -> None:
        """A signal to the whole process group, and to what comes from the main process and has left the group."""
        others = descendants_of(self.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
        for pid in others:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getpgid(pid) != self.pid:
                    os.kill(pid, number)


class Children:
    """All children of one event loop. The loop must run on the main thread, where signals arrive.

    `watch` must be called on the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._watched: dict[int, tuple[Child, Callable[[int], None], Lines]] = {}
        self._spawner = Spawner()
        own_children.adopt_orphans()
        loop.add_signal_handler(signal.SIGCHLD, self._reap)

    def close(self) -> None:
        """Watch no more."""
        self._loop.remove_signal_handler(signal.SIGCHLD)
        self._spawner.close()

    def spawn(self, argv: tuple[str, ...], env: Mapping[str, str], directory: Path) -> Child:
        """Start a child, on any thread; see `Child.spawn`."""
        return Child.spawn(self._spawner, argv, env, directory)

    def watch(self, child: Child, on_line: Callable[[str], None], on_end: Callable[[int], None]) -> None:
        """Hand on the child's output line by line, and once its return code (negative: the signal)."""
        lines = Lines(on_line)
        self._watched[child.pid] = (child, on_end, lines)
        self._loop.add_reader(child.output, self._read, child, lines)
        self._reap()

    def _read(self, child: Child, lines: Lines) -> None:
        if _read_some(child.output, lines) == _END:
            self._loop.remove_reader(child.output)

    def _reap(self) -> None:
        for child, on_end, lines in list(self._watched.values()):
            code = child.process.poll()
            if code is None:
                continue
            del self._watched[child.pid]
            own_children.discard(child.pid)
            # What the main process left behind goes with it, as it would with a real machine.
            child.send_all(signal.SIGKILL)
            self._loop.remove_reader(child.output)
            _read_rest(child.output, lines)
            lines.finish()
            os.close(child.output)
            on_end(code)
        self._end_orphans()

    def _end_orphans(self) -> None:
        """End what was left behind by processes that ended, and collect those of them that ended themselves."""
        for pid in own_children.strangers(partial(children_of, os.getpid()), self._look_again):
            for one in (*descendants_of(pid), pid):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(one, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _look_again(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._end_orphans)


def _read_some(output: int, lines: Lines) -> int:
    """Read what is there: how many bytes, `_NOTHING` for now, or `_END`."""
    try:
        data = os.read(output, CHUNK)
    except BlockingIOError:
        return _NOTHING
    lines.feed(data)
    return len(data)


def _read_rest(output: int, lines: Lines) -> None:
    # Bounded, since a process that left the group could go on writing for ever.
    for _ in range(READS_AFTER_THE_END):
        if _read_some(output, lines) <= 0:
            return


class Lines:
    """Puts output together into lines, and hands each on; whoever never ends a line gets it in pieces."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._partial = ""

    def feed(self, data: bytes) -> None:
        """Take in a piece of output."""
        text = self._partial + self._decoder.decode(data)
        *whole, self._partial = text.split("\n")
        for line in whole:
            self._on_line(line.rstrip("\r"))
        if len(self._partial) > LONGEST_PARTIAL_LINE:
            self.finish()

    def finish(self) -> None:
        """Hand on what came after the last line break."""
        if self._partial:
            self._on_line(self._partial)
            self._partial = ""
