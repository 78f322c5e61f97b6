"""Somebody who knows nothing: takes every suggestion with Enter, and then types each line that is called "next"."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pexpect

from tests import planted
from tests.e2e.laptop import Laptop
from tests.flyo_process import FLYO

# What the wizard asks, by how each question begins; a question that is not known fails the test.
QUESTIONS = (
    "App name", "Primary region", "Further regions", "Machines in", "Start command", "Port the app",
    "Path that answers", "When a machine", "Memory of", "Go ahead?",
)  # fmt: skip
_NEXT = re.compile(r"(?:next {5}| {9})(flyo [^\r\n]*?)(?: {2,}[^\r\n]*)?\r?$", re.MULTILINE)
_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PATIENCE = 240


@dataclass
class Newcomer(Laptop):
    """A computer with a person at it.

    Attributes:
        answers: how many questions were answered so far.
    """

    answers: int = 0
    size: tuple[int, int] = (40, 120)
    terminal: str = "xterm"
    said: str = field(default="", repr=False)

    @property
    def variables(self) -> dict[str, str]:
        """Nothing is set but what keeps tests apart, and Go's cache, without which it compiles its library first."""
        kept = {name: value for name, value in super().variables.items() if name not in ("FLYO_FLYCTL", "COLUMNS")}
        return kept | {"GOCACHE": os.environ.get("GOCACHE") or str(Path.home() / ".cache" / "go-build")}

    def person(self, folder: Path, *arguments: str) -> pexpect.spawn[str]:
        """flyo at a terminal, in a folder."""
        planted.watch(self.root, but=(self.local,))
        return pexpect.spawn(
            FLYO,
            list(arguments),
            cwd=str(folder),
            env={**self.variables, "TERM": self.terminal, "PROMPT_TOOLKIT_NO_CPR": "1"},
            encoding="utf-8",
            timeout=60,
            dimensions=self.size,
        )

    def init(self, folder: Path) -> list[str]:
        """Answer `flyo init` with Enter throughout; gives the commands that it names as next."""
        child = self.person(folder, "init")
        # A question that was answered is drawn again with its answer.
        open_ones: list[str | type[pexpect.EOF]] = [*QUESTIONS, pexpect.EOF]
        while (number := child.expect_exact(open_ones)) < len(open_ones) - 1:
            del open_ones[number]
            self.answers += 1
            child.send("\r")
        child.close()
        self.said = _STEERING.sub("", str(child.before))
        assert child.exitstatus == 0, self.said
        return _NEXT.findall(self.said)

    def type(self, line: str, folder: Path, *, patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Type a line into a shell, as it was printed."""
        variables = {**self.variables, "PATH": f"{Path(FLYO).parent}:{self.variables['PATH']}"}
        ran = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return ran
