"""Processes that another program starts for this one: their parent is this one all the same."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flyctl_orchestrator.local.base import own_children
from flyctl_orchestrator.local.runtime.children import Child
from flyctl_orchestrator.local.runtime.spawner import Spawner
from flyctl_orchestrator.local.runtime.tree import children_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is no such program")
PATH = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def spawner() -> Iterator[Spawner]:
    made = Spawner()
    yield made
    made.close()


def said(child: Child) -> str:
    """All it has written, once it has ended."""
    os.set_blocking(child.output, True)
    with os.fdopen(child.output, "rb") as output:
        text = output.read().decode()
    child.process.wait()
    own_children.discard(child.pid)
    return text


def shell(spawner: Spawner, script: str, directory: Path, **env: str) -> Child:
    return Child.spawn(spawner, ("sh", "-c", script), PATH | env, directory)


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", -9), ("kill -15 $$", -15)])
def test_its_end_is_told_as_any_childs(spawner: Spawner, tmp_path: Path, script: str, code: int) -> None:
    child = shell(spawner, script, tmp_path)
    assert (child.process.wait(), child.process.poll()) == (code, code)
    assert said(child) == ""


def test_it_has_what_it_was_given_and_nothing_else(spawner: Spawner, tmp_path: Path) -> None:
    with (tmp_path / "other").open("w"):
        text = said(shell(spawner, "pwd; tr '\\0' '\\n' < /proc/$$/environ; ls /proc/$$/fd", tmp_path, NAME="é=2"))
    assert sorted(text.split()) == sorted([str(tmp_path), "PATH=/usr/bin:/bin", "NAME=é=2", "0", "1", "2"])


def test_it_adopts_what_its_descendants_leave(spawner: Spawner, tmp_path: Path) -> None:
    # The shell in brackets ends at once, and leaves a process in a session of its own.
    child = shell(spawner, "(setsid sleep 60 > /dev/null 2>&1 &); echo ready; exec sleep 60", tmp_path)
    os.set_blocking(child.output, True)
    assert os.read(child.output, 100) == b"ready\n"
    assert len(children_of(child.pid)) == 1
    child.send_all(signal.SIGKILL)
    assert said(child) == ""


def test_it_ends_when_nobody_reads_what_it_writes(spawner: Spawner, tmp_path: Path) -> None:
    # Python ignores SIGPIPE; what it starts must not, and `yes` says so where it does.
    assert said(shell(spawner, "yes | head -n 1", tmp_path)) == "y\n"


@pytest.mark.parametrize(
    ("argv", "env", "where", "wrong"),
    [
        (("no-such-program",), PATH, ".", FileNotFoundError),
        (("/etc/passwd",), PATH, ".", PermissionError),
        (("true",), PATH, "nowhere", FileNotFoundError),
        (("a\0b",), PATH, ".", ValueError),
        (("true",), {"A=": "1"}, ".", ValueError),
        (("true",), {"": "1"}, ".", ValueError),
        (("\ud800",), PATH, ".", ValueError),
    ],
)
def test_what_cannot_be_executed_is_an_error(
    spawner: Spawner, tmp_path: Path, argv: tuple[str, ...], env: dict[str, str], where: str, wrong: type[Exception]
) -> None:
    with pytest.raises(wrong):
        Child.spawn(spawner, argv, env, tmp_path / where)
    assert said(shell(spawner, "echo still", tmp_path)) == "still\n"


def test_a_long_environment_arrives(spawner: Spawner, tmp_path: Path) -> None:
    long = {f"NAME_{number}": "x" * 1000 for number in range(1000)}
    assert said(shell(spawner, "echo ${#NAME_999}", tmp_path, **long)) == "1000\n"


def test_one_that_was_ended_is_begun_again(spawner: Spawner, tmp_path: Path) -> None:
    assert said(shell(spawner, "echo one", tmp_path)) == "one\n"
    for program in children_of(os.getpid()):
        if "spawner_program" in Path(f"/proc/{program}/cmdline").read_text():
            os.kill(program, signal.SIGKILL)
    assert said(shell(spawner, "echo two", tmp_path)) == "two\n"


def test_many_may_be_started_at_once(spawner: Spawner, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        texts = pool.map(lambda number: said(shell(spawner, f"echo {number}", tmp_path)), range(60))
    assert list(texts) == [f"{number}\n" for number in range(60)]
