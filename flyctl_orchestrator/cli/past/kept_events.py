"""A rollout's events, kept beside its journal: `flyo history show` is made from nothing else.

One file per rollout, the events as JSON lines as they come. The rollout never depends on them: what cannot be written
is not kept, and nothing waits for the disk. Lines of builders, of flyctl and of hooks are left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.report.base import Fact
from flyctl_orchestrator.rollout.journal.journals import JournalStore
from flyctl_orchestrator.rollout.state.plain_file import NO_WAITING, private_directory, read_plain
from flyctl_orchestrator.rollout.state.rollout_ids import in_order

SUFFIX = ".events.ndjson"
"""Not "*.jsonl", which are journals."""
# Rollouts of one app whose events are kept: the newest; and of those that changed nothing.
MOST_ROLLOUTS, MOST_IDLE = 50, 20
# Bytes of one rollout; what comes after them is not kept, but for the end. Of 144 machines it is a tenth of that.
MOST_BYTES = 8_000_000
LINES = frozenset({"build.log", "flyctl.line", "hook.line"})


class KeptEvents:
    """Keeps the events of one command that rolls out; a command that does not come that far leaves nothing.

    Rollouts that had nothing to do, or ended before their first change, take no place of others: of them the newest are
    kept besides.

    Args:
        journals: of the app, on the target.
    """

    def __init__(self, journals: JournalStore) -> None:
        self._journals = journals
        self._waiting: list[str] = []
        self._file: int | None = None
        self._over = False
        self._bytes = 0

    def hear(self, event: Fact) -> None:
        """Something happened."""
        if self._over or event.name in LINES:
            return
        self._waiting.append(json.dumps(event.as_dict(), separators=(",", ":")) + "\n")
        try:
            begins = event.name == "rollout.started"
            ends = event.name == "rollout.finished" and bool(event.fields.get("rollout"))
            if self._file is None and (begins or ends):
                self._file = self._opened(str(event.fields["rollout"]))
            if self._file is not None:
                self._write(event.name == "rollout.finished")
        except OSError:
            self.close()

    def close(self) -> None:
        """Nothing more is kept."""
        self._over, self._waiting = True, []
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, last: bool) -> None:
        text = "".join(self._waiting).encode()
        self._waiting = []
        if last or self._bytes + len(text) <= MOST_BYTES:
            self._bytes += len(text)
            assert self._file is not None
            os.write(self._file, text)

    def _opened(self, rollout: str) -> int:
        path = events_path(self._journals, rollout)
        private_directory(path.parent)
        kept = kept_rollouts(self._journals)
        idle = [old for old in kept if not has_journal(self._journals, old)]
        busy = [old for old in kept if old not in idle]
        for old in (*busy[: -(MOST_ROLLOUTS - 1)], *idle[: -(MOST_IDLE - 1)]):
            events_path(self._journals, old).unlink(missing_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_WAITING, 0o600)


def events_path(journals: JournalStore, rollout: str) -> Path:
    """Where the events of a rollout are kept."""
    return journals.directory / f"{rollout}{SUFFIX}"


def has_journal(journals: JournalStore, rollout: str) -> bool:
    """Whether one was begun, before a first change; where only a number was taken, the file is empty."""
    try:
        return journals.path(rollout).stat().st_size > 0
    except OSError:
        return False


def kept_rollouts(journals: JournalStore) -> list[str]:
    """The ids of rollouts whose events are kept, oldest first; none where nobody can tell."""
    try:
        names = [path.name for path in journals.directory.glob(f"*{SUFFIX}")]
    except OSError:
        return []
    return sorted((name.removesuffix(SUFFIX) for name in names), key=in_order)


def read_events(journals: JournalStore, rollout: str) -> list[dict[str, Any]]:
    """The events that were kept of a rollout; a last line that a crash has cut off is left out.

    Raises:
        FlyoError: none were kept (code history.no_events), or they cannot be read (history.bad_events).
    """
    path = events_path(journals, rollout)
    try:
        text = read_plain(path)
    except FileNotFoundError:
        raise FlyoError(
            f"the events of rollout {rollout} were not kept",
            where="history show",
            next="The newest rollouts made on this computer have them; 'flyo history' tells how all of them ended",
            code="history.no_events",
        ) from None
    except OSError as error:
        raise _bad(path, error.strerror or str(error)) from error
    return list(_events(path, text))


def _events(path: Path, text: str) -> Iterator[dict[str, Any]]:
    lines = text.splitlines(keepends=True)
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError as error:
            if line is lines[-1] and not line.endswith("\n"):
                return
            raise _bad(path, "a line in it is no JSON") from error
        if not isinstance(event, dict) or not isinstance(event.get("event"), str) or "ts" not in event:
            raise _bad(path, "a line in it is no event")
        yield event


def _bad(path: Path, why: str) -> FlyoError:
    return FlyoError(
        f"the events of a rollout cannot be read: {why}",
        where=str(path),
        next="Make it readable, or remove it: nothing else depends on it, and 'flyo history' tells how it ended",
        code="history.bad_events",
    )
