"""What was done to an app from this computer besides rolling it out: its secrets changed, its lock taken by hand.

One line of JSON each, beside the app's journals. Names of secrets are in it, values never. Nobody depends on it but the
history: what cannot be written down is a warning and no reason to fail, and what was done from elsewhere is not in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from flyctl_orchestrator.rollout.state.plain_file import NO_WAITING, private_directory, read_plain

ActivityKind = Literal["secrets", "lock"]
FILE = "activity.ndjson"
"""Not "*.jsonl", which are journals."""


@dataclass(frozen=True)
class Activity:
    """One thing that was done.

    Attributes:
        at: seconds since the epoch.
        who: e.g. "ann@laptop".
        action: "set", "unset", "taken" or "released".
        about: names of secrets, or the reason of a lock, for a person to read.
    """

    at: float
    who: str
    kind: ActivityKind
    action: str
    about: str


@dataclass(frozen=True)
class ActivityLog:
    """One app's activities on one target.

    Attributes:
        directory: that of the app's journals; it need not exist.
    """

    directory: Path

    def add(self, activity: Activity) -> str:
        """Write one down; returns why that did not work, "" when it did."""
        line = json.dumps(asdict(activity), separators=(",", ":")) + "\n"
        try:
            private_directory(self.directory)
            file = os.open(self.directory / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_WAITING, 0o600)
            try:
                os.write(file, line.encode())
            finally:
                os.close(file)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def all(self) -> list[Activity]:
        """Every one that can be read, oldest first."""
        try:
            text = read_plain(self.directory / FILE)
        except OSError:
            return []
        return list(_read(text.splitlines()))


def _read(lines: Iterable[str]) -> Iterable[Activity]:
    for line in lines:
        try:
            yield Activity(**json.loads(line))
        except (ValueError, TypeError):
            continue  # cut off by a crash, or of another version
