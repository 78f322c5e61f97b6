"""What the command line says about the build. Loads nothing: the definitions of all commands need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class BuildOptions:
    """What the command line says about the build; each is handed on to flyctl as it is.

    Attributes:
        dockerfile, ignorefile: absolute; fly.toml's own come first.
        target: stage to build; fly.toml's own comes first.
        args: build arguments, on top of fly.toml's.
        secrets: build secrets, never shown.
        switches: flags that only flyctl understands, e.g. "--no-cache".
    """

    dockerfile: Path | None = None
    ignorefile: Path | None = None
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    switches: tuple[str, ...] = ()
