"""The command line as a whole: what starting it loads, and that every command fits into it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from flyctl_orchestrator.cli.context import SharedOptions
from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.cli.root import COMMANDS, OF_FLYCTL, OTHERWISE, flyo
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.build_options import BuildOptions
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.plan.part import Part

OURS = "flyctl_orchestrator"
FRONT = {
    f"{OURS}{each}"
    for each in ("", ".cli", ".cli.main", ".cli.root", ".cli.streams", ".errors", ".exits", ".variables")
}
# What the options of commands need: their values' forms, and the names to choose from.
VALUES = {
    "cli.complete",
    "cli.complete.known",
    "cli.context",
    "cli.options",
    "cli.quantities",
    "project",
    "project.example",
}
VALUES |= {"cli.build_options", "project.build_options"}
# Handed on to flyctl as they are, all in one place (`BuildOptions.switches`).
SWITCHES = {"depot", "remote_only", "local_only", "no_cache"}
FAULTS = {"rollout", "rollout.rehearsal", "rollout.rehearsal.fault_spec", "project.duration"}
DEFINITIONS = FRONT | {f"{OURS}.{each}" for each in VALUES | FAULTS}


def loaded(code: str) -> set[str]:
    """Modules that `code` loads beyond Python's own and Click."""
    show = f"{code}; import json, sys; print(json.dumps([*sys.modules]), file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    names = set(json.loads(ran.stderr.splitlines()[-1]))
    return {name for name in names if name.split(".")[0] not in sys.stdlib_module_names | {"click", "__main__"}}


def others(modules: set[str]) -> set[str]:
    """Without what the installation itself loads into every Python."""
    return modules - loaded("pass")


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_and_version_load_click_alone(word: str) -> None:
    assert others(loaded(f"from {OURS}.cli.main import run; run(['{word}'])")) <= FRONT


def test_the_options_of_all_commands_load_nothing_that_does_the_work() -> None:
    modules = [f"{OURS}.cli.commands.{module}" for _, module, _ in COMMANDS.values()]
    found = others(loaded("; ".join(f"import {module}" for module in modules)))
    assert {name for name in found if not name.startswith(f"{OURS}.cli.commands")} <= DEFINITIONS


def completed(words: str, position: int) -> list[str]:
    asked = {"_FLYO_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(position)}
    ran = subprocess.run(
        [sys.executable, "-c", f"from {OURS}.cli.main import main; main()"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.partition(",")[2] for line in ran.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "position", "among"),
    [
        ("flyo ", 1, list(COMMANDS)),
        ("flyo st", 1, ["status"]),
        ("flyo --", 1, ["--help", "--version"]),
        ("flyo deploy --ca", 2, ["--canary"]),
        ("flyo init --auto-stop s", 3, ["suspend", "stop"]),
        ("flyo local fault ", 3, ["add", "list", "clear", "names"]),
    ],
)
def test_a_shell_completes_commands_options_and_values(words: str, position: int, among: list[str]) -> None:
    assert set(among) <= set(completed(words, position))


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None, name
            yield from commands(child, (*path, name))


def test_every_shared_option_has_its_place() -> None:
    """A value that had none would be lost without a word."""
    places = {each.name for each in fields(SharedOptions)} | {each.name for each in fields(RolloutPolicy)}
    places |= {each.name for each in (*fields(BuildOptions), *fields(Part))} | SWITCHES
    for path, command in commands(flyo):
        shared = {each.name for each in command.params if not each.expose_value and not each.is_eager}
        assert shared <= places, path


def test_every_command_says_what_it_does() -> None:
    for path, command in commands(flyo):
        assert command.help, path
        assert command.get_short_help_str(), path


# `flyo local exec` hands options on to its command.
OWN = [path for path, command in commands(flyo) if not command.context_settings.get("ignore_unknown_options")]


@pytest.mark.parametrize("path", OWN, ids=" ".join)
def test_a_wrong_command_line_ends_with_2_and_says_so_to_programs_too(tmp_path: Path, path: tuple[str, ...]) -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    environment = Environment({"PATH": ""}, tmp_path, stdin=io.StringIO(), stdout=stdout, stderr=stderr)
    assert run([*path, "--no-such-option", "--json"], environment) == 2
    told = json.loads(stdout.getvalue())
    where = " ".join(("flyo", *path)) if path else ""
    assert (told["code"], told["exit"], told["where"] or "") == ("usage", 2, where)
    (line,) = stderr.getvalue().splitlines()
    assert line.startswith(f"flyo: {where}: No such option" if where else "flyo: No such option") and line.endswith(
        " [usage]"
    )


def options_of(command: click.Command) -> Iterator[click.Parameter]:
    """Every parameter of a command and of what is below it."""
    yield from command.params
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from options_of(below)


def test_no_option_takes_a_number_that_is_none() -> None:
    numbers = [
        each for each in options_of(flyo) if isinstance(each.type, click.FloatRange | click.types.FloatParamType)
    ]
    assert numbers
    for option in numbers:
        for text, said in (
            ("nan", "is no amount"),
            ("inf", "not in the range|is no amount"),
            ("abc", "not a valid number"),
        ):
            with pytest.raises(click.BadParameter, match=said):
                option.type.convert(text, option, None)


def test_whatever_prints_json_can_be_read_aloud_too() -> None:
    for path, command in commands(flyo):
        names = {name for each in command.params for name in each.opts}
        assert ("--json" in names) <= ("--plain" in names), path


# Flags, and words for a program in a machine, which takes what it likes.
WITHOUT_TEXT = (click.types.BoolParamType, type(click.UNPROCESSED))


def test_no_option_or_argument_takes_an_empty_text() -> None:
    """A script's empty variable is a mistake: it is neither the default nor the current directory."""
    tried = [each for each in options_of(flyo) if not isinstance(each.type, WITHOUT_TEXT)]
    assert {type(each.type).__name__ for each in tried} >= {"Text", "FilePath", "Known", "Duration", "Amount"}
    for parameter in tried:
        with pytest.raises(click.BadParameter):
            parameter.type.convert("", parameter, None)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("regions", "list", "--vm-size", ""), "'--vm-size'"),
        (("regions", "suggest", "--users", "de", "--vm-size="), "'--vm-size'"),
        (("regions", "suggest", "--users", "de", "--html", ""), "'--html'"),
        (("regions", "suggest", "--users", "de", "--keep", " "), "'--keep'"),
        (("regions", "suggest", "--users-from", ""), "'--users-from'"),
        (("cost", "--traffic", ""), "'--traffic'"),
        (("cost", "--config", ""), "'-c' / '--config'"),
        (("deploy", "--regions", ""), "'--regions' / '--only-regions'"),
        (("init", "--regions", ""), "'--regions'"),
        (("history", "show", ""), "'ROLLOUT'"),
        (("logs", "--machine", ""), "'--machine'"),
        (("run", "--region", "", "true"), "'--region'"),
        (("status", "-a", ""), "'-a' / '--app'"),
        (("deploy", ""), "'[WORKING_DIR]'"),
    ],
)
def test_an_empty_text_is_an_error_of_usage_in_one_line(tmp_path: Path, words: tuple[str, ...], name: str) -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    environment = Environment({"PATH": ""}, tmp_path, stdin=io.StringIO(), stdout=stdout, stderr=stderr)
    assert (run([*words], environment), stdout.getvalue()) == (2, "")
    (line,) = stderr.getvalue().splitlines()
    assert f": Invalid value for {name}: it names nothing; write a value, or leave it out. 'flyo " in line
    assert line.endswith(" --help' shows what it takes [usage]")


def test_a_command_of_a_machine_may_have_an_empty_word() -> None:
    command = flyo.get_command(click.Context(flyo), "run")
    assert command is not None
    assert command.make_context("run", ["psql", ""], parent=click.Context(flyo)).params["command"] == ("psql", "")


@pytest.mark.parametrize(
    "option", ["--process-groups", "--only-machines", "--regions", "--exclude-machines", "--without"]
)
@pytest.mark.parametrize("text", ["", " , "])
def test_an_empty_list_does_not_stand_for_the_whole_fleet(option: str, text: str) -> None:
    context = click.Context(flyo)
    deploy = flyo.get_command(context, "deploy")
    assert deploy is not None
    with pytest.raises(click.BadParameter, match="it names nothing"):
        deploy.make_context("deploy", [option, text], parent=context)


@pytest.mark.parametrize("name", sorted(OTHERWISE))
def test_what_flyo_does_otherwise_is_not_said_to_be_flyctls(name: str) -> None:
    assert name in OF_FLYCTL.split()
    with pytest.raises(UsageError) as refused:
        flyo.resolve_command(click.Context(flyo), [name])
    assert OTHERWISE[name] == refused.value.next
