"""What `flyo secrets` refuses before it asks anybody anything: no platform, no flyctl and no network are needed."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TextIO

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment


def refused(directory: Path, *arguments: str, stdin: str = "") -> tuple[int, str]:
    environment = Environment(
        {"PATH": ""}, directory, stdin=io.StringIO(stdin), stdout=io.StringIO(), stderr=io.StringIO()
    )
    status = run(["secrets", *arguments], environment)
    assert written(environment.stdout) == ""
    return status, written(environment.stderr)


def written(stream: TextIO) -> str:
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "fly.toml").write_text('app = "shop"\n')
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (
            ["set", "KEY=hunter2"],
            "",
            "flyo: KEY: a value on the command line is seen by every program on this computer, and kept in the shell's "
            "history. Run 'flyo secrets set KEY' and type it when asked, or pipe it into 'flyo secrets set KEY=-'; "
            "and choose another value, this one may have been seen [secrets.on_command_line]",
        ),
        (
            ["set", "KEY"],
            "",
            "flyo: flyo secrets set: there is no terminal to type a value at. "
            'Pipe it: printf %s "$VALUE" | flyo secrets set KEY=- [secrets.stdin]',
        ),
        (
            ["set", "OK", "not a name hunter2"],
            "",
            "flyo: name 2: is not a valid name for a secret. Use letters, digits and _, and do not start with a digit "
            "[secrets.name]",
        ),
        (
            ["set", "A", "A"],
            "",
            "flyo: flyo secrets: a name is given twice. Give each once [secrets.name]",
        ),
        (
            ["set", "PRIMARY_REGION=-"],
            "iad",
            "flyo: name 1: Fly.io sets PRIMARY_REGION from fly.toml; a secret would hide it when it changes "
            "there. Leave it out, or choose another name [secrets.name]",
        ),
        (
            ["import", "missing.env"],
            "",
            "flyo: missing.env: does not exist. Name an existing file [config.missing]",
        ),
        (
            ["import", "-"],
            "A=1\nhunter2\n",
            "flyo: stdin:2: is not NAME=VALUE. Correct that line [config.syntax]",
        ),
        (
            ["import"],
            "# nothing\nPORT=1\n",
            "flyo: stdin: holds no secrets. Write NAME=VALUE lines [secrets.none]",
        ),
        (
            ["generate", "KEY=hunter2"],
            "",
            "flyo: KEY: a value on the command line is seen by every program on this computer, and kept in the shell's "
            "history. Run 'flyo secrets set KEY' and type it when asked, or pipe it into 'flyo secrets set KEY=-'; "
            "and choose another value, this one may have been seen [secrets.on_command_line]",
        ),
        (
            ["generate", "KEY", "--bytes", "8"],
            "",
            "flyo: flyo secrets generate: Invalid value for '--bytes': 8 is not in the range 16<=x<=1024. "
            "'flyo secrets generate --help' shows what it takes [usage]",
        ),
    ],
)
def test_in_one_line_without_the_value(project: Path, arguments: list[str], stdin: str, message: str) -> None:
    assert refused(project, *arguments, stdin=stdin) == (2, message + "\n")


def test_without_fly_toml_an_app_must_be_named(tmp_path: Path) -> None:
    status, said = refused(tmp_path, "list")
    assert (status, said) == (2, "flyo: fly.toml: does not exist. Run 'flyo init' [config.missing]\n")
    status, said = refused(tmp_path, "list", "--app", "shop")
    assert (status, said.split(".")[0]) == (8, "flyo: PATH: flyctl is not installed")


def test_two_values_cannot_share_stdin(project: Path) -> None:
    status, said = refused(project, "set", "A=-", "B", stdin="x")
    assert status == 2
    assert said.startswith("flyo: flyo secrets set: stdin holds one value, and there are several names.")


def test_errors_are_json_for_a_program(project: Path) -> None:
    environment = Environment({"PATH": ""}, project, stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO())
    assert run(["secrets", "set", "KEY=hunter2", "--json"], environment) == 2
    told = json.loads(written(environment.stdout))
    assert (told["event"], told["code"], told["exit"]) == ("error", "secrets.on_command_line", 2)
    assert "hunter2" not in written(environment.stdout) + written(environment.stderr)
