"""What counts as an error: each answer is compared with how the same path answered before, in the same region.

Answers are compared by the class of their status. A page that is worse than it usually was is an error: 200 before and
500 now, 200 before and 404 now. A 404 that was there before is none. Whether 200 became 302 or 404 became 200 is the
app's own affair, except on the health path, which has to answer by itself. Where nobody has named a health path, "/" is
asked instead, which an app need not have: it may lead elsewhere or refuse, and must not be broken. A machine that gave
nothing but broken answers before tells nothing about a page; where none of them worked, what is new has to be good by
itself.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from statistics import median
from typing import NamedTuple

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.project.model import Probe

# Grades of answers, the worse the higher: 2xx, 3xx, 4xx, and everything else (5xx, none at all, another machine).
GOOD, ELSEWHERE, REFUSED, BROKEN = range(4)
# The app says that we ask too often, which tells nothing about the release.
TOO_MANY = 429
# As if so many answers were known of every page, with errors this rare: nobody can tell rarer ones from 20 answers.
RARE = 0.005
PRIOR_ANSWERS, PRIOR_ERRORS = 20.0, 0.1
# How many answers of one region the average of all regions weighs.
REGION_PRIOR = 10.0
# Times known of a page before anything is called too slow.
ENOUGH_TIMES = 5


class Place(NamedTuple):
    """Where a page is asked for: machines of one process group in one region."""

    region: str
    group: str

    @classmethod
    def of(cls, machine: Machine) -> Place:
        """The place of a machine."""
        return cls(machine.region, machine.group)


def grade(answer: Answer) -> int:
    """The grade of an answer; one of another machine than the one that was asked is as bad as none."""
    status = answer.status or 0
    if answer.stray:
        return BROKEN
    if 200 <= status < 300:
        return GOOD if answer.ok else BROKEN
    return {3: ELSEWHERE, 4: REFUSED}.get(status // 100, BROKEN)


@dataclass
class Baseline:
    """How pages answered before anything was changed."""

    _answers: dict[tuple[Place, str], list[tuple[str, Answer]]] = field(default_factory=dict)
    # Machines that gave an answer that was not broken, of any page.
    _worked: set[tuple[Place, str]] = field(default_factory=set)

    def add(self, place: Place, path: str, answer: Answer, machine: str = "") -> None:
        """Keep an answer.

        Args:
            machine: the one that was asked, by its id.
        """
        self._answers.setdefault((place, path), []).append((machine, answer))
        if grade(answer) < BROKEN:
            self._worked.add((place, machine))

    def asked(self, place: Place) -> int:
        """Answers known of a place."""
        return sum(len(answers) for (where, _), answers in self._answers.items() if where == place)

    def times(self, place: Place, path: str) -> int:
        """How often a page was asked for in a place."""
        return len(self._answers.get((place, path), ()))

    def of(self, place: Place, path: str) -> Sequence[Answer]:
        """What a page answered in a place, without machines all of whose answers to every page were broken."""
        known = self._answers.get((place, path), ())
        return [answer for machine, answer in known if (place, machine) in self._worked]

    def places(self, path: str) -> list[Place]:
        """Where a page was asked for."""
        return [place for place, known in self._answers if known == path]

    def limited(self, path: str) -> bool:
        """Whether the app has said that this page was asked for too often."""
        return any(answer.status == TOO_MANY for place in self.places(path) for answer in self.of(place, path))


class Comparison:
    """Compares answers with a baseline, which must not grow any more.

    Args:
        probe: says which path is the health path, and what is too slow.
    """

    def __init__(self, baseline: Baseline, probe: Probe) -> None:
        self.baseline = baseline
        self.probe = probe
        self.usual = cache(self._usual)
        self.slow = cache(self._slow)
        self.before = cache(self._before)
        self.errors_before = cache(self._errors_before)

    def error(self, place: Place, path: str, answer: Answer, *, timed: bool = True) -> str:
        """What is wrong with an answer, in a few words; "" when nothing is.

        Args:
            timed: whether it counts how long it took.
        """
        if grade(answer) > self.usual(place, path):
            if answer.status is None:
                return "no answer"
            return "answered by another machine" if 200 <= answer.status < 300 else str(answer.status)
        limit = self.slow(place, path) if timed else None
        if limit is not None and (answer.latency_s or 0.0) > limit:
            return f"over {limit * 1000:.0f} ms"
        return ""

    def errors_in(self, place: Place, path: str) -> int:
        """Errors among the answers of a page in one place before the change."""
        return sum(bool(self.error(place, path, answer)) for answer in self._counted(place, path))

    def _usual(self, place: Place, path: str) -> int:
        """The grade that is still good: the commonest before that is not broken, there or else anywhere.

        A page may only be broken where it always was; how often it was is compared by the share of its errors. Of a
        page nobody knows, the health page has to be good, and any other must not be broken. A health page is never
        good when it is broken, whatever it was before; other pages may always lead elsewhere. A health page that
        nobody has named is a page like any other.
        """
        health = path == self.probe.path and self.probe.named
        counts = Counter(grade(answer) for answer in self._known(place, path))
        if not counts:
            return GOOD if health else REFUSED
        commonest = max(counts, key=lambda each: (each < BROKEN, counts[each], each))
        return min(commonest, REFUSED) if health else max(commonest, ELSEWHERE)

    def _slow(self, place: Place, path: str) -> float | None:
        """Seconds above which an answer is an error, None when too little is known of the page there."""
        times = [each.latency_s for each in self.baseline.of(place, path) if each.latency_s is not None]
        if not self.probe.latency_factor or len(times) < ENOUGH_TIMES:
            return None
        return max(self.probe.latency_floor, self.probe.latency_factor * median(times))

    def _before(self, place: Place, path: str) -> float:
        """The share of errors before, between 0 and 1 and in doubt more; where little is known, other regions count."""
        errors, asked = self.errors_before(path)
        average = max(RARE, (errors + PRIOR_ERRORS) / (asked + PRIOR_ANSWERS))
        known = len(self._counted(place, path)) + REGION_PRIOR
        share = max(RARE, (self.errors_in(place, path) + REGION_PRIOR * average) / known)
        # Where there were errors, a few answers can only tell roughly how many: one standard error is allowed for.
        return share + math.sqrt(share * (1 - share) / known) if errors else share

    def _errors_before(self, path: str) -> tuple[int, int]:
        """Errors among the answers of a page before the change, everywhere, and how many answers there were."""
        places = self.baseline.places(path)
        return sum(self.errors_in(each, path) for each in places), sum(
            len(self._counted(each, path)) for each in places
        )

    def _counted(self, place: Place, path: str) -> list[Answer]:
        return [answer for answer in self.baseline.of(place, path) if answer.status != TOO_MANY]

    def _known(self, place: Place, path: str) -> list[Answer]:
        here = self._counted(place, path)
        return here or [each for place in self.baseline.places(path) for each in self._counted(place, path)]
