"""Watches new machines until the gate has a verdict on each one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.fleet.probe import Answer, Prober
from flyctl_orchestrator.project.model import Probe
from flyctl_orchestrator.rollout.context.concurrency import Concurrency
from flyctl_orchestrator.rollout.gate.evidence import Evidence
from flyctl_orchestrator.rollout.gate.gate import Expectation, judge
from flyctl_orchestrator.rollout.gate.verdict import Verdict

# Seconds between two looks; one list call, as often as the platform's limit allows, watches all machines.
PERIOD = 1.0


@dataclass(frozen=True)
class Policy:
    """How new machines are looked at.

    Attributes:
        url_template: where the app answers, "{app}" standing for its name.
        probe: as in flyo.toml.
        timeout: seconds from being created to healthy.
    """

    url_template: str
    probe: Probe
    timeout: float


@dataclass(frozen=True)
class Proved:
    """A new machine and how it did. `error` is None when it passed."""

    machine: Machine
    answer: Answer | None = None
    error: str | None = None


@dataclass
class _Watched:
    machine: Machine
    expected: Expectation
    evidence: Evidence
    verdict: Verdict = field(default_factory=lambda: Verdict("wait"))
    woken: bool = False


class Watch:
    """Watches machines of one app.

    Args:
        tell: called with every machine as soon as it is decided.
    """

    def __init__(
        self,
        api: MachinesApi,
        prober: Prober,
        clock: Clock,
        side_by_side: Concurrency,
        policy: Policy,
        tell: Callable[[Proved], None],
    ) -> None:
        self._api = api
        self._prober = prober
        self._clock = clock
        self._side_by_side = side_by_side
        self._policy = policy
        self._tell = tell

    def until_decided(self, app: str, machines: Sequence[Machine]) -> list[Proved]:
        """Look again and again until there is a verdict on every machine."""
        watched = [self._start(machine) for machine in machines]
        decided: list[Proved] = []
        while undecided := [each for each in watched if not each.verdict.final]:
            self._read(app, undecided)
            self._side_by_side.each(self._look, undecided)
            for each in undecided:
                if each.verdict.final:
                    decided.append(self._proved(each))
                    self._tell(decided[-1])
            if any(not each.verdict.final for each in undecided):
                self._clock.sleep(PERIOD)
        return decided

    def _start(self, machine: Machine) -> _Watched:
        now = self._clock.monotonic()
        expected = Expectation(
            region=machine.region,
            ref=machine.image,
            digest=machine.digest,
            instance=machine.instance_id,
            before=None,
            after_event=0.0,
            baseline=None,
            probe=self._policy.probe,
            deadline=now + self._policy.timeout,
        )
        return _Watched(machine, expected, Evidence(since=now))

    def _read(self, app: str, watched: Sequence[_Watched]) -> None:
        try:
            listed = {machine.id: machine for machine in self._api.list_machines(app)}
        except ApiError as error:
            for each in watched:
                each.evidence.fail_to_see(error.what)
            return
        now = self._clock.monotonic()
        for each in watched:
            machine = listed.get(each.machine.id)
            each.evidence.see(machine, now, right=machine is not None and each.expected.right(machine))

    def _look(self, each: _Watched) -> None:
        each.verdict = judge(each.expected, each.evidence, self._clock.monotonic())
        machine = each.evidence.machine
        if machine is None:
            return
        if each.verdict.kind == "asleep" and not each.woken:
            # The proxy may put a machine to sleep before anybody has looked at it.
            each.woken = self._wake(machine)
        elif each.verdict.kind == "probe":
            self._ask(each, machine)

    def _wake(self, machine: Machine) -> bool:
        try:
            self._api.start(machine.app, machine.id)
        except ApiError:
            return False  # still falling asleep, or the platform is busy: the next look tells
        return True

    def _ask(self, each: _Watched, machine: Machine) -> None:
        probe = self._policy.probe
        answer = self._prober.check(
            self._policy.url_template,
            machine.app,
            machine,
            probe.path,
            probe.timeout,
            probe.identity,  # type: ignore[arg-type]
        )
        each.evidence.hear(answer, self._clock.monotonic())
        each.verdict = judge(each.expected, each.evidence, self._clock.monotonic())

    def _proved(self, each: _Watched) -> Proved:
        machine = each.evidence.machine or each.machine
        error = None if each.verdict.kind == "pass" else each.verdict.reason
        return Proved(machine, each.evidence.last_answer, error)
