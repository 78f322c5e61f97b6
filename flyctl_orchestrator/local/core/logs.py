"""Logs: the last lines of each app in memory, all of them in a file per app."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from flyctl_orchestrator.local.base.clock import Clock, Timer
from flyctl_orchestrator.local.core.model import LogLine

KEPT_IN_MEMORY = 5_000
FILE_LIMIT_BYTES = 8_000_000
WRITE_DELAY_SECONDS = 0.2
LONGEST_LINE = 16_000


class Logs:
    """All apps' logs.

    Args:
        clock: stamps the lines.
        directory: where `APP.ndjson` files go; None keeps lines in memory only.
    """

    def __init__(self, clock: Clock, directory: Path | None) -> None:
        self._clock = clock
        self._directory = directory
        self._lines: dict[str, deque[LogLine]] = {}
        self._sequence: dict[str, int] = {}
        self._followers: dict[int, Callable[[LogLine], None]] = {}
        self._next_follower = 0
        self._unwritten: list[LogLine] = []
        self._writing: Timer | None = None

    def write(
        self,
        app: str,
        message: str,
        *,
        machine: str | None = None,
        region: str | None = None,
        level: str = "info",
        source: str = "app",
    ) -> None:
        """Add one line; very long ones are cut."""
        self._sequence[app] = self._sequence.get(app, 0) + 1
        text = message if len(message) <= LONGEST_LINE else message[:LONGEST_LINE] + "…"
        line = LogLine(self._sequence[app], self._clock.now(), app, text, level, machine, region, source)
        self._lines.setdefault(app, deque(maxlen=KEPT_IN_MEMORY)).append(line)
        for follower in list(self._followers.values()):
            follower(line)
        if self._directory is not None:
            self._unwritten.append(line)
            if self._writing is None:
                self._writing = self._clock.call_later(WRITE_DELAY_SECONDS, self.flush)

    def read(
        self,
        *,
        app: str | None = None,
        machine: str | None = None,
        region: str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> list[LogLine]:
        """Kept lines that match, oldest first; the last `limit` of them. `after` is a sequence number."""
        names: Iterable[str] = self._lines if app is None else [app]
        found = [
            line
            for name in names
            for line in self._lines.get(name, ())
            if line.sequence > after and matches(line, machine=machine, region=region)
        ]
        if app is None:
            found.sort(key=lambda line: line.ts)
        return found if limit is None else found[len(found) - min(limit, len(found)) :]

    def follow(self, callback: Callable[[LogLine], None]) -> Callable[[], None]:
        """Call `callback` with every new line of every app, until the returned function is called."""
        number = self._next_follower
        self._next_follower += 1
        self._followers[number] = callback

        def unfollow() -> None:
            self._followers.pop(number, None)

        return unfollow

    def forget(self, app: str) -> None:
        """Drop an app's lines and file."""
        self.flush()
        self._lines.pop(app, None)
        if self._directory is not None:
            for path in (self._file(app), self._file(app).with_suffix(".old")):
                path.unlink(missing_ok=True)

    def flush(self) -> None:
        """Write what is not in the files yet. A full disk costs the lines in the file, never the daemon."""
        self._writing = None
        lines, self._unwritten = self._unwritten, []
        if self._directory is None or not lines:
            return
        by_app: dict[str, list[LogLine]] = {}
        for line in lines:
            by_app.setdefault(line.app, []).append(line)
        for app, its_lines in by_app.items():
            try:
                self._append(self._file(app), its_lines)
            except OSError:
                continue

    def _file(self, app: str) -> Path:
        assert self._directory is not None
        return self._directory / f"{app}.ndjson"

    def _append(self, path: Path, lines: list[LogLine]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        file: TextIO
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(as_dict(line), ensure_ascii=False) + "\n" for line in lines)
            size = file.tell()
        if size > FILE_LIMIT_BYTES:
            path.replace(path.with_suffix(".old"))


def matches(line: LogLine, *, machine: str | None, region: str | None) -> bool:
    """Whether a line is of this machine and region (None: any)."""
    return (machine is None or line.machine == machine) and (region is None or line.region == region)


def as_dict(line: LogLine) -> dict[str, Any]:
    """A line as the management API shows it."""
    return asdict(line)
