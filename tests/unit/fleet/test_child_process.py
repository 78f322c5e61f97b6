"""Real children, real signals."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from flyctl_orchestrator.fleet.flyctl.child_process import OUTPUT_LIMIT, Child, Ended
from tests.unit.fleet.interrupting import pressing
from tests.waiting import eventually

ENV = {"PATH": os.defpath}


def run(code: str, tmp_path: Path, *, timeout: float = 30.0, lines: list[str] | None = None) -> Ended:
    on_line = lines.append if lines is not None else None
    child = Child([sys.executable, "-c", code], env=ENV, cwd=tmp_path, on_line=on_line)
    return child.wait(timeout)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_both_streams_and_the_status_are_kept_apart(tmp_path: Path) -> None:
    ended = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)", tmp_path)
    assert (ended.status, ended.stdout, ended.stderr, ended.timed_out) == (7, "out\n", "err\n", False)


def test_its_input_is_empty_and_not_ours(tmp_path: Path) -> None:
    assert run("import sys; print(repr(sys.stdin.read()))", tmp_path).stdout == "''\n"


def test_lines_are_handed_out_as_they_come(tmp_path: Path) -> None:
    lines: list[str] = []
    heard = threading.Event()
    code = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
print(os.getpid(), flush=True)
signal.sigwait({signal.SIGUSR1})
print("heard of it")
"""

    def hear(line: str) -> None:
        lines.append(line)
        heard.set()

    child = Child([sys.executable, "-c", code], env=ENV, cwd=tmp_path, on_line=hear)
    assert heard.wait(20)
    os.kill(int(lines[0]), signal.SIGUSR1)
    child.wait(20)
    assert lines[1:] == ["heard of it"]


def test_a_listener_that_fails_does_not_block_the_child_and_is_heard_of_in_the_end(tmp_path: Path) -> None:
    def fail(line: str) -> None:
        raise BrokenPipeError("nobody reads")

    code = "import sys; sys.stdout.write('line\\n' * 100_000)"
    child = Child([sys.executable, "-c", code], env=ENV, cwd=tmp_path, on_line=fail)
    with pytest.raises(BrokenPipeError, match="nobody reads"):
        child.wait(30)
    assert not child.running


def test_a_last_line_without_an_end_and_one_without_any_end_are_handed_out(tmp_path: Path) -> None:
    lines: list[str] = []
    run("import sys; sys.stdout.write('a\\r\\nb')", tmp_path, lines=lines)
    assert lines == ["a", "b"]
    lines.clear()
    run("import sys; sys.stdout.write('x' * 300_000)", tmp_path, lines=lines)
    assert len(lines) > 1
    assert "".join(lines) == "x" * 300_000


def test_endless_output_is_cut_and_does_not_block(tmp_path: Path) -> None:
    ended = run(
        f"import sys; [sys.stdout.write('x' * 1_000_000) for _ in range({OUTPUT_LIMIT // 1_000_000 + 5})]", tmp_path
    )
    assert ended.status == 0
    assert len(ended.stdout) == OUTPUT_LIMIT


def test_the_time_is_limited(tmp_path: Path) -> None:
    ended = run("import time; print('began', flush=True); time.sleep(100)", tmp_path, timeout=1.0)
    assert ended.timed_out
    assert ended.status != 0
    assert ended.stdout == "began\n"


def test_a_child_that_ignores_the_interrupt_is_killed_with_all_its_children(tmp_path: Path) -> None:
    code = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
stubborn = "import signal, time; signal.signal(2, signal.SIG_IGN); time.sleep(100)"
grandchild = subprocess.Popen([sys.executable, "-c", stubborn])
print(grandchild.pid, flush=True)
time.sleep(100)
"""
    said = threading.Event()
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        said.set()

    child = Child([sys.executable, "-c", code], env=ENV, cwd=tmp_path, on_line=hear)
    assert said.wait(20)
    child.end(grace=0.2)
    assert not child.running
    eventually(lambda: gone(int(lines[0])))


def test_an_interrupted_child_may_say_goodbye(tmp_path: Path) -> None:
    code = """
import time
try:
    print("ready", flush=True)
    time.sleep(100)
except KeyboardInterrupt:
    print("goodbye", flush=True)
"""
    ready = threading.Event()
    child = Child([sys.executable, "-c", code], env=ENV, cwd=tmp_path, on_line=lambda line: ready.set())
    assert ready.wait(20)
    child.end()
    assert child.wait(1).stdout == "ready\ngoodbye\n"


def test_a_script_that_ends_at_once_does_not_take_the_time_from_what_it_started(tmp_path: Path) -> None:
    code = """
import subprocess, sys
slow = '''
import time
try:
    print("ready", flush=True)
    time.sleep(100)
except KeyboardInterrupt:
    time.sleep(0.5)
    print("goodbye", flush=True)
'''
subprocess.Popen([sys.executable, "-c", slow]).wait()
"""
    ready = threading.Event()
    child = Child([sys.executable, "-c", code], env=ENV, cwd=tmp_path, on_line=lambda line: ready.set(), grace=20)
    assert ready.wait(20)
    child.end()
    assert child.wait(1).stdout == "ready\ngoodbye\n"


def test_a_second_interrupt_ends_the_patience(tmp_path: Path) -> None:
    code = """
import signal, time
signal.signal(signal.SIGINT, lambda *_: print("no", flush=True))
print("ready", flush=True)
while True:
    time.sleep(1)
"""

    # Once to interrupt the wait, and once more as soon as the child has heard of it.
    with pressing("Child.wait", "Child.end") as presser, pytest.raises(KeyboardInterrupt):
        child = Child([sys.executable, "-c", code], env=ENV, cwd=tmp_path, on_line=presser.press, grace=100)
        child.wait(100)
    assert not child.running


def test_a_grandchild_that_keeps_the_pipes_does_not_keep_us(tmp_path: Path) -> None:
    code = """
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
"""
    ended = run(code, tmp_path)
    eventually(lambda: gone(int(ended.stdout)))


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Child(["/no/such/program"], env=ENV, cwd=tmp_path, on_line=None)
