"""`flyo init` at a pseudo-terminal, as a person uses it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from flyctl_orchestrator.project.project import load_project

KEYS = {"enter": "\r", "space": " ", "up": "\x1b[A", "down": "\x1b[B", "ctrl-c": "\x03", "ctrl-d": "\x04"}
APP = {
    "requirements.txt": "flask\ngunicorn\n",
    "app.py": 'from flask import Flask\n\napp = Flask(__name__)\n\n@app.get("/healthz")\ndef ok():\n    return {}\n',
}


class Terminal:
    """A flyo at a pseudo-terminal."""

    def __init__(self, directory: Path, *arguments: str, zone: str = "UTC") -> None:
        kept = {name: value for name, value in os.environ.items() if name in ("HOME", "LANG", "VIRTUAL_ENV")}
        # No flyctl on PATH: whether to create the app is not asked. CPR is a terminal's own answer.
        variables = {**kept, "PATH": "/usr/bin:/bin", "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "TZ": zone}
        command = [sys.executable, "-c", "from flyctl_orchestrator.cli.main import main; main()", "init", *arguments]
        self.child = pexpect.spawn(
            command[0],
            command[1:],
            cwd=str(directory),
            env=variables,
            encoding="utf-8",
            timeout=20,
            dimensions=(40, 120),
        )

    def answer(self, question: str, *keys: str) -> None:
        """Wait for `question`, then type: names of KEYS, or text as it is."""
        self.child.expect_exact(question)
        for key in keys:
            self.child.send(KEYS.get(key, key))

    def end(self) -> tuple[int, str]:
        """Exit status, and what was printed since the last answer."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert self.child.exitstatus is not None, f"ended by signal {self.child.signalstatus}"
        return self.child.exitstatus, str(self.child.before)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.child.close(force=True)


def make_app(directory: Path) -> Path:
    directory.mkdir()
    for name, text in APP.items():
        (directory / name).write_text(text)
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def clear(text: str) -> str:
    """Keys that delete a suggestion of this length."""
    return "\x7f" * len(text)


def test_answers_and_flags_give_byte_identical_files(tmp_path: Path, terminals: list[Terminal]) -> None:
    by_hand, by_flags = make_app(tmp_path / "by-hand"), make_app(tmp_path / "by-flags")
    terminal = Terminal(by_hand)
    terminals.append(terminal)
    terminal.answer("App name", clear("by-hand"), "shop", "enter")
    terminal.answer("Primary region", "fra", clear("fra"), "london", "enter")
    terminal.answer("Further regions", "tokyo", "space", clear("tokyo"), "frank", "space", "enter")
    terminal.answer("Machines in each of lhr, fra, nrt", clear("1"), "2", "enter")
    terminal.answer("Path that answers", "enter")
    terminal.answer("When a machine gets", "down", "enter")
    terminal.answer("Memory of a machine", "up", "enter")
    terminal.answer("Go ahead?", "enter")
    status, said = terminal.end()
    assert status == 0
    assert "flyo deploy --local" in said

    flags = ["--name", "shop", "--regions", "lhr=2,fra=2,nrt=2"]
    flags += ["--auto-stop", "stop", "--vm-memory", "256mb"]
    flagged = Terminal(by_flags, *flags, "--yes")
    terminals.append(flagged)
    assert flagged.end()[0] == 0
    assert contents(by_hand) == contents(by_flags)
    assert {"fly.toml", "flyo.toml", "Dockerfile", ".dockerignore"} < set(contents(by_hand))


def test_all_suggestions_are_what_yes_takes(tmp_path: Path, terminals: list[Terminal]) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    asked, yes = make_app(tmp_path / "one" / "shop"), make_app(tmp_path / "two" / "shop")
    terminal = Terminal(asked)
    terminals.append(terminal)
    questions = ["App name", "Primary region", "Further regions", "Machines in iad", "Path that answers"]
    asked_for = [*questions, "When a machine gets", "Memory of", "Go ahead?"]
    for question in asked_for:
        terminal.answer(question, "enter")
    assert len(asked_for) == 8
    assert terminal.end()[0] == 0
    quick = Terminal(yes, "--yes")
    terminals.append(quick)
    assert quick.end()[0] == 0
    assert contents(asked) == contents(yes)


@pytest.mark.parametrize("code", ["fra", "cdg", "sin"])
def test_a_code_that_is_typed_chooses_its_region(tmp_path: Path, terminals: list[Terminal], code: str) -> None:
    """ "fra" is in "Paris, France", too."""
    directory = make_app(tmp_path / "shop")
    terminal = Terminal(directory)
    terminals.append(terminal)
    terminal.answer("App name", "enter")
    terminal.answer("Primary region", code, "enter")
    questions = (
        "Further regions",
        f"Machines in {code}",
        "Path that answers",
        "When a machine gets",
        "Memory of",
        "Go",
    )
    for question in questions:
        terminal.answer(question, "enter")
    assert terminal.end()[0] == 0
    assert f'primary_region = "{code}"' in (directory / "fly.toml").read_text()


@pytest.mark.parametrize("key", ["ctrl-c", "ctrl-d"])
def test_leaving_writes_nothing(tmp_path: Path, terminals: list[Terminal], key: str) -> None:
    directory = make_app(tmp_path / "shop")
    terminal = Terminal(directory)
    terminals.append(terminal)
    terminal.answer("App name", "enter")
    terminal.answer("Primary region", "enter")
    terminal.answer("Further regions", "enter")
    terminal.answer("Machines in iad", clear("1"), key)
    status, said = terminal.end()
    assert status == 130
    assert "interrupted" in said and "Traceback" not in said
    assert set(contents(directory)) == set(APP)


def test_saying_no_to_the_summary_writes_nothing(tmp_path: Path, terminals: list[Terminal]) -> None:
    directory = make_app(tmp_path / "shop")
    terminal = Terminal(directory, "--name", "shop", "--regions", "iad", "--internal-port", "80", "--start", "x")
    terminals.append(terminal)
    for question in ("Path that answers", "When a machine gets", "Memory of"):
        terminal.answer(question, "enter")
    terminal.answer("Go ahead?", "n")
    assert terminal.end()[0] == 130
    assert set(contents(directory)) == set(APP)


def test_a_wrong_answer_is_refused_on_the_spot(tmp_path: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal(make_app(tmp_path / "shop"))
    terminals.append(terminal)
    terminal.answer("App name", " No", "enter")
    terminal.answer("Lower-case letters", clear("shop No"), "fine", "enter")
    terminal.answer("Primary region", "ctrl-c")
    assert terminal.end()[0] == 130


def test_an_existing_project_is_shown_with_what_will_change(tmp_path: Path, terminals: list[Terminal]) -> None:
    directory = make_app(tmp_path / "shop")
    theirs = '# mine\napp = "shop"\nprimary_region = "fra" # home\n\n[http_service]\ninternal_port = 5000\n'
    (directory / "fly.toml").write_text(theirs)
    (directory / "flyo.toml").write_text("[regions]\nfra = 2 # home\nnrt = 2\n")
    terminal = Terminal(directory)
    terminals.append(terminal)
    terminal.child.expect_exact("fly.toml and flyo.toml will be edited in place")
    terminal.answer("App name", "enter")
    terminal.answer("Primary region", "enter")
    terminal.answer("Further regions", "sydney", "space", "enter")
    terminal.answer("Machines in each of fra, nrt, syd", "enter")
    for question in ("Port the app listens on", "Path that answers", "When a machine gets"):
        terminal.answer(question, "enter")
    terminal.child.expect_exact("change   flyo.toml")
    terminal.child.expect_exact("+syd = 2")
    terminal.answer("Go ahead?", "enter")
    assert terminal.end()[0] == 0
    assert (directory / "flyo.toml").read_text().startswith("[regions]\nfra = 2 # home\nnrt = 2\nsyd = 2\n")
    assert (directory / "fly.toml").read_text().startswith(theirs)


def test_survives_a_terminal_that_is_resized(tmp_path: Path, terminals: list[Terminal]) -> None:
    directory = make_app(tmp_path / "shop")
    (directory / "Dockerfile").write_text("FROM scratch\n")
    terminal = Terminal(directory, "--name", "shop", "--regions", "iad")
    terminals.append(terminal)
    for question, size in (("Port the app", (10, 30)), ("Path that answers", (60, 200)), ("When a machine", (5, 20))):
        terminal.child.setwinsize(*size)
        terminal.answer(question, "enter")
    terminal.child.setwinsize(40, 120)
    terminal.answer("Memory of", "enter")
    terminal.answer("Go ahead?", "enter")
    assert terminal.end()[0] == 0


def test_stdout_stays_empty_so_that_it_can_be_redirected(tmp_path: Path, terminals: list[Terminal]) -> None:
    directory = make_app(tmp_path / "shop")
    script = tmp_path / "run.sh"
    code = "from flyctl_orchestrator.cli.main import main; main()"
    script.write_text(
        f'cd "{directory}"\n"{sys.executable}" -c "{code}" init --name shop --regions iad > "{tmp_path}/out"\n'
    )
    terminal = Terminal.__new__(Terminal)
    variables = {"PATH": "/usr/bin:/bin", "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "TZ": "UTC"}
    terminal.child = pexpect.spawn("/bin/sh", [str(script)], env=variables, encoding="utf-8", timeout=20)
    terminals.append(terminal)
    for question in ("Path that", "When a machine", "Memory of", "Go ahead?"):
        terminal.answer(question, "enter")
    assert terminal.end()[0] == 0
    assert (tmp_path / "out").read_bytes() == b""


def test_a_closed_primary_region_is_answered_with_the_nearest_open_one(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    directory = make_app(tmp_path / "shop")
    (directory / "fly.toml").write_text('app = "shop"\nprimary_region = "den"\n')
    terminal = Terminal(directory)
    terminals.append(terminal)
    terminal.answer("App name", "enter")
    terminal.answer("Primary region", "enter")
    terminal.child.expect_exact("dfw")
    terminal.answer("Further regions", "ctrl-c")
    assert terminal.end()[0] == 130
    assert 'primary_region = "den"' in (directory / "fly.toml").read_text()


def choose_primary(terminal: Terminal, directory: Path, *keys: str) -> str:
    """The region that typing this chooses."""
    terminal.answer("App name", "enter")
    terminal.answer("Primary region", *keys, "enter")
    for question in ("Further", "Machines in", "Path that answers", "When a machine gets", "Memory of", "Go"):
        terminal.answer(question, "enter")
    assert terminal.end()[0] == 0
    return load_project(directory).flytoml.primary_region or ""


def test_the_region_nearest_by_the_time_zone_is_suggested_as_a_guess(tmp_path: Path, terminals: list[Terminal]) -> None:
    directory = make_app(tmp_path / "shop")
    terminal = Terminal(directory, zone="Australia/Melbourne")
    terminals.append(terminal)
    said = "Region syd (Sydney) is a guess, from this computer's time zone, Australia/Melbourne."
    terminal.child.expect_exact(said)
    assert choose_primary(terminal, directory) == "syd"


@pytest.mark.parametrize(
    ("typed", "keys", "code"),
    [
        ("vienna", (), "fra"),
        ("italy", (), "fra"),
        ("united states", (), "iad"),
        ("united states", ("down",), "ewr"),
        ("zurich", (), "fra"),
    ],
)
def test_cities_and_countries_without_a_region_of_their_name_find_the_best(
    tmp_path: Path, terminals: list[Terminal], typed: str, keys: tuple[str, ...], code: str
) -> None:
    directory = make_app(tmp_path / "shop")
    terminals.append(Terminal(directory))
    assert choose_primary(terminals[0], directory, typed, *keys) == code
