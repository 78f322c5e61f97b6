"""The process's own stdin, stdout and stderr, made so that nothing that becomes of them ends a rollout.

A stream that is closed (`<&-`, `>&-`, `2>&-`) reads and writes nothing. One that cannot be written any more (`| head`,
a full disk) is written to no longer, and remembers why.
"""

from __future__ import annotations

import io
import os
import sys

NAMES = ("stdin", "stdout", "stderr")


class LastingStream(io.TextIOWrapper):
    """A text stream on a file descriptor of the process.

    Attributes:
        lost: why it cannot be written any more; None while it can.
    """

    lost: OSError | None = None

    @classmethod
    def on(cls, descriptor: int, encoding: str) -> LastingStream:
        """A stream that leaves the descriptor open; a character that the encoding lacks is written as its escape."""
        raw = io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False))
        return cls(raw, encoding=encoding, errors="backslashreplace", line_buffering=True)

    def write(self, text: str) -> int:
        """Write, or do nothing on a stream that is lost."""
        try:
            return super().write(text)
        except OSError as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        """Flush, or do nothing on a stream that is lost."""
        try:
            super().flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        self.lost = self.lost or error
        # What is left in the buffer would fail once more when the process ends.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.fileno())
        os.close(null)
        super().flush()


def hold_streams() -> None:
    """Put lasting streams in the place of sys.stdin, sys.stdout and sys.stderr.

    To be called first of all: a descriptor that is free would be given to the next file that is opened, such as a
    journal, and whatever is printed would end up in it.
    """
    for descriptor in range(len(NAMES)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gives the lowest free descriptor, this one
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 open as long as the process
    for descriptor, name in enumerate(NAMES[1:], start=1):
        encoding = getattr(getattr(sys, name), "encoding", None) or "utf-8"
        setattr(sys, name, LastingStream.on(descriptor, encoding))
