"""Who runs this command, as the history and the lock show it."""

from __future__ import annotations

import socket

from flyctl_orchestrator.environment import Environment


def who(environment: Environment) -> str:
    """E.g. "ann@laptop"; on GitHub Actions the person who started the run."""
    variables = environment.variables
    name = variables.get("GITHUB_ACTOR") or variables.get("USER") or variables.get("LOGNAME")
    name = name or variables.get("USERNAME") or "somebody"
    return f"{name}@{socket.gethostname()}"
