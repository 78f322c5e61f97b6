"""What a command may touch of the world, handed in so that tests own it."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.variables import is_off


class Clock(Protocol):
    """Time as the core sees it. Tests pass one they move by hand."""

    def now(self) -> float:
        """Wall time, seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards, for durations."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Wall time, seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go backwards, for durations."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        time.sleep(seconds)


@dataclass(frozen=True)
class Environment:
    """The outside world of one `flyo` run.

    Attributes:
        variables: the process environment (nothing below the command line reads `os.environ`).
        cwd: the directory the user is in.
        clock: where time comes from.
        random: where randomness comes from (ids and jitter; secrets use the operating system's source).
        etc: where the computer has its own settings, such as its time zone.
        stdin, stdout, stderr: the terminal. stdout is for data, stderr is for people.
    """

    variables: Mapping[str, str]
    cwd: Path
    clock: Clock = field(default_factory=SystemClock)
    random: random.Random = field(default_factory=random.SystemRandom)
    etc: Path = Path("/etc")
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)

    @classmethod
    def of_process(cls) -> Environment:
        """The environment this very process runs in.

        Raises:
            UsageError: its directory is gone (code usage.cwd).
        """
        try:
            cwd = Path.cwd()
        except OSError as error:
            what = f"the current directory cannot be read ({error.strerror or error})"
            raise UsageError(what, next="Change to a directory that exists", code="usage.cwd") from error
        return cls(variables=dict(os.environ), cwd=cwd)

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked: a terminal on both ends, and not in CI."""
        return self.stdin.isatty() and self.stderr.isatty() and is_off(self.variables, "CI")
