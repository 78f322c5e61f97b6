"""Where a secret's value may come from: a hidden prompt, or stdin. Never the command line."""

from __future__ import annotations

from pathlib import Path

import click

from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.secretrules import MOST_BYTES, check_name, check_value
from flyctl_orchestrator.project.tomlfile import MAX_BYTES, read_text

# A terminal in line mode hands over no longer line (Linux: 4096 bytes with the end, macOS: 1024) and cuts silently.
LONGEST_TYPED = 1000


def read_names(words: tuple[str, ...]) -> tuple[list[str], bool]:
    """Names as typed, and whether one of them was NAME=- (its value comes from stdin).

    Raises:
        UsageError: a value stands on the command line, or a name is none (codes secrets.*).
    """
    names: list[str] = []
    piped = False
    for position, word in enumerate(words, start=1):
        name, equals, value = word.partition("=")
        check_name(name, where=f"name {position}")
        if equals and value != "-":
            raise UsageError(
                "a value on the command line is seen by every program on this computer, and kept in the shell's "
                "history",
                where=name,
                next=f"Run 'flyo secrets set {name}' and type it when asked, or pipe it into "
                f"'flyo secrets set {name}=-'; and choose another value, this one may have been seen",
                code="secrets.on_command_line",
            )
        piped = piped or bool(equals)
        names.append(name)
    if len(set(names)) < len(names):
        raise UsageError("a name is given twice", where="flyo secrets", next="Give each once", code="secrets.name")
    return names, piped


def check_source(environment: Environment, names: list[str], *, piped: bool) -> None:
    """Make sure that `read_values` can work, before anything else is done.

    Raises:
        UsageError: there is no terminal to ask at, or stdin cannot hold all values (code secrets.stdin).
    """
    if piped and len(names) != 1:
        raise UsageError(
            "stdin holds one value, and there are several names",
            where="flyo secrets set",
            next="Set one name at a time, or pipe NAME=VALUE lines into 'flyo secrets import -'",
            code="secrets.stdin",
        )
    if not piped and not environment.interactive:
        raise UsageError(
            "there is no terminal to type a value at",
            where="flyo secrets set",
            next=f'Pipe it: printf %s "$VALUE" | flyo secrets set {names[0]}=-',
            code="secrets.stdin",
        )


def read_values(environment: Environment, names: list[str], *, piped: bool) -> dict[str, str]:
    """A value for each name: from stdin for a single one, or asked for without showing it.

    Raises:
        UsageError: a value can be no secret (codes secrets.*).
    """
    if piped:
        return {names[0]: _nonempty(names[0], _without_last_newline(read_stdin(environment)))}
    return {name: _nonempty(name, _prompt(name)) for name in names}


def read_stdin(environment: Environment) -> str:
    """All of stdin, as UTF-8 text.

    Raises:
        UsageError: it is too long or not text (code secrets.stdin).
    """
    limit = max(MOST_BYTES, MAX_BYTES)
    try:
        source = getattr(environment.stdin, "buffer", None)
        text = source.read(limit + 1).decode("utf-8") if source else environment.stdin.read(limit + 1)
    except UnicodeDecodeError:
        raise UsageError(
            "is not UTF-8 text", where="stdin", next="Encode it, for example as base64", code="secrets.stdin"
        ) from None
    if len(text) > limit:
        raise UsageError(
            f"is longer than {limit // 1024} KiB",
            where="stdin",
            next="Pipe one value, or NAME=VALUE lines into 'flyo secrets import -'",
            code="secrets.stdin",
        )
    return text


def read_env_text(environment: Environment, source: str) -> tuple[str, str]:
    """The text of a .env file, or of stdin for "-", and what to call it.

    Raises:
        UsageError: it cannot be read.
    """
    if source != "-":
        return read_text(environment.cwd / Path(source), source, missing="Name an existing file"), source
    if environment.stdin.isatty():
        raise UsageError(
            "there is nothing on stdin",
            where="flyo secrets import",
            next="Name a file, or pipe one: flyo secrets import - < .env",
            code="secrets.stdin",
        )
    return read_stdin(environment), "stdin"


def _prompt(name: str) -> str:
    typed = str(click.prompt(f"{name} (hidden)", hide_input=True, default="", show_default=False, err=True))
    if len(typed.encode("utf-8", "surrogatepass")) >= LONGEST_TYPED:
        raise UsageError(
            "a terminal may cut what is typed or pasted at that length",
            where=name,
            next=f"Pipe it from a file: flyo secrets set {name}=- < FILE",
            code="secrets.value",
        )
    return typed


def _nonempty(name: str, value: str) -> str:
    check_value(value, where=name)
    if not value:
        raise UsageError(
            "the value is empty", where=name, next=f"To remove it: flyo secrets unset {name}", code="secrets.value"
        )
    return value


def _without_last_newline(text: str) -> str:
    """What `echo` or an editor adds is not part of the value; everything else is."""
    return text.removesuffix("\n").removesuffix("\r")
