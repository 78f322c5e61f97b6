"""A process that looks for its volume, or a program, where only Fly.io and containers have it is told so."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.runtime.not_here import told


@pytest.mark.parametrize(
    "line",
    [
        "2026/11/30 18:23:59 open /data/db.json: no such file or directory",
        "Error: ENOENT: no such file or directory, mkdir '/data'",
        "FileNotFoundError: [Errno 2] No such file or directory: '/data/notes.db'",
        "sh: can't create /data/visits: Permission denied",
        "TypeError: Cannot open database because the directory does not exist",
        "sqlite3.OperationalError: unable to open database file",
    ],
)
def test_a_volume_looked_for_at_the_root_of_this_computer(line: str) -> None:
    assert told(line, []) == ""
    said = told(line, ["/data", "/cache"])
    assert said.startswith("a process has its volume at $HOME/data, not at /data of this computer: ")
    assert 'runtime = "container"' in said


@pytest.mark.parametrize(
    "line", ["/bin/sh: 1: pnpm: not found", "bash: line 1: pnpm: command not found", "sh: pnpm: not found"]
)
def test_a_program_of_the_base_image(line: str) -> None:
    assert told(line, []).startswith("pnpm is not on this computer: install it, or start a container engine")


def test_a_program_that_the_build_was_to_make() -> None:
    said = told("/bin/sh: 1: ./hello: not found", [])
    assert said.startswith("./hello is not in the image: make it with `build` under [local], or start")


@pytest.mark.parametrize(
    "line",
    [
        "wash: room: not found",
        "open /srv/data/db.json: no such file or directory",
        "open /database: no such file or directory",
        "open /data-old/db.json: no such file or directory",
        "opened /data/db.json",
        "GET /missing 404",
    ],
)
def test_other_lines_tell_nothing(line: str) -> None:
    assert told(line, ["/data"]) == ""
