"""Where flyctl is on this computer."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from flyctl_orchestrator.errors import UnreachableError, UsageError

Kind = Literal["flyctl", "stand-in"]
# -P: a module of the user's project must not be taken for one of ours.
STAND_IN = (sys.executable, "-P", "-m", "flyctl_orchestrator.local.stand_in")
INSTALL_IT = "Install it (https://docs.fly.io/flyctl/install/)"
INSTALL = f"{INSTALL_IT}, or add --local to rehearse without it"


def find_flyctl(variables: Mapping[str, str], *, local: bool) -> tuple[Kind, tuple[str, ...]]:
    """The flyctl to run, as (kind, argv).

    FLYO_FLYCTL names one by its absolute path, or forces "stand-in" (with the local platform only). Otherwise the
    first `flyctl` or `fly` on PATH; the local platform makes do with the stand-in when there is none.

    Raises:
        UnreachableError: there is none.
        UsageError: FLYO_FLYCTL makes no sense.
    """
    chosen = variables.get("FLYO_FLYCTL", "")
    if chosen == "stand-in":
        if not local:
            raise UsageError(
                "the stand-in for flyctl only talks to the local platform",
                where="FLYO_FLYCTL",
                next="Unset it, or add --local",
                code="flyctl.stand_in",
            )
        return "stand-in", STAND_IN
    if chosen:
        return "flyctl", (_given(chosen),)
    for name in ("flyctl", "fly"):
        if found := shutil.which(name, path=variables.get("PATH", "")):
            return "flyctl", (found,)
    if local:
        return "stand-in", STAND_IN
    raise UnreachableError("flyctl is not installed", where="PATH", next=INSTALL, code="flyctl.missing")


def _given(chosen: str) -> str:
    path = Path(chosen)
    if not path.is_absolute():
        raise UsageError(
            f"'{chosen}' is not an absolute path",
            where="FLYO_FLYCTL",
            next="Write the whole path, or unset it",
            code="flyctl.path",
        )
    if not path.is_file():
        raise UnreachableError(
            f"there is no flyctl at {path}", where="FLYO_FLYCTL", next=INSTALL, code="flyctl.missing"
        )
    return chosen
