"""Who runs this command, as the history and the lock show it."""

from __future__ import annotations

import os
import socket

from flyctl_orchestrator.environment import Environment


def who(environment: Environment) -> str:
    """E.g. "ann@laptop"; on GitHub Actions the person who started the run."""
    named = (environment.variables.get(name) for name in ("GITHUB_ACTOR", "USER", "LOGNAME", "USERNAME"))
    return f"{next(filter(None, named), None) or _account()}@{socket.gethostname()}"


def _account() -> str:
    """The name of the account that this process runs as; where it has none, as in many containers, its number."""
    try:
        import pwd
    except ImportError:  # Windows, which sets USERNAME
        return "unknown"
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"
