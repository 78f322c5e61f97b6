"""What the app's users were answered, and whether that has become worse. Pure; it asks nobody anything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from flyctl_orchestrator.rollout.gate.comparison import PRIOR_ANSWERS, PRIOR_ERRORS, RARE
from flyctl_orchestrator.rollout.gate.error_rate import ErrorCount, ErrorTest
from flyctl_orchestrator.rollout.gate.sentences import users_refused
from flyctl_orchestrator.rollout.gate.verdict import Verdict

# Users ask for what they like, so that only answers with 5xx are errors. Nothing is accepted because of them: there may
# be very few, and of the wrong pages.
TEST = ErrorTest(excess=0.05, clean=40, risk=0.001, most=10**9)
ERROR = 5

Answers = Mapping[str, Counter[int]]
"""Machine id -> first digit of a status -> how many answers."""


@dataclass
class UsersAnswers:
    """Answers to users, before the change and after it.

    Attributes:
        before: of all machines together, by the first digit of their status.
    """

    before: Counter[int]
    _first: dict[str, Counter[int]] = field(default_factory=dict)
    _last: dict[str, Counter[int]] = field(default_factory=dict)
    _ours: dict[str, Counter[int]] = field(default_factory=dict)

    def ours(self, machine: str, status: int | None) -> None:
        """One of our own requests to a machine, which is counted like a user's."""
        if machine in self._first and status is not None:
            self._ours.setdefault(machine, Counter())[status // 100] += 1

    def see(self, machine: str, counted: Counter[int]) -> None:
        """A reading of a machine's counters; what is in the first one was there before."""
        self._first.setdefault(machine, counted.copy())
        if any(counted[digit] < number for digit, number in self._last.get(machine, Counter()).items()):
            # It counts from nothing again.
            self._first[machine] = Counter()
        self._last[machine] = counted.copy()

    def of(self, machine: str) -> Counter[int]:
        """What a machine has answered to users since its first reading; `Counter` leaves out what is less than 0."""
        return (
            self._last.get(machine, Counter())
            - self._first.get(machine, Counter())
            - self._ours.get(machine, Counter())
        )

    @property
    def asked(self) -> int:
        """Answers to users after the change."""
        return sum(self.of(machine).total() for machine in self._last)

    @property
    def errors(self) -> int:
        """How many of them were errors."""
        return sum(self.of(machine)[ERROR] for machine in self._last)

    def judge(self) -> tuple[Verdict, str]:
        """The verdict, and the machine it is about; it is a fail or a pass."""
        asked, errors = self.asked, self.errors
        if TEST.decide([ErrorCount(asked, errors, self.share_before)]) != "fail":
            return Verdict("pass"), ""
        worst = max(self._last, key=lambda machine: self.of(machine)[ERROR])
        reason = users_refused(asked, errors, self.before.total(), self.before[ERROR])
        return Verdict("fail", "traffic", reason), worst

    @property
    def share_before(self) -> float:
        """The share of errors before, between 0 and 1, and in doubt more."""
        asked, errors = self.before.total() + PRIOR_ANSWERS, self.before[ERROR] + PRIOR_ERRORS
        share = max(RARE, errors / asked)
        return share + math.sqrt(share * (1 - share) / asked) if self.before[ERROR] else share
