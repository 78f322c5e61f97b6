"""Readings of the fleet while a wave runs: one call a second watches all machines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine, present
from flyctl_orchestrator.rollout.context.context import RolloutContext

# Readings that may fail in a row (each has been tried for half a minute) before nobody can tell anything any more.
BLIND = 2


# Tries to read the fleet when everything depends on it; each is patient by itself.
READS = 2


@dataclass(frozen=True)
class Snapshot:
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

    def over(self, older: Snapshot | None) -> Snapshot | None:
        """The older whole reading brought up to date with this one; None as long as there is no whole one."""
        if self.whole or older is None:
            return self if self.whole else None
        return replace(older, machines={**older.machines, **self.machines})


def read_fleet(context: RolloutContext) -> dict[str, Machine] | None:
    """Every machine that is not gone, by id; None when the platform does not say, or somebody insists on stopping."""
    error = None
    for _ in range(READS):
        try:
            return present(context.api.list_machines(context.app))
        except ApiError as refused:
            error = refused
        if error.kind == "unauthorized" or context.stop.insisted:
            break
    if error is not None:
        what = f"{error.what}; how the machines are now is not known"
        context.emit("warning", code="unread", what=what)
    return None


class Poller:
    """Reads the machines, once per call, as cheaply as the moment allows.

    Attributes:
        rounds: readings one by one since the last list.
    """

    def __init__(self, context: RolloutContext) -> None:
        self._context = context
        self._number = 0
        self._listed_at = float("-inf")
        self._failures = 0
        self._silent: set[str] = set()
        self.rounds = 0

    @property
    def next_number(self) -> int:
        """The number of the next reading."""
        return self._number + 1

    @property
    def blind(self) -> bool:
        """Whether the platform has not been readable for so long that waiting on makes no sense."""
        return self._failures >= BLIND

    @property
    def since_list(self) -> float:
        """Seconds since the last list was asked for, infinity when none was."""
        return self._context.clock.monotonic() - self._listed_at

    @property
    def may_list(self) -> bool:
        """Whether a list need not wait for its turn now."""
        return self._context.api.may_list(self._context.app)

    def read(self, only: Collection[str] | None) -> Snapshot:
        """Read the fleet.

        Args:
            only: ids of the machines to read, one by one, if any of them can be; None lists all in one call.
        """
        self._number += 1
        if found := self._some([id for id in only or () if id not in self._silent]):
            self._failures = 0
            self.rounds += 1
            return Snapshot(self._number, found, whole=False)
        try:
            self.rounds = 0
            self._listed_at = self._context.clock.monotonic()
            listed = self._context.api.list_machines(self._context.app)
        except ApiError as error:
            self._failures += 1
            return Snapshot(self._number, {}, whole=False, error=error.what)
        self._failures = 0
        return Snapshot(self._number, present(listed), whole=True)

    def none(self) -> Snapshot:
        """No reading: what was seen is still good."""
        return Snapshot(self._number, {}, whole=False)

    def _some(self, ids: Sequence[str]) -> dict[str, Machine]:
        """Those of the machines that answer for themselves; the others are seen in lists from here on."""
        found: dict[str, Machine] = {}

        def look(machine_id: str) -> None:
            try:
                machine = self._context.api.get_machine(self._context.app, machine_id, hurry=True)
            except ApiError as error:
                if error.kind != "not_found":
                    self._silent.add(machine_id)
                return
            if not machine.gone:
                found[machine.id] = machine

        self._context.concurrency.each(look, ids)
        return found
