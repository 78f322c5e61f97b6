"""What one run of `flyo init` is asked to do besides asking."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """What one run of `flyo init` is to do besides asking."""

    example: str | None
    create: bool | None
    org: str | None
    local: bool
    yes: bool
    as_json: bool
    dry_run: bool
