"""The live board of `flyo status --watch`, in a real pseudo-terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from tests.flyo_process import FLYO, PATIENCE
from tests.functional.cli.local_fleet import APP, LocalFleet

CTRL_L = "\x0c"
# The board is drawn in differences; after Ctrl-L it is drawn whole, and at once.
DRAWN = 3


class Terminal:
    """A board at a terminal of some size."""

    def __init__(self, fleet: LocalFleet, *, columns: int = 100, **variables: str) -> None:
        env = {name: value for name, value in fleet.variables.items() if name != "COLUMNS"}
        self.child = pexpect.spawn(
            FLYO,
            ["status", "--local", "--watch", "1"],
            cwd=str(fleet.project),
            env={**env, "TERM": "xterm", "LANG": "C.UTF-8", **variables},
            encoding="utf-8",
            timeout=PATIENCE,
            dimensions=(24, columns),
        )

    def shows(self, pattern: str) -> str:
        """Wait until the board shows it; gives what it has shown until then."""
        for _ in range(PATIENCE // DRAWN):
            self.child.send(CTRL_L)
            if self.child.expect([pattern, pexpect.TIMEOUT], timeout=DRAWN) == 0:
                return str(self.child.before) + str(self.child.after)
        raise AssertionError(f"the board never showed {pattern!r}")

    def press(self, keys: str) -> None:
        """Type."""
        self.child.send(keys)

    def end(self) -> int | None:
        """Quit; the exit status."""
        self.child.send("q")
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus


@pytest.fixture
def board(fleet: LocalFleet) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(**settings: object) -> Terminal:
        opened.append(Terminal(fleet, **settings))  # type: ignore[arg-type]
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.child.close(force=True)


def test_machines_and_their_logs_are_shown_until_q(fleet: LocalFleet, board: Callable[..., Terminal]) -> None:
    fra, iad = fleet.machine_in("fra")["id"], fleet.machine_in("iad")["id"]
    terminal = board()
    page = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal.shows("q quit"))
    assert f"> iad     {iad}  started" in page
    assert f"{APP} · http://{APP}.localhost" in page and "as of " in page
    terminal.press("l")
    terminal.shows(rf"logs of {iad}")
    terminal.shows(rf"iad {iad}\S* asked for /up")
    terminal.press("j")
    terminal.shows(rf"logs of {fra}")
    terminal.press("l")
    assert "logs of" not in terminal.shows("q quit")
    assert terminal.end() == 0


def test_a_restart_is_asked_for_first(fleet: LocalFleet, board: Callable[..., Terminal]) -> None:
    machine = fleet.machine_in("iad")
    terminal = board()
    terminal.shows("q quit")
    terminal.press("r")
    terminal.shows(rf"Restart machine {machine['id']} in iad\? y/n")
    terminal.press("n")
    terminal.shows("nothing was restarted")
    assert len(fleet.machine_in("iad")["events"]) == len(machine["events"])
    terminal.press("r")
    terminal.shows("y/n")
    terminal.press("y")
    terminal.shows(rf"restarted machine {machine['id']} in iad in \d+\.\d s")
    assert len(fleet.machine_in("iad")["events"]) > len(machine["events"])
    terminal.press("k")
    terminal.shows("q quit")
    assert terminal.end() == 0


def test_nothing_is_restarted_while_the_app_is_locked(fleet: LocalFleet, board: Callable[..., Terminal]) -> None:
    machine = fleet.machine_in("iad")
    fleet.ok("lock", "take", "--local", "--why", "a look")
    try:
        terminal = board(columns=200)
        terminal.shows("q quit")
        terminal.press("r")
        terminal.shows("y/n")
        terminal.press("y")
        terminal.shows(r"\[lock\.by_hand\]")
        assert terminal.end() == 0
    finally:
        fleet.ok("lock", "release", "--local")
    assert len(fleet.machine_in("iad")["events"]) == len(machine["events"])


def test_it_fits_sixty_columns_without_colours(fleet: LocalFleet, board: Callable[..., Terminal]) -> None:
    terminal = board(columns=60, NO_COLOR="1")
    page = terminal.shows("q quit")
    assert re.search(r"region +machine +state +(release +)?checks +health +latency", page), page
    assert not re.search(r"\x1b\[(?:0;)?3[1-7]", page)
    terminal.child.sendcontrol("c")
    terminal.child.expect(pexpect.EOF)
    terminal.child.close()
    assert terminal.child.exitstatus == 0


def test_the_app_is_opened(fleet: LocalFleet, board: Callable[..., Terminal], tmp_path: Path) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    terminal = board(BROWSER=f"{browser} %s")
    terminal.shows("q quit")
    terminal.press("o")
    terminal.shows(f"opened http://{APP}.localhost")
    assert opened.read_text() == f"http://{APP}.localhost:{fleet.running.port}/"
    assert terminal.end() == 0


def test_a_terminal_that_cannot_redraw_gets_page_after_page(fleet: LocalFleet) -> None:
    child = pexpect.spawn(
        FLYO,
        ["status", "--local", "--watch", "1"],
        cwd=str(fleet.project),
        env={**fleet.variables, "TERM": "dumb"},
        encoding="utf-8",
        timeout=PATIENCE,
    )
    for _ in range(2):
        child.expect("2 machines in 2 regions")
        child.expect(r"fra +1/1 +started")
        assert "\x1b" not in str(child.before)
    child.sendcontrol("c")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_without_a_terminal_it_says_what_to_do(fleet: LocalFleet) -> None:
    ran = fleet.flyo("status", "--local", "--watch")
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.last_line == (
        "flyo: flyo status: --watch needs a terminal, and there is none. Add --plain for page after page,"
        " or run 'flyo status --local' as often as you need it [status.terminal]"
    )
