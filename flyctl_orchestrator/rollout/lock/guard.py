"""What a rollout needs to know of the lock it runs under."""

from __future__ import annotations

from typing import Protocol


class Guard(Protocol):
    """The lock of a running rollout."""

    def secure(self, image: str | None) -> bool:
        """Make sure that the platform keeps the lock, before anything is changed; asked once there is an image.

        Args:
            image: to make the lock's machine from when there was nothing to make it from before.

        Returns: whether the lock was taken only now, so that what was read before has to be read again.

        Raises:
            FlyoError: it cannot be had.
        """
        ...

    def lost(self) -> str:
        """Why the lock is no longer ours, "" while it surely is. Asked before every step; may take some calls."""
        ...


class Unguarded:
    """No lock: for what changes nothing that others could change, too (a copy, a test)."""

    def secure(self, image: str | None) -> bool:
        """There is nothing to take."""
        return False

    def lost(self) -> str:
        """What was never taken is never lost."""
        return ""
