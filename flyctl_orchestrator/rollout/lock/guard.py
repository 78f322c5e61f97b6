"""What a rollout needs to know of the lock it runs under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Guard(Protocol):
    """The lock of a running rollout."""

    def lost(self) -> str:
        """Why the lock is no longer ours, "" while it is. Asked before every step; may take a call or two."""
        ...

    def tags(self, machine_id: str) -> Mapping[str, str]:
        """Metadata that a new configuration of this machine has to carry, so that the lock survives the change."""
        ...

    def leaving(self, machine_id: str) -> None:
        """This machine is about to be destroyed: keep the lock elsewhere from now on."""
        ...


class Unguarded:
    """No lock: for what changes nothing that others could change, too (a copy, a test)."""

    def lost(self) -> str:
        """Never."""
        return ""

    def tags(self, machine_id: str) -> Mapping[str, str]:
        """None."""
        return {}

    def leaving(self, machine_id: str) -> None:
        """Nothing to do."""
