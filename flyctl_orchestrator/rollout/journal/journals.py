"""All journals of one app on this computer."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.rollout.journal.activity import ActivityLog
from flyctl_orchestrator.rollout.journal.journal import Journal, bad_journal, has_ended
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout, read_past
from flyctl_orchestrator.rollout.state.rollout_ids import in_order
from flyctl_orchestrator.rollout.state.secret_names import Fingerprints


@dataclass(frozen=True)
class JournalStore:
    """One app's rollouts on one target.

    Attributes:
        directory: where the journals are; it need not exist.
        sync: has a journal's open file on disk before it returns.
    """

    directory: Path
    app: str
    sync: Callable[[int], None] = os.fsync

    @classmethod
    def under(cls, state: Path, kind: str, app: str, sync: Callable[[int], None] = os.fsync) -> JournalStore:
        """Those of an app on a target.

        Args:
            state: where flyo keeps what it has to remember.
            kind: of the target, "fly" or "local".
        """
        return cls(state / "rollouts" / kind / app, app, sync)

    @property
    def activities(self) -> ActivityLog:
        """What else was done to the app from this computer."""
        return ActivityLog(self.directory)

    def ids(self) -> list[str]:
        """The ids of all rollouts that have a journal here, oldest first.

        Raises:
            FlyoError: nobody can tell which journals there are (code journal.bad).
        """
        return [path.stem for path in self._paths()]

    def path(self, rollout: str) -> Path:
        """Where a rollout's journal is, or is to be."""
        return self.directory / f"{rollout}.jsonl"

    def open(self, rollout: str, clock: Clock) -> Journal:
        """A rollout's journal, to write to; one that exists is carried on, on a line of its own."""
        path = self.path(rollout)
        torn = path.exists() and not path.read_bytes().endswith(b"\n")
        journal = Journal(path, clock, sync=self.sync)
        if torn:
            journal.complete_line()
        return journal

    def all(self) -> list[PastRollout]:
        """Every rollout that began, oldest first.

        Raises:
            FlyoError: one of the journals cannot be read (code journal.bad); it may be the one that counts.
        """
        found, bad = self.readable()
        if bad:
            raise bad[0]
        return found

    def readable(self) -> tuple[list[PastRollout], list[FlyoError]]:
        """Every rollout whose journal can be read, oldest first; and what is wrong with the other journals.

        Raises:
            FlyoError: nobody can tell which journals there are (code journal.bad).
        """
        found, bad = [], []
        for path in self._paths():
            try:
                past = read_past(path, self.app)
            except FlyoError as error:
                bad.append(error)
                continue
            if past is not None:
                found.append(past)
        return found, bad

    def secrets_at(self, digest: str) -> Fingerprints | None:
        """The app's secrets as they were when they had a digest, None when no journal here remembers that."""
        try:
            found, _ = self.readable()
        except FlyoError:
            return None
        return next((past.fingerprints for past in reversed(found) if digest and past.secrets == digest), None)

    def _paths(self) -> list[Path]:
        try:
            paths = [path for path in self.directory.iterdir() if path.suffix == ".jsonl"]
            return sorted(paths, key=lambda path: in_order(path.stem))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise bad_journal(self.directory, f"{error.strerror or error}") from error

    def unfinished(self) -> PastRollout | None:
        """The newest rollout, when it never came to its end; older ones have been overtaken by it.

        Raises:
            FlyoError: the journal that would tell cannot be read (code journal.bad).
        """
        for path in reversed(self._paths()):
            if has_ended(path):
                return None
            past = read_past(path, self.app)
            if past is not None:
                return past
        return None

    def close(self, past: PastRollout, outcome: str, what: str, clock: Clock) -> None:
        """Write the end of a rollout that could not do so itself. A second end is never written.

        Args:
            outcome: "done", "resumed" or "untouched".
        """
        if not past.unfinished or past.running or not past.path.exists():
            return
        journal = self.open(past.id, clock)
        try:
            journal.write("end", outcome=outcome, exit=None, what=what)
        finally:
            journal.close()
