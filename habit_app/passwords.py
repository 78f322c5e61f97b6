"""Password hashing: argon2id, a few at a time."""

from __future__ import annotations

from threading import Semaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from habit_app.common_passwords import is_common

SHORTEST = 10
# Longer ones would let a stranger buy hashing time with bytes.
LONGEST_BYTES = 1024
# Each hash takes 19 MiB; more than two at once would not make a shared CPU faster, only fuller.
_AT_ONCE = 2


class Passwords:
    """Hashes and checks passwords with OWASP's first choice: argon2id, 19 MiB, two passes, one lane."""

    def __init__(self) -> None:
        """Cheap: nothing is hashed yet."""
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._turns = Semaphore(_AT_ONCE)
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        """The hash to keep."""
        with self._turns:
            return self._hasher.hash(password)

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether `password` belongs to the hash `stored`.

        With None (there is no such user) it works just as long and says no, so that the time taken tells nobody which
        names exist.
        """
        if stored is None:
            stored, password = self._nobodys_hash(), "not the password of nobody"
        with self._turns:
            try:
                return self._hasher.verify(stored, password)
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _nobodys_hash(self) -> str:
        if self._nobody is None:
            self._nobody = self.hash("nobody's password")
        return self._nobody


def complaint(password: str, name: str) -> str | None:
    """Why a new password is not accepted, or None."""
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters. A few unrelated words make a good password."
    if len(password.encode()) > LONGEST_BYTES:
        return f"Use at most {LONGEST_BYTES} bytes."
    if len(set(password)) < 4:
        return "Use more than a few different characters."
    if is_common(password):
        return "That is one of the first passwords anybody would try. A few unrelated words are better."
    if name and name.casefold() in password.casefold():
        return "Leave your user name out of it."
    return None
