"""Who comes from whom, and which children this process did not start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from flyctl_orchestrator.local.base import own_children
from flyctl_orchestrator.local.runtime import tree

CHAIN = "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"


def test_descendants_are_found_parents_first() -> None:
    with subprocess.Popen([sys.executable, "-c", CHAIN], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        below = int(process.stdout.readline())
        assert process.pid in tree.children_of(os.getpid())
        assert tree.descendants_of(process.pid) == [below]
        found = tree.descendants_of(os.getpid())
        assert found.index(process.pid) < found.index(below)
        process.kill()
        os.kill(below, 9)
    assert tree.children_of(process.pid) == []


def test_strangers_are_the_children_that_were_not_started_here() -> None:
    own_children.add(-1)
    assert own_children.strangers(lambda: [-1, -2], lambda: None) == [-2]
    own_children.discard(-1)
    assert own_children.strangers(lambda: [-1, -2], lambda: None) == [-1, -2]


def test_nobody_is_a_stranger_while_children_are_being_started() -> None:
    looked: list[str] = []

    def later() -> None:
        looked.append("again")

    with own_children.starting():
        with own_children.starting():
            for _ in range(2):
                assert own_children.strangers(lambda: pytest.fail("looked too early"), later) == []
        assert looked == []
    assert looked == ["again"], "once, by whoever started the last one"
