"""One command line in this process, on real files and a real platform, and everything that it said."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Clock, Environment, SystemClock
from tests import planted


@dataclass(frozen=True)
class Said:
    """What a command ended with: its exit status, and all that it wrote."""

    status: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The last line for a person: the error."""
        return self.err.splitlines()[-1]

    def lines(self, code: str) -> list[str]:
        """The lines for a person that end with a code."""
        return [line for line in self.err.splitlines() if line.endswith(f"[{code}]")]


def said(
    words: str | list[str], cwd: Path, variables: Mapping[str, str], stdin: str = "", clock: Clock | None = None
) -> Said:
    """Run a command line; nobody sits at a terminal.

    Args:
        words: without "flyo"; a text is split at spaces.
        variables: the whole environment.
        clock: None for real time.
    """
    out, err = io.StringIO(), io.StringIO()
    time = clock or SystemClock()
    environment = Environment(dict(variables), cwd, time, stdin=io.StringIO(stdin), stdout=out, stderr=err)
    status = run(words.split() if isinstance(words, str) else words, environment)
    planted.hear(out.getvalue(), err.getvalue())
    return Said(status, out.getvalue(), err.getvalue())


def nobody(root: Path) -> dict[str, str]:
    """The environment of a computer without flyctl, whose directories are all below `root`."""
    own = {"FLYO_STATE_DIR": str(root / "state"), "FLYO_LOCAL_DIR": str(root / "local")}
    return own | {"PATH": "", "FLYO_LOCAL_PORT": "0"}


def program(directory: Path, script: str) -> str:
    """A flyctl that tells its version, and does with everything else what a script of the shell says."""
    path = directory / "flyctl"
    path.write_text(f'#!/bin/sh\n[ "$1" = version ] && echo \'{{"Version":"0.4.87"}}\' && exit\n{script}\n')
    path.chmod(0o755)
    return str(path)
