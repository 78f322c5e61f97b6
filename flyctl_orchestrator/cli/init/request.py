"""What one run of `flyo init` is asked to do besides asking."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InitRequest:
    """What one run of `flyo init` is to do besides asking.

    Attributes:
        example: the bundled app to copy first, None for none.
        create: whether to create the app; None asks where there is a terminal.
        org: organization to create it in; None for the only one.
        dry_run: show the files, and write none.
    """

    example: str | None
    create: bool | None
    org: str | None
    dry_run: bool
