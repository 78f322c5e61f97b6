"""Figures that are counted while the app runs. Read by `metrics`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock, local

from habit_app.known.dashboards import Source
from habit_app.known.snapshot import Snapshot

# Where the layers say whose request it is, in the WSGI environment.
USER = "habit_app.user"
# Upper bounds in seconds; what took longer is in the last one, which has none.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Tally:
    """Requests and page loads since the start of the process. Safe to use from many threads."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._lock = Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._times = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0
        self._loads: Counter[str] = Counter()

    def request(self, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        bucket = 0
        while bucket < len(BUCKETS) and seconds > BUCKETS[bucket]:
            bucket += 1
        with self._lock:
            self._requests[method, status] += 1
            self._times[bucket] += 1
            self._seconds += seconds

    def load(self, data: str) -> None:
        """Count one dashboard shown; `data` says where what it shows came from."""
        with self._lock:
            self._loads[data] += 1

    def requests(self) -> dict[tuple[str, int], int]:
        """Requests by method and status."""
        with self._lock:
            return dict(self._requests)

    def times(self) -> tuple[list[int], float]:
        """Requests in each of `BUCKETS` and beyond, and the seconds they took together."""
        with self._lock:
            return list(self._times), self._seconds

    def loads(self) -> dict[str, int]:
        """Dashboards shown, by where what they show came from."""
        with self._lock:
            return dict(self._loads)


class CountedSource:
    """A source that can tell a thread whether its work needed it."""

    def __init__(self, source: Source, data: str) -> None:
        """Count questions to `source`; `data` names it."""
        self.source = source
        self.data = data
        self._mine = local()

    @property
    def asked(self) -> int:
        """Snapshots that the calling thread has asked for."""
        return int(getattr(self._mine, "asked", 0))

    def snapshot(self, user_id: str) -> tuple[Snapshot, bytes] | None:
        """As `Source.snapshot`."""
        self._mine.asked = self.asked + 1
        return self.source.snapshot(user_id)

    def moved(self, revisions: Mapping[str, int]) -> set[str]:
        """As `Source.moved`."""
        return self.source.moved(revisions)
