"""Machines on Fly.io that this computer saw last, so that a shell completes their ids without asking anybody."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.rollout.state.plain_file import private_directory

if TYPE_CHECKING:
    from flyctl_orchestrator.fleet.machine import Machine


def remember_machines(environment: Environment, app: str, machines: Iterable[Machine]) -> None:
    """Keep their ids and regions; where nothing can be kept, nothing is completed."""
    path = _file(environment, app)
    try:
        private_directory(path.parent)
        path.write_text(json.dumps({machine.id: machine.region for machine in machines}), "utf-8")
    except OSError:
        pass


def seen_machines(environment: Environment, app: str) -> dict[str, str]:
    """Ids and regions, as they were kept; none when they never were, or cannot be read."""
    try:
        kept = json.loads(_file(environment, app).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(id): str(region) for id, region in kept.items()} if isinstance(kept, dict) else {}


def _file(environment: Environment, app: str) -> Path:
    # An app's name holds no slash; whatever else is typed after --app must not lead out of the directory.
    return state_directory(environment) / "seen" / "fly" / f"{app.replace('/', '_')}.json"
