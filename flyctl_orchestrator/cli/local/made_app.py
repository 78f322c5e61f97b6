"""The app that a first deploy makes on the local platform, when that deploy fails."""

from __future__ import annotations

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.report.base import Fact
from flyctl_orchestrator.rollout.state.lock_record import is_lock_machine


class MadeApp:
    """Hears whether a command has made the app, and knows what is left of it when that fails."""

    def __init__(self) -> None:
        self._made = self._began = False

    def hear(self, event: Fact) -> None:
        """Something happened."""
        self._made = self._made or event.name == "app.created"
        self._began = self._began or event.name == "rollout.started"

    def after_failure(self, target: Target, app: str) -> str:
        """Remove an app that was made for nothing, or say how; "" where there is none, or nobody can tell.

        Once machines were started it stays, because what they wrote goes with it, and says why they failed.
        """
        if not self._made:
            return ""
        try:
            machines = [each for each in target.api.list_machines(app) if not is_lock_machine(each)]
            if machines or target.api.volumes.list(app) or target.api.list_secrets(app):
                return ""
            if self._began:
                return f"app {app} was made for this and is empty; 'flyo local destroy {app}' removes it with its logs"
            target.flyctl.apps_destroy(app)
        except FlyoError:
            return ""
        return f"app {app}, which was made for this, is removed again"
