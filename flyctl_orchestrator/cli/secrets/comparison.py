"""What an app needs, what Fly has, and what a file or an environment holds: put side by side, a row a name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

Status = Literal["set", "same", "differs", "unknown", "missing", "in fly.toml"]
BAD: tuple[Status, ...] = ("missing", "differs")
Compare = Callable[[str, str, str], bool | None]
"""A name, Fly's digest and a value -> whether the value is what Fly has; None when nobody can tell."""


@dataclass(frozen=True)
class Row:
    """One name.

    Attributes:
        needed: whether the app's files ask for it.
        given: whether what is compared has a value for it.
        status: "missing" is not set, though it is needed or given; "unknown" is set, and not from this computer last.
    """

    name: str
    needed: bool
    given: bool
    status: Status

    @property
    def bad(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.status in BAD


def rows_of(
    needed: Collection[str],
    in_files: Collection[str],
    held: Mapping[str, str],
    given: Mapping[str, str],
    compare: Compare,
) -> list[Row]:
    """A row for every name, what has to be done first.

    Args:
        needed: what the code asks for.
        in_files: names that fly.toml's [env] gives a value.
        held: name -> Fly's digest of what it has.
        given: name -> value in the file or environment to compare with; empty for none.
    """

    def status(name: str) -> Status:
        if name not in held:
            return "in fly.toml" if name in in_files else "missing"
        if name not in given:
            return "set"
        same = compare(name, held[name], given[name])
        return "unknown" if same is None else "same" if same else "differs"

    rows = [Row(name, name in needed, name in given, status(name)) for name in {*needed, *held, *given}]
    return sorted(rows, key=lambda row: (not row.bad, row.name))
