"""Which flyctl is there, and whether this flyo was tested with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

Numbers = tuple[int, int, int]
# First and last release this flyo was tested with (the last one included, any patch level after it not).
TESTED_FROM: Numbers = (0, 4, 87)
TESTED_TO: Numbers = (0, 4, 87)


@dataclass(frozen=True)
class FlyctlVersion:
    """What `flyctl version --json` says. `numbers` is None when its version is no release number."""

    text: str
    numbers: Numbers | None

    @classmethod
    def of(cls, text: str) -> FlyctlVersion:
        """Read a version such as "0.4.87" or "v0.4.87-dev"."""
        found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", text.strip())
        numbers = (int(found[1]), int(found[2]), int(found[3])) if found else None
        return cls(text.strip(), numbers)

    @property
    def warning(self) -> str | None:
        """One line when it is outside the tested range, else None."""
        if self.numbers is None or TESTED_FROM <= self.numbers <= TESTED_TO:
            return None
        tested = " to ".join(dict.fromkeys(".".join(map(str, each)) for each in (TESTED_FROM, TESTED_TO)))
        age = "older" if self.numbers < TESTED_FROM else "newer"
        return f"flyctl {self.text} is {age} than what this flyo was tested with ({tested})"
