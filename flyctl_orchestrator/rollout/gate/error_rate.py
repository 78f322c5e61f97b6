"""A sequential test of an error rate (Wald's probability ratio test, cut off after a number of answers), and bounds.

It is put in good answers. Without an error, `clean` of them are enough. Every error has to be outweighed by further
ones, the more the rarer errors were before. A release that is short of many is refused; where neither comes about, the
likelier side decides after `most` answers, but nothing is refused that may well be chance. How often it errs, for every
error rate, is computed in docs/gate.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import NormalDist
from typing import Literal, NamedTuple

Decision = Literal["pass", "fail", "more"]

# Halvings of an interval from 0 to 1: a rate is known to a millionth of a millionth.
STEPS = 40


class ErrorCount(NamedTuple):
    """Answers of one kind.

    Attributes:
        asked: how many there were.
        errors: how many of them were errors.
        before: the share of errors among answers of this kind before the change; more than 0, less than 1.
    """

    asked: int
    errors: int
    before: float


@dataclass(frozen=True)
class ErrorTest:
    """Decides between "as good as before" and "turns a share of `excess` of the good answers into errors".

    Attributes:
        excess: that share, e.g. 0.05.
        clean: good answers that are enough when there is no error.
        risk: how often a release is refused that is as good as before, about.
        most: answers after which it is decided in any case.
    """

    excess: float
    clean: int
    risk: float
    most: int

    def weight(self, before: float) -> float:
        """Good answers that outweigh one error where a share of `before` were errors before."""
        return math.log1p(self.excess * (1 - before) / before) / self._unit

    def score(self, counts: Iterable[ErrorCount]) -> float:
        """The evidence for "as good as before", in good answers: those there were, less what outweighs the errors."""
        return math.fsum(asked - errors - errors * self.weight(before) for asked, errors, before in counts)

    def decide(self, counts: Iterable[ErrorCount]) -> Decision:
        """What follows from answers, all of them together."""
        known = tuple(counts)
        score = self.score(known)
        if score >= self.clean:
            return "pass"
        if score <= -self._debt:
            return "fail"
        if sum(count.asked for count in known) < self.most:
            return "more"
        return "pass" if score > min(0.0, self._luck(known)) else "fail"

    def wanted(self, counts: Iterable[ErrorCount]) -> int:
        """How many further answers decide it if all of them are good; 0 when it is decided."""
        known = tuple(counts)
        if self.decide(known) != "more":
            return 0
        left = self.most - sum(count.asked for count in known)
        return min(left, math.ceil(self.clean - self.score(known)))

    def _luck(self, counts: Iterable[ErrorCount]) -> float:
        """The score below which a release that is as good as before hardly ever comes by bad luck."""
        usual = variance = 0.0
        for asked, _, before in counts:
            weight = self.weight(before)
            usual += asked * (1 - before - before * weight)
            variance += asked * before * (1 - before) * (1 + weight) ** 2
        return usual - NormalDist().inv_cdf(1 - self.risk) * math.sqrt(variance)

    @property
    def _unit(self) -> float:
        return -math.log1p(-self.excess)

    @cached_property
    def _debt(self) -> float:
        """Good answers that a release lacks when it is refused."""
        missed = (1 - self.excess) ** self.clean
        return math.log((1 - missed) / self.risk) / self._unit


@lru_cache(maxsize=4096)
def at_most(errors: int, asked: int, confidence: float = 0.95) -> float:
    """The error rate that is not exceeded, with that confidence (Clopper and Pearson's one-sided bound)."""
    if errors >= asked:
        return 1.0
    # Logarithms: the number of ways to have so many errors among many answers is too large for a float.
    ways = [math.lgamma(asked + 1) - math.lgamma(k + 1) - math.lgamma(asked - k + 1) for k in range(errors + 1)]
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        rate = (low + high) / 2
        error, good = math.log(rate), math.log1p(-rate)
        so_few = math.fsum(math.exp(way + k * error + (asked - k) * good) for k, way in enumerate(ways))
        low, high = (low, rate) if so_few <= 1 - confidence else (rate, high)
    return high


def at_least(errors: int, asked: int, confidence: float = 0.95) -> float:
    """The error rate that is reached at least, with that confidence."""
    return 1.0 - at_most(asked - errors, asked, confidence)
