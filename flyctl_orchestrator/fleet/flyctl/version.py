"""Which flyctl is there, and whether this flyo was tested with it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

Numbers = tuple[int, int, int]


@cache
def tested() -> tuple[Numbers, ...]:
    """The releases this flyo was tested with, in order. `make parity` notes the one that its tests ran with."""
    names = json.loads(resources.files(__package__).joinpath("tested.json").read_text("utf-8"))
    return tuple(sorted(numbers for name in names if (numbers := _numbers(name))))


def tested_range() -> str:
    """The first and the last release this flyo was tested with, for a person."""
    return " to ".join(dict.fromkeys(".".join(map(str, each)) for each in (tested()[0], tested()[-1])))


@dataclass(frozen=True)
class FlyctlVersion:
    """What `flyctl version --json` says. `numbers` is None when its version is no release number."""

    text: str
    numbers: Numbers | None

    @classmethod
    def of(cls, text: str) -> FlyctlVersion:
        """Read a version such as "0.4.87" or "v0.4.87-dev"."""
        return cls(text.strip(), _numbers(text))

    @property
    def untested(self) -> Literal["older", "newer"] | None:
        """On which side of the tested range it is, None within it or where nobody can tell."""
        if self.numbers is None or tested()[0] <= self.numbers <= tested()[-1]:
            return None
        return "older" if self.numbers < tested()[0] else "newer"

    @property
    def remark(self) -> str | None:
        """One line when it is outside the tested range, else None."""
        if self.untested is None:
            return None
        return f"flyctl {self.text} is {self.untested} than what this flyo was tested with ({tested_range()})"


def _numbers(text: str) -> Numbers | None:
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", text.strip())
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
