"""Takes the values of secrets out of what apps say, before the page shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flyctl_orchestrator.local.platform import Platform

MASK = "•••"
# Shorter values stand in ordinary words; taking them out would garble every line and tell the value by that.
LEAST = 6


class Mask:
    """What must not be shown now: the values of every app's secrets."""

    def __init__(self, values: Iterable[str]) -> None:
        # The longest first, so that nothing is left of one that begins with another.
        self._values = sorted({value for value in values if len(value) >= LEAST}, key=len, reverse=True)

    @classmethod
    def of(cls, platform: Platform) -> Mask:
        """The mask for a platform as it is now."""
        return cls(value for app in platform.apps.list() for value in platform.secrets.values(app.name).values())

    def over(self, shown: Any) -> Any:
        """`shown` (JSON) with every string masked."""
        if isinstance(shown, str):
            return self._text(shown)
        if isinstance(shown, list):
            return [self.over(one) for one in shown]
        if isinstance(shown, dict):
            return {key: self.over(one) for key, one in shown.items()}
        return shown

    def _text(self, text: str) -> str:
        for value in self._values:
            if value in text:
                text = text.replace(value, MASK)
        return text
