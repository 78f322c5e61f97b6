"""Readings of the fleet while a wave runs: one call a second watches all machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.concurrency import Concurrency
from flyctl_orchestrator.rollout.means import Means

# Seconds between two lists while flyctl runs: it lists machines, too, gives up on a 429, and shares our rate limit.
LIST_BESIDE_FLYCTL = 3.0
# Readings that may fail in a row (each has been tried for half a minute) before nobody can tell anything any more.
BLIND = 2


@dataclass(frozen=True)
class Reading:
    """What was seen at one moment.

    Attributes:
        number: counts up.
        whole: whether all machines were read, or only some.
        error: why nothing could be read, "" when it could.
    """

    number: int
    machines: Mapping[str, Machine]
    whole: bool
    error: str = ""


class Reader:
    """Reads the machines, once per call, as cheaply as the moment allows."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._number = 0
        self._listed_at = float("-inf")
        self._failures = 0

    @property
    def next_number(self) -> int:
        """The number of the next reading."""
        return self._number + 1

    @property
    def blind(self) -> bool:
        """Whether the platform has not been readable for so long that waiting on makes no sense."""
        return self._failures >= BLIND

    def read(self, watched: Iterable[str], *, beside_flyctl: bool, expecting: bool) -> Reading:
        """Read the fleet.

        Args:
            watched: ids of the machines somebody waits for.
            beside_flyctl: flyctl is running, so lists are to be rare.
            expecting: somebody waits for a machine whose id is not known yet.
        """
        self._number += 1
        now = self._means.clock.monotonic()
        try:
            if beside_flyctl and not (expecting and now - self._listed_at >= LIST_BESIDE_FLYCTL):
                return Reading(self._number, self._some(watched, self._means.concurrency), whole=False)
            self._listed_at = now
            listed = self._means.api.list_machines(self._means.app)
        except ApiError as error:
            self._failures += 1
            return Reading(self._number, {}, whole=False, error=error.what)
        self._failures = 0
        return Reading(self._number, {m.id: m for m in listed if not m.gone}, whole=True)

    def _some(self, ids: Iterable[str], concurrency: Concurrency) -> dict[str, Machine]:
        found: dict[str, Machine] = {}

        def look(machine_id: str) -> None:
            try:
                machine = self._means.api.get_machine(self._means.app, machine_id)
            except ApiError as error:
                if error.kind != "not_found":
                    raise
                return
            if not machine.gone:
                found[machine.id] = machine

        concurrency.each(look, list(ids))
        self._failures = 0
        return found
