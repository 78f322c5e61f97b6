"""A local platform for one command: made for it, and gone with it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from flyctl_orchestrator.cli.interrupts import heeding
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.rollout.context.concurrency import Stop


@dataclass(frozen=True)
class Throwaway:
    """A place for a local platform of one's own.

    Attributes:
        environment: in which --local means that platform.
        scratch: a directory for other files.
    """

    environment: Environment
    scratch: Path


@contextmanager
def throwaway(environment: Environment) -> Iterator[Throwaway]:
    """While inside, there is a place for a local platform; afterwards it is stopped, and its files are gone.

    The clearing up is finished whatever signals arrive meanwhile.
    """
    from flyctl_orchestrator.cli.local.client import stop_local

    root = Path(tempfile.mkdtemp(prefix="flyo-rehearsal-")).resolve()
    own = {"FLYO_LOCAL_DIR": str(root / "local"), "FLYO_LOCAL_PORT": "0", "FLYO_STATE_DIR": str(root / "state")}
    place = Throwaway(replace(environment, variables={**environment.variables, **own}), root / "scratch")
    place.scratch.mkdir()
    try:
        yield place
    finally:
        with heeding(Stop()):
            try:
                stop_local(place.environment)
            finally:
                shutil.rmtree(root, ignore_errors=True)
