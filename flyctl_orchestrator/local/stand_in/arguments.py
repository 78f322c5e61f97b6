"""Command-line arguments the way flyctl reads them: flags anywhere, `--flag=value`, `-xvalue`, `--bool=false`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from flyctl_orchestrator.local.stand_in.failures import Failure, NotOffered

Kind = Literal["bool", "text", "list", "texts"]
_TRUE = {"1", "t", "T", "true", "TRUE", "True"}
_FALSE = {"0", "f", "F", "false", "FALSE", "False"}


@dataclass(frozen=True)
class Flag:
    """One flag of a command.

    Attributes:
        name: long name without dashes.
        kind: "bool", "text", "list" (comma separated, repeatable) or "texts" (repeatable, taken whole).
        short: one letter, or "".
        aliases: other long names.
        default: value when the flag is absent.
    """

    name: str
    kind: Kind = "text"
    short: str = ""
    aliases: tuple[str, ...] = ()
    default: str | bool | None = None


@dataclass
class Arguments:
    """What was typed: the command's name, positional words, and the flags that were given."""

    command: str = ""
    words: list[str] = field(default_factory=list)
    given: dict[str, object] = field(default_factory=dict)
    defaults: Mapping[str, str | bool | None] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A text flag's value, its default, or ""."""
        value = self.given.get(name, self.defaults.get(name))
        return value if isinstance(value, str) else ""

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return bool(self.given.get(name, self.defaults.get(name)))

    def many(self, name: str) -> list[str]:
        """Every non-empty value of a list flag."""
        value = self.given.get(name)
        return [item for item in value if item] if isinstance(value, list) else []


def parse(command: str, flags: Sequence[Flag], argv: Sequence[str]) -> Arguments:
    """Read the arguments after the command's own words.

    Raises:
        NotOffered: a flag the stand-in does not know.
        Failure: a flag without its value, or a switch with something that is neither true nor false.
    """
    long = {name: flag for flag in flags for name in (flag.name, *flag.aliases)}
    short = {flag.short: flag for flag in flags if flag.short}
    found = Arguments(command, defaults={flag.name: flag.default for flag in flags})
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            found.words.extend(rest)
            break
        if word.startswith("--"):
            name, has_value, value = word[2:].partition("=")
            if name not in long:
                raise NotOffered(f"{command} --{name}")
            _take(found, long[name], f"--{name}", value if has_value else None, rest)
        elif word.startswith("-") and len(word) > 1:
            _take_letters(command, found, short, word[1:], rest)
        else:
            found.words.append(word)
    return found


def _take_letters(command: str, found: Arguments, short: Mapping[str, Flag], letters: str, rest: list[str]) -> None:
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = short.get(letter)
        if flag is None:
            raise NotOffered(f"{command} -{letter}")
        if flag.kind == "bool" and not letters.startswith("="):
            found.given[flag.name] = True
            continue
        value = letters.removeprefix("=") if letters else None
        _take(found, flag, f"-{letter}", value, rest)
        return


def _take(found: Arguments, flag: Flag, shown: str, value: str | None, rest: list[str]) -> None:
    if flag.kind == "bool":
        found.given[flag.name] = _truth(shown, "true" if value is None else value)
        return
    if value is None:
        if not rest:
            raise Failure(f"flag needs an argument: {shown}")
        value = rest.pop(0)
    if flag.kind == "text":
        found.given[flag.name] = value
        return
    items = found.given.setdefault(flag.name, [])
    assert isinstance(items, list)
    items.extend(value.split(",") if flag.kind == "list" else [value])


def _truth(shown: str, value: str) -> bool:
    if value not in _TRUE | _FALSE:
        raise Failure(f'invalid argument "{value}" for "{shown}" flag: it is neither true nor false')
    return value in _TRUE
