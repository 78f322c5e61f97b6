"""What has been seen of one machine since it was changed; the gate judges this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from flyctl_orchestrator.fleet.machine import Machine, MachineEvent
from flyctl_orchestrator.fleet.probe import Answer

KEPT_ANSWERS = 20


@dataclass(frozen=True)
class TimedAnswer:
    """A probe's answer and when it came, in seconds of the monotonic clock."""

    at: float
    answer: Answer


@dataclass
class Evidence:
    """Readings and answers of one machine. All times are seconds of the monotonic clock.

    Attributes:
        since: when the change was made.
        machine: the newest reading, None before the first one or when the machine is not in the list.
        readings: how many there were.
        started_at: since when it has been seen started without a break.
        odd_since: since when it has been seen running something else than it should.
        critical_since: since when a check has been seen critical without a break.
        blind: the error of the last attempt to read, None after a reading.
        read_at: when it was last read, None before the first time.
    """

    since: float
    machine: Machine | None = None
    readings: int = 0
    started_at: float | None = None
    odd_since: float | None = None
    critical_since: float | None = None
    blind: str | None = None
    read_at: float | None = None
    answers: list[TimedAnswer] = field(default_factory=list)

    def see(self, machine: Machine | None, now: float, *, right: bool) -> None:
        """Add a reading.

        Args:
            right: whether it runs the image and version it should.
        """
        self.machine, self.blind, self.read_at = machine, None, now
        self.readings += 1
        started = machine is not None and machine.state == "started"
        critical = machine is not None and any(check.status == "critical" for check in machine.checks)
        self.started_at = (self.started_at or now) if started else None
        self.odd_since = (self.odd_since or now) if started and not right else None
        self.critical_since = (self.critical_since or now) if started and critical else None

    def fail_to_see(self, error: str) -> None:
        """Note that the platform could not be asked."""
        self.blind = error

    def hear(self, answer: Answer, now: float) -> None:
        """Add a probe's answer."""
        self.answers = [*self.answers, TimedAnswer(now, answer)][-KEPT_ANSWERS:]

    @property
    def last_answer(self) -> Answer | None:
        """The newest answer."""
        return self.answers[-1].answer if self.answers else None

    def events_after(self, timestamp_s: float) -> list[MachineEvent]:
        """The machine's events after a moment of the platform's clock, newest first."""
        return [event for event in (self.machine.events if self.machine else ()) if event.timestamp_s > timestamp_s]
