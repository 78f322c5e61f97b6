"""The rollouts of an app: those of this computer, and what flyctl's releases and the machines tell of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flyctl_orchestrator.fleet.flyctl import Release
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.state.rollout_ids import began_at, changed_by


@dataclass(frozen=True)
class HistoryEntry:
    """One line of the history.

    Attributes:
        at: seconds since the epoch.
        source: "journal" (this computer), "machines" (another computer's flyo) or "releases" (flyctl).
        release: flyctl's number, None when it is not known.
        outcome: how it ended; "unfinished" or "running" when it did not.
        seconds: how long it took, None when nobody knows.
    """

    at: float
    id: str
    kind: str
    who: str
    image: str
    outcome: str
    source: str
    release: int | None = None
    waves: int | None = None
    exit: int | None = None
    seconds: float | None = None
    what: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON values; `at` is ISO 8601 in UTC."""
        stamp = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return {**self.__dict__, "at": stamp, "seconds": None if self.seconds is None else round(self.seconds, 3)}


def history_of(
    past_rollouts: Sequence[PastRollout], machines: Iterable[Machine], releases: Sequence[Release]
) -> list[HistoryEntry]:
    """Everything that is known, newest first. A release that a rollout of this computer has made is not told twice."""
    rows = [_of_past(past) for past in past_rollouts]
    ids = {past.id for past in past_rollouts}
    rows += _of_machines([machine for machine in machines if changed_by(machine) and changed_by(machine) not in ids])
    spans = [(row.at, row.at + (row.seconds or 0.0) + 1.0, number) for number, row in enumerate(rows)]
    for release in releases:
        at = _seconds(release.created_at)
        mine = next((n for start, end, n in spans if start - 1.0 <= at <= end and rows[n].source == "journal"), None)
        known = mine is not None or any(row.release == release.version for row in rows)
        if mine is not None and rows[mine].kind == "deploy":
            rows[mine] = HistoryEntry(**(rows[mine].__dict__ | {"release": release.version}))
        if not known:
            rows.append(_of_release(release, at))
    return sorted(rows, key=lambda row: (row.at, row.id), reverse=True)


def _of_past(past: PastRollout) -> HistoryEntry:
    outcome = ("running" if past.running else "unfinished") if past.unfinished else past.outcome
    seconds = None if past.ended_at is None else past.ended_at - past.at
    return HistoryEntry(
        past.at, past.id, past.kind, past.who, past.image, outcome, "journal",
        waves=past.waves, exit=past.exit, seconds=seconds, what=past.what,
    )  # fmt: skip


def _of_machines(machines: list[Machine]) -> list[HistoryEntry]:
    found: dict[str, Machine] = {changed_by(machine): machine for machine in machines}
    return [
        HistoryEntry(began_at(id), id, "deploy", "", machine.bare_image, "unknown", "machines", release=machine.release)
        for id, machine in found.items()
    ]


def _of_release(release: Release, at: float) -> HistoryEntry:
    return HistoryEntry(
        at, f"v{release.version}", "release", release.user, release.image, release.status, "releases",
        release=release.version,
    )  # fmt: skip


def _seconds(stamp: str) -> float:
    try:
        return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
