"""Where the platform keeps itself on disk, and the locator by which others find a running daemon.

daemon.json   who runs, where it listens, its token (0600); there only while a daemon runs
daemon.lock   held by the daemon, so that there is one per directory
start.lock    held by whoever starts it, so that there is one at a time
daemon.log    what the daemon said; its last lines explain a failed start
token         the bearer token, kept over restarts (0600)
platform.db   records; images/ machines/ volumes/ logs/ flyctl/ by their names
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "FLYO_LOCAL_DIR"
LOCATOR = "daemon.json"
DAEMON_LOCK = "daemon.lock"
START_LOCK = "start.lock"


@dataclass(frozen=True)
class Locator:
    """What a running daemon writes about itself; `started_at` in seconds since the epoch."""

    pid: int
    port: int
    token: str
    version: str
    started_at: float

    def __repr__(self) -> str:
        return f"Locator(pid={self.pid}, port={self.port}, version={self.version!r})"


def state_dir(environ: Mapping[str, str]) -> Path:
    """The platform's directory: $FLYO_LOCAL_DIR, else one below the user's state directory."""
    said = environ.get(VARIABLE)
    if said:
        return Path(said).expanduser().absolute()
    import platformdirs

    return platformdirs.user_state_path("flyctl-orchestrator") / "local"


def read_locator(state: Path) -> Locator | None:
    """What the last daemon of a directory said of itself, or None when it says nothing readable."""
    try:
        said = json.loads((state / LOCATOR).read_text())
        return Locator(
            int(said["pid"]), int(said["port"]), str(said["token"]), str(said["version"]), float(said["started_at"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_locator(state: Path, locator: Locator) -> None:
    """Put the locator in place in one step, for its owner's eyes. Raises OSError."""
    write_private(state / LOCATOR, json.dumps(asdict(locator)))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def erase_locator(state: Path, pid: int) -> None:
    """Remove the locator if it is still the one of daemon `pid`."""
    found = read_locator(state)
    if found is not None and found.pid == pid:
        (state / LOCATOR).unlink(missing_ok=True)
