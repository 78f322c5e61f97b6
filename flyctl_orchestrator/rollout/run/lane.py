"""One lane while it is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.gate.evidence import Evidence
from flyctl_orchestrator.rollout.plan.plan import Lane
from flyctl_orchestrator.rollout.plan.steps import Gate, Step

Status = Literal["queued", "running", "passed", "failed", "inconclusive"]


class StepFailed(Exception):
    """The step cannot be done, or what it did turned out bad."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class StepInconclusive(StepFailed):
    """Nobody can tell what the step did: a person has to look."""


class Busy(Exception):
    """Not now: somebody else is at it, or the platform asks to come back later."""

    def __init__(self, reason: str, seconds: float = 1.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds


@dataclass
class LaneRun:
    """How far a lane has come.

    Attributes:
        machine_id: the machine it is about; known from the start, or once it is created.
        before: the machine as it was found, None when the lane creates it.
        base: the clone as it was created, before flyctl gave it its configuration.
        index: number of the step it is at.
        begun: whether that step has begun.
        touched: whether the machine may have been changed or created.
        instance: the version our change gave the machine, when known.
        former: the version that our change was made on, when known.
        after_event: newest event before the change, in seconds of the platform's clock.
        fresh_from: number of the first reading made after the last action; older ones show the past.
        not_before: when to try again, in seconds of the monotonic clock.
        deadline: when its time is over, same clock; None while nothing has begun.
        busy: why it could not go on, the last time.
        tries: attempts at the current step.
        sent: whether the current step's call has gone through.
        refusals: times the user's own command has refused the machine.
        passed: the gate that the machine has passed and from which on it is watched, None before that.
        passed_at: when, in seconds of the monotonic clock.
        approved: whether it has been watched since, and is called verified.
        blames: id of the machine that it fails because of, "" when that is its own.
    """

    lane: Lane
    machine_id: str | None
    before: Machine | None
    index: int = 0
    begun: bool = False
    status: Status = "queued"
    code: str = ""
    reason: str = ""
    touched: bool = False
    instance: str | None = None
    former: str | None = None
    after_event: float = 0.0
    evidence: Evidence | None = None
    fresh_from: int = 0
    not_before: float = 0.0
    deadline: float | None = None
    busy: str = ""
    tries: int = 0
    sent: bool = False
    refusals: int = 0
    base: Machine | None = None
    phase: tuple[str, str] = ("", "")
    latency_s: float | None = None
    last_seen: Machine | None = None
    passed: Gate | None = None
    passed_at: float = 0.0
    approved: bool = False
    blames: str = ""

    @property
    def step(self) -> Step | None:
        """The step it is at, None when all are done."""
        return self.lane.steps[self.index] if self.index < len(self.lane.steps) else None

    @property
    def with_flyctl(self) -> bool:
        """Whether it is flyctl that does the step it is at."""
        return self.step is not None and self.step.by_flyctl

    @property
    def proved(self) -> bool:
        """Whether it has come to a good end, and its machine was watched where it had to be."""
        return self.status == "passed" and (self.passed is None or self.approved)

    @property
    def over(self) -> bool:
        """Whether it has come to an end, good or bad."""
        return self.status in ("passed", "failed", "inconclusive")
