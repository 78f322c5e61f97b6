"""Where flyo keeps what it has to remember between runs."""

from __future__ import annotations

from pathlib import Path

from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.rollout.state.plain_file import private_directory


def state_directory(environment: Environment) -> Path:
    """FLYO_STATE_DIR, else the user's state directory for flyctl-orchestrator. Not made here."""
    given = environment.variables.get("FLYO_STATE_DIR")
    if given:
        return environment.cwd / given
    import platformdirs

    return platformdirs.user_state_path("flyctl-orchestrator")


def remembers(environment: Environment, what: str, value: str) -> bool:
    """Whether `value` was remembered of `what` before; from now on it is. Where nothing can be kept it never was."""
    path = state_directory(environment) / what
    try:
        if path.is_file() and path.read_text("utf-8", "replace").strip() == value:
            return True
        private_directory(path.parent)
        path.write_text(value + "\n", "utf-8")
    except OSError:
        pass
    return False
