"""What was done to an app from this computer, and what flyctl's releases and the machines tell of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flyctl_orchestrator.fleet.flyctl.flyctl import Release
from flyctl_orchestrator.fleet.machine import Machine, bare
from flyctl_orchestrator.rollout.journal.activity import Activity
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.state.rollout_ids import began_at, changed_by, in_order


@dataclass(frozen=True)
class HistoryEntry:
    """One line of the history.

    Attributes:
        at: seconds since the epoch, of a rollout by the platform's clock.
        source: "journal" (this computer), "machines" (another computer's flyo) or "releases" (flyctl).
        release: flyctl's number, None when it is not known.
        kind: "deploy", "scale", "rollback", "secrets" or "lock"; of other computers "rollout" or "release".
        outcome: how it ended; "unfinished" or "running" when it did not. Of secrets and locks: what was done.
        about: what it was about, for a person: an image, counts, names of secrets, the reason of a lock.
        seconds: how long it took, None when nobody knows.
        not_taken_back: what its way back left as it was, for a person; "" when it had none, or left nothing.
        times: how often that happened in a row, without a change in between; the entry is the newest of them.
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
    about: str = ""
    not_taken_back: str = ""
    times: int = 1

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON values; `at` is ISO 8601 in UTC."""
        stamp = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return {**self.__dict__, "at": stamp, "seconds": None if self.seconds is None else round(self.seconds, 3)}


def history_of(
    past_rollouts: Sequence[PastRollout],
    machines: Iterable[Machine],
    releases: Sequence[Release],
    activities: Iterable[Activity] = (),
    others: Iterable[HistoryEntry] = (),
) -> list[HistoryEntry]:
    """Everything that is known, newest first. A release that a rollout of this computer has made is not told twice.

    Args:
        others: what is known from elsewhere, as it is to be told.
    """
    rows = [_of_past(past) for past in past_rollouts]
    ids = {past.id for past in past_rollouts}
    rows += _of_machines([machine for machine in machines if changed_by(machine) and changed_by(machine) not in ids])
    spans = [(row.at, row.at + (row.seconds or 0.0) + 1.0, number) for number, row in enumerate(rows)]
    newest = max((release.version for release in releases), default=0)
    for release in releases:
        at = _seconds(release.created_at)
        mine = next((n for start, end, n in spans if start - 1.0 <= at <= end and rows[n].source == "journal"), None)
        mine = _killed_before(rows, release, at) if mine is None else mine
        known = mine is not None or any(row.release == release.version for row in rows)
        if mine is not None and rows[mine].kind == "deploy":
            rows[mine] = HistoryEntry(**(rows[mine].__dict__ | {"release": release.version}))
        if not known:
            rows.append(_of_release(release, at, overtaken=release.version < newest))
    rows += [_of_activity(activity) for activity in activities]
    return _newest_first([*rows, *others])


def folded(rows: Iterable[HistoryEntry]) -> list[HistoryEntry]:
    """Rows of which those that changed nothing and ended alike, one right after the other, are one.

    A pipeline that deploys every few minutes is not to hide what was done; each failure of another kind has its row.
    """
    found: list[HistoryEntry] = []
    for row in rows:
        if found and _changed_nothing(row) and _likeness(row) == _likeness(found[-1]):
            found[-1] = replace(found[-1], times=found[-1].times + row.times)
        else:
            found.append(row)
    return found


def _changed_nothing(row: HistoryEntry) -> bool:
    return bool(row.id) and row.source == "journal" and row.waves is None and row.outcome in ("nothing", "untouched")


def _likeness(row: HistoryEntry) -> tuple[object, ...]:
    return row.kind, row.outcome, row.exit, row.what, row.release, row.waves, row.source


def _killed_before(rows: Sequence[HistoryEntry], release: Release, at: float) -> int | None:
    """The row of the rollout that made a release and was killed, so that nobody knows how long it took.

    It is the last that began before, and rolled out that very image.
    """
    before = [number for number, row in enumerate(rows) if row.source == "journal" and row.at <= at]
    last = max(before, key=lambda number: rows[number].at, default=None)
    if last is None or rows[last].seconds is not None or not rows[last].image:
        return None
    return last if bare(rows[last].image) == bare(release.image) else None


def _newest_first(rows: list[HistoryEntry]) -> list[HistoryEntry]:
    """Rollouts by their numbers, and whatever else was done between them by its time.

    A rollout that was begun while a clock was fast stands no later than the one that came after it.
    """
    latest, times = float("inf"), {}
    for row in sorted((row for row in rows if row.id), key=lambda row: in_order(row.id), reverse=True):
        if in_order(row.id)[0]:
            latest = times[row.id] = min(latest, row.at)
    return sorted(rows, key=lambda row: (times.get(row.id, row.at), in_order(row.id)), reverse=True)


def _of_past(past: PastRollout) -> HistoryEntry:
    outcome = ("running" if past.running else "unfinished") if past.unfinished else past.outcome
    # By one clock how long, by the platform's when: this computer's may have been wrong, and releases go by that one.
    seconds = None if past.ended_at is None else past.ended_at - past.at
    return HistoryEntry(
        past.began or past.at, past.id, past.kind, past.who, past.image, outcome, "journal",
        waves=past.waves, exit=past.exit, seconds=seconds, what=past.what, about=past.changes or past.image,
        not_taken_back=past.not_taken_back.said if past.not_taken_back else "",
    )  # fmt: skip


def _of_activity(activity: Activity) -> HistoryEntry:
    kind, action = activity.kind, activity.action
    return HistoryEntry(activity.at, "", kind, activity.who, "", action, "journal", about=activity.about)


def _of_machines(machines: list[Machine]) -> list[HistoryEntry]:
    found: dict[str, Machine] = {changed_by(machine): machine for machine in machines}
    return [
        HistoryEntry(
            began_at(id), id, "rollout", "", machine.bare_image, "unknown", "machines", release=machine.release,
            about=machine.bare_image,
        )
        for id, machine in found.items()
    ]  # fmt: skip


def _of_release(release: Release, at: float, *, overtaken: bool) -> HistoryEntry:
    # flyctl says so of a release when it begins with it, and for ever when it was killed.
    status = "unfinished" if overtaken and release.status in ("running", "pending") else release.status
    return HistoryEntry(
        at, f"v{release.version}", "release", release.user, release.image, status, "releases",
        release=release.version, about=release.image,
    )  # fmt: skip


def _seconds(stamp: str) -> float:
    try:
        return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
