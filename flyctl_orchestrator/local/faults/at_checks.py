"""Faults between the platform and its health checks: failing-check, flapping-check, check-stuck, and silence."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial

from flyctl_orchestrator.local.base.clock import Timer
from flyctl_orchestrator.local.base.machine_config import CheckSpec
from flyctl_orchestrator.local.core.fault import Fault, Place
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.model import Machine
from flyctl_orchestrator.local.core.seams import CheckAnswer, Prober

LOOK_AGAIN_SECONDS = 1.0


class FaultyProber:
    """A prober that does what `inner` does, except where a fault says otherwise."""

    def __init__(self, inner: Prober, kernel: Kernel) -> None:
        self._inner = inner
        self._kernel = kernel
        self._silent: dict[tuple[str, str], Timer] = {}

    def probe(self, machine_id: str, check: CheckSpec, port: int, done: Callable[[CheckAnswer], None]) -> None:
        """Run a check; without news the answer comes once the fault is over."""
        waiting = self._silent.pop((machine_id, check.name), None)
        if waiting is not None:
            waiting.cancel()
        machine = self._kernel.machines.get(machine_id)
        if machine is None or not self._kernel.faults:
            self._inner.probe(machine_id, check, port, done)
            return
        if self._is_silent(machine, check):
            again = partial(self.probe, machine_id, check, port, done)
            self._silent[(machine_id, check.name)] = self._kernel.clock.call_later(LOOK_AGAIN_SECONDS, again)
        elif (fault := self._fails(machine, check)) is not None:
            done(CheckAnswer(False, f"{_failure(check, fault)} (fault {fault.id}: {fault.name})"))
        elif (slow := self._shared("slow-share", machine, check)) is not None:
            self._probe_late(slow, machine_id, check, port, done)
        else:
            self._inner.probe(machine_id, check, port, done)

    def _probe_late(
        self, slow: Fault, machine_id: str, check: CheckSpec, port: int, done: Callable[[CheckAnswer], None]
    ) -> None:
        seconds, clock = slow.number("seconds"), self._kernel.clock
        if seconds < check.timeout:
            clock.call_later(seconds, partial(self._inner.probe, machine_id, check, port, done))
            return
        late = CheckAnswer(False, f"no answer within {check.timeout:g} s (fault {slow.id}: {slow.name})")
        clock.call_later(check.timeout, partial(done, late))

    def _is_silent(self, machine: Machine, check: CheckSpec) -> bool:
        faults = self._kernel.faults
        stuck = faults.holds("check-stuck", Place.of(machine))
        return faults.out_of_reach(machine) is not None or (stuck is not None and _about(check, stuck))

    def _fails(self, machine: Machine, check: CheckSpec) -> Fault | None:
        place = Place.of(machine)
        fault = self._kernel.faults.strikes("failing-check", place, partial(_about, check))
        fault = fault or self._shared("error-share", machine, check)
        if fault is not None:
            return fault
        flapping = self._kernel.faults.holds("flapping-check", place)
        if flapping is None or not _about(check, flapping):
            return None
        turn = int((self._kernel.clock.now() - flapping.since) // flapping.number("period"))
        return flapping if turn % 2 else None

    def _shared(self, name: str, machine: Machine, check: CheckSpec) -> Fault | None:
        """A fault of a share of the requests that names a path on which this check asks."""
        if check.type != "http":
            return None

        def about(fault: Fault) -> bool:
            return bool(fault.text("path")) and fnmatchcase(check.path.partition("?")[0], fault.text("path"))

        return self._kernel.faults.strikes(name, Place.of(machine), about)


def _failure(check: CheckSpec, fault: Fault) -> str:
    if fault.name == "error-share":
        return f"{fault.number('status'):g} from {check.method} {check.path}"
    return "500 Internal Server Error" if check.type == "http" else "connection reset"


def _about(check: CheckSpec, fault: Fault) -> bool:
    return fault.text("check") in check.name
