"""What a rollout knows: what was there before, what is wanted, and what it has touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.project.model import Probe
from flyctl_orchestrator.rollout.gate.comparison import Baseline
from flyctl_orchestrator.rollout.gate.sentences import accepted, guessed
from flyctl_orchestrator.rollout.journal.journal import Journal
from flyctl_orchestrator.rollout.plan.plan import Plan
from flyctl_orchestrator.rollout.plan.steps import CopyMachine
from flyctl_orchestrator.rollout.run.lane import LaneRun
from flyctl_orchestrator.rollout.run.volumes.claims import VolumeClaims
from flyctl_orchestrator.rollout.state.metadata import Verification, reasons_to_change, verification_for, verified
from flyctl_orchestrator.rollout.state.not_taken_back import CommandRan
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint


@dataclass
class Record:
    """One rollout's memory.

    Attributes:
        id: the rollout's.
        before: machine id -> the machine as it was found.
        baseline: machine id -> its answer before the rollout, for those that were awake.
        pages: every answer before the rollout, by place and page.
        measured: regions in which that is done.
        users_before: answers to users before the change, by the first digit of their status; None: nobody asked yet.
        uncounted: whether answers to users cannot be counted.
        answers: what this rollout's verdicts rest on: answers that counted, and the good ones among them.
        guessed: what a page that was asked because no health page is named has answered and was not 2xx, by path.
        ref, digest: the image to roll out; the digest is learnt from the first machine when the builder did not tell.
        firsts: process group -> a machine that has the wanted configuration and passed the gate.
        replaced: machine id -> id of the machine it took the place of (flyctl replaces what it cannot update).
        runs: lane name -> every lane that was begun.
        volumes: which volume each lane's new machine has.
        cordoned: ids of machines this rollout has asked to be closed to requests.
        closed: those of them that are, as the platform has answered.
        began: when it began, in seconds since the epoch by the platform's clock.
        release_command: how far flyctl's run of it came, as far as flyctl has told.
        restore_point: where a way back leads when that is not `before`: a resumed rollout goes back to where the killed
            one began.
    """

    id: str
    plan: Plan
    journal: Journal
    before: Mapping[str, Machine]
    ref: str
    digest: str | None
    baseline: dict[str, Answer] = field(default_factory=dict)
    pages: Baseline = field(default_factory=Baseline)
    measured: set[str] = field(default_factory=set)
    users_before: Counter[int] | None = None
    uncounted: bool = False
    answers: Counter[str] = field(default_factory=Counter)
    guessed: dict[str, set[int]] = field(default_factory=dict)
    firsts: dict[str, Machine] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)
    runs: dict[str, LaneRun] = field(default_factory=dict)
    volumes: VolumeClaims = field(default_factory=VolumeClaims)
    cordoned: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    restore_point: RestorePoint | None = None
    began: float = 0.0
    release_command: CommandRan = ""

    def before_of(self, machine_id: str | None) -> Machine | None:
        """A machine as it was found (or the one whose place it took); None when it was not there."""
        return self.before.get(self.replaced.get(machine_id or "", machine_id or ""))

    def baseline_for(self, machine: Machine) -> Answer | None:
        """What a machine, or else the quickest one in its region, answered before the rollout."""
        if machine.id in self.baseline:
            return self.baseline[machine.id]
        near = [answer for id, answer in self.baseline.items() if self.before[id].region == machine.region]
        good = [answer for answer in near if answer.ok and answer.latency_s is not None]
        return min(good, key=lambda answer: answer.latency_s or 0.0) if good else next(iter(near), None)

    @property
    def proof(self) -> str:
        """What the verdicts of this rollout rest on, to go behind a sentence; "" when nobody was asked."""
        said = accepted(self.answers["good"], self.answers["asked"], self.guess)
        return f"; {said}" if said else ""

    @property
    def guess(self) -> str:
        """How the page answered that stands for a health page that nobody has named; "" where it was good."""
        return "; ".join(guessed(path, statuses) for path, statuses in self.guessed.items())

    def note_guess(self, probe: Probe, path: str, answer: Answer) -> None:
        """Remember what a page answered that nobody has named, and that was taken for well although it is not 2xx."""
        if not probe.named and path == probe.path and answer.ok and answer.status and answer.status >= 300:
            self.guessed[path] = {*self.guessed.get(path, ()), answer.status}

    def image_of(self, run: LaneRun) -> tuple[str, str | None]:
        """Reference and digest of the image that a lane's machine is to run."""
        if run.lane.action == "restore" and run.before is not None:
            return run.before.image, run.before.digest
        source = self._source_of(run)
        return (source.image, source.digest) if source is not None else (self.ref, self.digest)

    def verification_of(self, machine: Machine, run: LaneRun) -> Verification:
        """The verification of a lane's machine that has just passed the gate.

        A copy gets the verification of its source. Where that has none that fits, it is not known from which fly.toml
        it comes.
        """
        source = self._source_of(run)
        if source is None:
            return verification_for(machine, self.plan.definition, self.plan.secrets)
        found = Verification.on(source) if verified(source) else None
        if found is not None and found.fits(machine):
            return found
        return verification_for(machine, "", self.plan.secrets)

    def _source_of(self, run: LaneRun) -> Machine | None:
        found = (step.source for step in run.lane.steps if isinstance(step, CopyMachine))
        return self.before.get(next(found, ""))

    def was_healthy(self, machine_id: str) -> bool:
        """Whether a machine was healthy before, as far as anybody could tell; one that slept gets the benefit."""
        machine = self.before.get(machine_id)
        if machine is None:
            return True
        answer = self.baseline.get(machine_id)
        running = machine.state == "started" or machine.asleep
        return running and machine.checks_passing and (answer is None or answer.ok)

    def ill(self) -> list[str]:
        """Ids of the machines that were not healthy before, as far as is known by now; they need not be so again."""
        restore_point = self.restore_point
        return sorted(restore_point.ill if restore_point else [id for id in self.before if not self.was_healthy(id)])

    def learn_firsts(self, machines: Iterable[Machine]) -> None:
        """Find the machines that are already as wanted; others may be made like them."""
        for machine in machines:
            why = reasons_to_change(machine, self.ref, self.digest, self.plan.definition, self.plan.secrets)
            if machine.managed and not why:
                self.firsts.setdefault(machine.group, machine)
