"""`flyo init` typed into bash: in narrow and wide terminals, resized, dumb, and left at each of its questions."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.flyo_process import FLYO
from tests.functional.first_hour.folders import FLASK, make

PROMPT = "bash-is-ready> "
ASKED = (
    "App name", "Primary region", "Further regions", "Machines in", "Path that answers", "When a machine", "Memory of",
    "Go ahead?",
)  # fmt: skip
TERMINALS = [(60, "xterm"), (80, "xterm"), (200, "xterm"), (80, "screen"), (80, "dumb")]
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


class Bash:
    """A bash at a pseudo-terminal, in a folder of a Flask app."""

    def __init__(self, root: Path, columns: int, terminal: str) -> None:
        self.folder = make("flask", root)
        # No flyctl: whether to create the app is not asked. CPR is a terminal's own answer.
        variables = {"HOME": str(root), "PATH": f"{Path(FLYO).parent}:/usr/bin:/bin", "TERM": terminal}
        variables |= {
            "TZ": "UTC",
            "PS1": PROMPT,
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "PROMPT_TOOLKIT_NO_CPR": "1",
        }
        self.child = pexpect.spawn(
            "bash",
            ["--norc", "--noprofile", "--noediting"],
            cwd=str(self.folder),
            env=variables,
            encoding="utf-8",
            timeout=30,
            dimensions=(30, columns),
        )
        self.child.expect_exact(PROMPT)

    def type(self, line: str) -> None:
        self.child.send(line + "\r")

    def answered(self, line: str) -> str:
        """What bash prints for a line, once the prompt is there again."""
        self.type(line)
        self.child.expect_exact("\r\n")
        self.child.expect_exact(PROMPT)
        return str(self.child.before).strip()

    def usable(self) -> bool:
        """Whether what is typed is shown, and Ctrl-C and Enter mean what they do."""
        modes = self.answered("stty -a")
        return all(re.search(rf"(?<!-)\b{mode}\b", modes) for mode in ("echo", "icanon", "isig", "icrnl"))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[list[Bash]]:
    there: list[Bash] = []
    yield there
    for each in there:
        each.child.close(force=True)


@pytest.mark.parametrize(("columns", "terminal"), TERMINALS)
def test_enter_throughout_writes_the_files(opened: list[Bash], tmp_path: Path, columns: int, terminal: str) -> None:
    bash = Bash(tmp_path, columns, terminal)
    opened.append(bash)
    bash.type("flyo init")
    for question in ASKED:
        bash.child.expect_exact(question)
        bash.child.send("\r")
    bash.child.expect_exact("flyo deploy --local")
    bash.child.expect_exact(PROMPT)
    assert bash.answered("echo status $?") == "status 0"
    assert {"fly.toml", "flyo.toml", "Dockerfile"} < {path.name for path in bash.folder.iterdir()}
    assert bash.usable()


@pytest.mark.parametrize("terminal", ["xterm", "dumb"])
@pytest.mark.parametrize("last", range(len(ASKED)), ids=ASKED)
def test_ctrl_c_at_any_question_writes_nothing_and_gives_the_terminal_back(
    opened: list[Bash], tmp_path: Path, last: int, terminal: str
) -> None:
    bash = Bash(tmp_path, 80, terminal)
    opened.append(bash)
    bash.type("flyo init")
    for number, question in enumerate(ASKED[: last + 1]):
        bash.child.expect_exact(question)
        bash.child.send("\x03" if number == last else "\r")
    bash.child.expect_exact("nothing was written")
    bash.child.expect_exact(PROMPT)
    assert bash.answered("echo status $?") == "status 130"
    assert {path.name for path in bash.folder.iterdir()} == set(FLASK)
    assert bash.usable()


def test_a_terminal_that_changes_its_size_at_every_question(opened: list[Bash], tmp_path: Path) -> None:
    bash = Bash(tmp_path, 80, "xterm")
    opened.append(bash)
    bash.type("flyo init")
    for number, question in enumerate(ASKED):
        bash.child.expect_exact(question)
        bash.child.setwinsize(*((10, 40), (50, 200), (24, 60), (30, 80))[number % 4])
        bash.child.send("\r")
    bash.child.expect_exact("flyo deploy --local")
    bash.child.expect_exact(PROMPT)
    assert bash.answered("echo status $?") == "status 0"
