"""What is said of a flyctl that this flyo was not tested with: an old one always, a newer one once."""

from __future__ import annotations

from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.fleet.flyctl.version import FlyctlVersion
from flyctl_orchestrator.report.output import Output

SAID = "newer-flyctl"


def say_untested(environment: Environment, version: FlyctlVersion) -> None:
    """Warn of an old flyctl; note a newer one, which mostly works, once for each version on this computer."""
    if version.untested == "older":
        Output.of(environment).say(f"warning: {version.remark}")
    elif version.untested == "newer" and not _said_before(environment, version.text):
        Output.of(environment).say(f"note: {version.remark}; said once")


def _said_before(environment: Environment, version: str) -> bool:
    """Whether `version` was noted here before; from now on it was. Where nothing can be kept it is said again."""
    path = state_directory(environment) / SAID
    try:
        if path.is_file() and path.read_text("utf-8", "replace").strip() == version:
            return True
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(version + "\n", "utf-8")
    except OSError:
        pass
    return False
