"""What was last set from this computer: per secret Fly's digest of it, and a fingerprint to know the value again by.

Fly does not say how it makes its digests, so that no value can be compared with one. What is kept here ties the two
together: the digest says that Fly still has what was set from here, the fingerprint whether a value is that one. A
fingerprint has its own salt and is slow to make, since whoever reads the file could try values.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets as random_secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyctl_orchestrator.rollout.state.plain_file import private_directory, read_plain

FILE = "last-set.json"
SCHEMA = "flyo.last-set/1"


@dataclass(frozen=True)
class LastSet:
    """One app's secrets on one target, as they were last set from here.

    Attributes:
        directory: that of the app's journals; it need not exist.
    """

    directory: Path

    def remember(self, values: Mapping[str, str], digests: Mapping[str, str]) -> str:
        """Keep what was set just now, by Fly's digests after it; returns why that did not work, "" when it did."""
        new = {name: _entry(value, digests[name]) for name, value in values.items() if digests.get(name)}
        return self._write(self._read() | new)

    def forget(self, names: Iterable[str]) -> str:
        """Drop secrets that were removed; returns why that did not work, "" when it did."""
        known = self._read()
        left = {name: entry for name, entry in known.items() if name not in set(names)}
        return self._write(left) if left != known else ""

    def compare(self, name: str, digest: str, value: str) -> bool | None:
        """Whether `value` is what Fly has; None where Fly's digest says that it was not set from here last."""
        entry = self._read().get(name)
        if entry is None or entry["digest"] != digest:
            return None
        return hmac.compare_digest(_fingerprint(value, bytes.fromhex(entry["salt"])), entry["fingerprint"])

    def _read(self) -> dict[str, dict[str, str]]:
        """What is kept; nothing where it cannot be read, since then nothing can be compared."""
        try:
            held: Any = json.loads(read_plain(self.directory / FILE))
            return {str(name): _checked(entry) for name, entry in held["secrets"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}

    def _write(self, entries: Mapping[str, Mapping[str, str]]) -> str:
        temporary = self.directory / f".{FILE}.{os.getpid()}.tmp"
        try:
            private_directory(self.directory)
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(file, "w", encoding="utf-8") as stream:
                json.dump({"schema": SCHEMA, "secrets": entries}, stream, indent=1)
            temporary.replace(self.directory / FILE)
        except OSError as error:
            return error.strerror or str(error)
        return ""


def _entry(value: str, digest: str) -> dict[str, str]:
    salt = random_secrets.token_bytes(16)
    return {"digest": digest, "salt": salt.hex(), "fingerprint": _fingerprint(value, salt)}


def _fingerprint(value: str, salt: bytes) -> str:
    return hashlib.scrypt(value.encode("utf-8", "surrogatepass"), salt=salt, n=2**14, r=8, p=1, dklen=32).hex()


def _checked(entry: Any) -> dict[str, str]:
    found = {key: entry[key] for key in ("digest", "salt", "fingerprint")}
    if not all(isinstance(text, str) for text in found.values()):
        raise ValueError("no text")
    bytes.fromhex(found["salt"])
    return found
