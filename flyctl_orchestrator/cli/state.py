"""Where flyo keeps what it has to remember between runs."""

from __future__ import annotations

from pathlib import Path

from flyctl_orchestrator.environment import Environment


def state_directory(environment: Environment) -> Path:
    """FLYO_STATE_DIR, else the user's state directory for flyctl-orchestrator. Not made here."""
    given = environment.variables.get("FLYO_STATE_DIR")
    if given:
        return environment.cwd / given
    import platformdirs

    return platformdirs.user_state_path("flyctl-orchestrator")
