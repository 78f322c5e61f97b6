"""A reporter for nobody."""

from __future__ import annotations

from flyctl_orchestrator.report.base import Fact


class NullReporter:
    """Shows nothing."""

    def event(self, event: Fact) -> None:
        """Nothing."""

    def note(self, line: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""
