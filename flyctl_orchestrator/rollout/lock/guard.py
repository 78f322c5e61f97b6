"""What a rollout needs to know of the lock it runs under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from flyctl_orchestrator.rollout.state.observe import Fleet


class Guard(Protocol):
    """The lock of a running rollout."""

    @property
    def settled(self) -> bool:
        """Whether it is ours beyond doubt, so that something may be changed."""
        ...

    def saw(self, fleet: Fleet) -> Fleet:
        """Told of every reading of the fleet before the rollout: the first one takes the lock, the second settles it.

        Returns: the reading to go by, which is a newer one if the lock had to be waited for.

        Raises:
            Locked: somebody else has it.
        """
        ...

    def lost(self) -> str:
        """Why the lock is no longer ours, "" while it is. Asked before every step; may take a call or two."""
        ...

    def tags(self, machine_id: str) -> Mapping[str, str]:
        """Metadata that a new configuration of this machine has to carry, so that the lock survives the change."""
        ...

    def leaving(self, *machine_ids: str) -> None:
        """These machines are about to be destroyed: keep the lock elsewhere from now on."""
        ...


class Unguarded:
    """No lock: for what changes nothing that others could change, too (a copy, a test)."""

    settled = True

    def saw(self, fleet: Fleet) -> Fleet:
        """Nothing to do."""
        return fleet

    def lost(self) -> str:
        """Never."""
        return ""

    def tags(self, machine_id: str) -> Mapping[str, str]:
        """None."""
        return {}

    def leaving(self, *machine_ids: str) -> None:
        """Nothing to do."""
