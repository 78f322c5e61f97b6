"""Commands in advice get what leads to the same target, and nothing else in it changes."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.cli.root import COMMANDS, flyo
from flyctl_orchestrator.report.advice import ALL, GROUPS, WITHOUT_FILE, TypedTarget

LOCAL = TypedTarget(local=True)


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Every command, by its path, with the options it takes."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from leaves(found, (*path, name))
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield path, {option for parameter in command.params for option in parameter.opts}


def test_the_tables_are_what_the_commands_take() -> None:
    taken = {"-".join(path): options for path, options in leaves(flyo)}
    assert {name for name, options in taken.items() if {"--local", "-a", "-c"} <= options} == ALL
    assert {name for name, options in taken.items() if "--local" in options} == ALL | WITHOUT_FILE
    assert {name.partition("-")[0] for name in ALL if name not in COMMANDS} == set(GROUPS)


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("'flyo deploy' creates it", "'flyo deploy --local' creates it"),
        (
            "'flyo deploy --resume' finishes it, 'flyo deploy --abort' puts everything back",
            "'flyo deploy --local --resume' finishes it, 'flyo deploy --local --abort' puts everything back",
        ),
        ("'flyo history' lists them", "'flyo history --local' lists them"),
        ("flyo history show last --html x", "flyo history show --local last --html x"),
        ("Run 'flyo lock release --force'", "Run 'flyo lock release --local --force'"),
        ("pipe one: flyo secrets import - < .env", "pipe one: flyo secrets import --local - < .env"),
        ("Put it in with 'flyo run -- CMD'", "Put it in with 'flyo run --local -- CMD'"),
        ("flyo deploy --local   rehearse it", "flyo deploy --local   rehearse it"),
        ("to try it out: flyo init --example habit", "to try it out: flyo init --local --example habit"),
        ("'flyo explain' lists them all", "'flyo explain' lists them all"),
        ("'flyo local fault names' lists them", "'flyo local fault names' lists them"),
        ("'flyo --help' lists the commands", "'flyo --help' lists the commands"),
        ("flyo rolls out its own way; 'flyctl status'", "flyo rolls out its own way; 'flyctl status'"),
    ],
)
def test_a_command_gets_the_option_where_it_takes_it(text: str, completed: str) -> None:
    assert LOCAL.advice(text) == completed
    assert LOCAL.advice(completed) == completed


def test_the_app_and_its_file_are_named_again() -> None:
    typed = TypedTarget(local=True, app="shop", config="the files/fly.toml")
    assert typed.advice("'flyo logs' shows it") == "'flyo logs --local -a shop -c 'the files/fly.toml'' shows it"
    assert TypedTarget(app="shop").advice("'flyo status --machines'") == "'flyo status -a shop --machines'"
    assert TypedTarget(app="shop").advice("'flyo init --create'") == "'flyo init -a shop --create'"


@given(st.text(max_size=200))
def test_where_no_command_is_named_nothing_changes(text: str) -> None:
    assert TypedTarget().advice(text) == text
    if "flyo " not in text:
        assert LOCAL.advice(text) == text


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("Make it: 'flyctl volumes create data -n 1'", "Make it: 'flyo local exec -- flyctl volumes create data -n 1'"),
        ("Log in with 'flyctl auth login'", "Log in with 'flyctl auth login'"),
        ("'flyctl config validate' says it, too", "'flyctl config validate' says it, too"),
    ],
)
def test_flyctl_is_never_sent_to_fly_io_for_the_local_platform(text: str, completed: str) -> None:
    for typed in (TypedTarget(local=True, on_local=True), TypedTarget(on_local=True)):
        assert typed.advice(text) == completed
        assert typed.advice(completed) == completed
    assert TypedTarget().advice(text) == text
