"""Runs each machine's health checks on its own rhythm, and keeps the answers on the machine.

A machine that has just started is asked again every fraction of a second until a check first passes, so that nobody
waits out an interval for a machine that is up: a deviation from Fly.io, where the first answer comes at the interval.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

from flyctl_orchestrator.local.base import machine_config
from flyctl_orchestrator.local.base.clock import Timer
from flyctl_orchestrator.local.base.machine_config import CheckSpec
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.listening import Listening
from flyctl_orchestrator.local.core.model import CheckResult, CheckStatus, Machine
from flyctl_orchestrator.local.core.seams import CheckAnswer, Prober

NOT_RUNNING = "the machine is not running"
NOT_YET = "waiting for the first answer"
LONGEST_EAGER_SECONDS = 1.0
EAGER_GROWTH = 1.25


@dataclass
class _Running:
    spec: CheckSpec
    result: CheckResult
    since: float
    eager: float
    passed_once: bool = False
    timer: Timer | None = None


@dataclass
class _Watch:
    number: int
    checks: list[_Running] = field(default_factory=list)


class Health:
    """The checks of all machines."""

    def __init__(self, kernel: Kernel, prober: Prober, listening: Listening) -> None:
        self._kernel = kernel
        self._prober = prober
        self._listening = listening
        self._watches: dict[str, _Watch] = {}
        self._number = 0

    def idle(self, machine: Machine) -> None:
        """Show a machine's checks though it does not run."""
        machine.checks = self._results(machine, "warning", NOT_RUNNING)

    def begin(self, machine: Machine) -> None:
        """The machine's process has just started: check it from now on."""
        self._drop(machine.id)
        machine.checks = self._results(machine, "warning", NOT_YET)
        specs = machine_config.checks(machine.config)
        if not specs:
            return
        self._number += 1
        now, eager = self._kernel.clock.now(), self._kernel.settings.first_check_seconds
        pairs = zip(specs, machine.checks, strict=True)
        watch = _Watch(self._number, [_Running(spec, result, now, eager) for spec, result in pairs])
        self._watches[machine.id] = watch
        for check in watch.checks:
            self._run(machine, watch.number, check)

    def pause(self, machine: Machine) -> None:
        """Ask nothing while the machine is frozen; its answers stay as they are."""
        watch = self._watches.get(machine.id)
        if watch is not None:
            self._number += 1
            watch.number = self._number
            _cancel(watch)

    def resume(self, machine: Machine) -> None:
        """The machine runs on: ask at once."""
        watch = self._watches.get(machine.id)
        if watch is None:
            self.begin(machine)
            return
        for check in watch.checks:
            self._run(machine, watch.number, check)

    def end(self, machine: Machine) -> None:
        """The machine does not run any more."""
        if self._drop(machine.id):
            self.idle(machine)

    def routable(self, machine: Machine) -> bool:
        """Whether every check that gates traffic passes."""
        watch = self._watches.get(machine.id)
        return watch is None or all(check.result.status == "passing" for check in watch.checks if check.spec.of_service)

    def _results(self, machine: Machine, status: CheckStatus, output: str) -> list[CheckResult]:
        now = self._kernel.clock.now()
        return [CheckResult(spec.name, status, output, now) for spec in machine_config.checks(machine.config)]

    def _drop(self, machine_id: str) -> bool:
        watch = self._watches.pop(machine_id, None)
        if watch is None:
            return False
        _cancel(watch)
        return True

    def _run(self, machine: Machine, number: int, check: _Running) -> None:
        check.timer = None
        port = machine.ports.get(check.spec.port, 0)
        answered = partial(self._answered, machine, number, check)
        try:
            self._prober.probe(machine.id, check.spec, port, answered)
        except Exception as problem:  # noqa: BLE001 - one check that cannot be asked must not end the others
            answered(CheckAnswer(False, f"the check cannot be run: {type(problem).__name__}: {problem}"))

    def _answered(self, machine: Machine, number: int, check: _Running, answer: CheckAnswer) -> None:
        watch = self._watches.get(machine.id)
        if watch is None or watch.number != number:
            return
        check.passed_once = check.passed_once or answer.passed
        if answer.refused:
            why = self._listening.why_refused(machine, check.spec.port)
            answer = replace(answer, output=why or answer.output)
        self._keep(machine, check, answer)
        check.timer = self._kernel.clock.call_later(
            self._pause_after(check), partial(self._run, machine, number, check)
        )

    def _keep(self, machine: Machine, check: _Running, answer: CheckAnswer) -> None:
        result, now = check.result, self._kernel.clock.now()
        in_grace = not check.passed_once and now - check.since < check.spec.grace_period
        status: CheckStatus = "passing" if answer.passed else "warning" if in_grace else "critical"
        if (status, answer.output) == (result.status, result.output):
            return
        turned = status != result.status
        result.status, result.output = status, answer.output
        if turned:
            result.updated_at = now
            if status != "warning":
                self._tell(machine, check, status, answer.output)
        self._kernel.changed(machine, durable=False)

    def _tell(self, machine: Machine, check: _Running, status: CheckStatus, output: str) -> None:
        if status == "passing":
            self._kernel.say(machine, f"Health check '{check.spec.name}' is now passing.")
        else:
            self._kernel.say(machine, f"Health check '{check.spec.name}' has failed: {output}", "error")

    def _pause_after(self, check: _Running) -> float:
        if check.passed_once:
            return check.spec.interval
        pause = min(check.eager, check.spec.interval)
        check.eager = min(check.eager * EAGER_GROWTH, LONGEST_EAGER_SECONDS)
        return pause


def _cancel(watch: _Watch) -> None:
    for check in watch.checks:
        if check.timer is not None:
            check.timer.cancel()
            check.timer = None
