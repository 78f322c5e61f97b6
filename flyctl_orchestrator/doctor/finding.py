"""Something that is wrong, or will be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
ORDER: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True)
class Finding:
    """One finding. Why it matters is told by the page of its code.

    Attributes:
        severity: "error" for what does not work or not as it says, "warning" for what will hurt, "info" for a hint.
        where: the file and key, machine, or program it is about.
        what: what was found, in one sentence without a final stop.
        fix: what to change or type.
        change: the key of fly.toml, as a path, and the value that puts it right without any risk; None where a person
            has to decide.
    """

    severity: Severity
    where: str
    what: str
    fix: str
    code: str
    change: tuple[tuple[str | int, ...], Any] | None = None
