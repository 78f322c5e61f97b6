"""How busy each machine is, as far as this proxy can see: requests it has given to a machine and not finished.

A websocket is one unit for as long as it is open. HTTP/1.1 has one request per connection at a time, so a unit of
`connections` and a unit of `requests` are the same count here; only the name of the limit differs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass


@dataclass
class MachineLoad:
    """Counts for one machine. `peak` is the highest load since somebody last asked for it."""

    in_flight: int = 0
    peak: int = 0
    served: int = 0


class LoadBook:
    """Counts in-flight requests per machine and events of the whole proxy."""

    def __init__(self) -> None:
        self._machines: dict[tuple[str, str], MachineLoad] = {}
        self.events: Counter[str] = Counter()

    def of(self, app: str, machine_id: str) -> int:
        """Units of load now."""
        entry = self._machines.get((app, machine_id))
        return entry.in_flight if entry else 0

    def enter(self, app: str, machine_id: str) -> None:
        """One more."""
        entry = self._machines.setdefault((app, machine_id), MachineLoad())
        entry.in_flight += 1
        entry.served += 1
        entry.peak = max(entry.peak, entry.in_flight)

    def leave(self, app: str, machine_id: str) -> None:
        """One less."""
        self._machines[app, machine_id].in_flight -= 1

    def take_peaks(self, app: str) -> dict[str, int]:
        """The highest load of each machine since the last call, and start over from the load of now."""
        peaks: dict[str, int] = {}
        for (owner, machine_id), entry in self._machines.items():
            if owner == app:
                peaks[machine_id] = entry.peak
                entry.peak = entry.in_flight
        return peaks

    def forget_gone(self, app: str, present: set[str]) -> None:
        """Drop idle entries of machines that no longer exist."""
        for owner, machine_id in list(self._machines):
            if owner == app and machine_id not in present and not self._machines[owner, machine_id].in_flight:
                del self._machines[owner, machine_id]

    def stats(self) -> dict[str, dict[str, dict[str, int]]]:
        """`{app: {machine: {in_flight, served}}}`, of machines that have had a request."""
        apps: dict[str, dict[str, dict[str, int]]] = {}
        for (app, machine_id), entry in sorted(self._machines.items()):
            apps.setdefault(app, {})[machine_id] = {"in_flight": entry.in_flight, "served": entry.served}
        return apps
