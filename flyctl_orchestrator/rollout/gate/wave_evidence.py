"""What a wave's machines have answered since they passed, and what follows from it. Pure; it asks nobody anything.

Every page is judged over all machines of the wave, and every machine over all its pages: so many machines share the
answers that are needed, and one bad machine among many is seen all the same.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.rollout.gate.comparison import TOO_MANY, Comparison, Place
from flyctl_orchestrator.rollout.gate.error_rate import ErrorCount, ErrorTest
from flyctl_orchestrator.rollout.gate.latency import Pair, slower
from flyctl_orchestrator.rollout.gate.pages import next_page, share
from flyctl_orchestrator.rollout.gate.sentences import refused, slowed
from flyctl_orchestrator.rollout.gate.verdict import Verdict


@dataclass(frozen=True)
class Strictness:
    """How sure one wants to be: of each page over the whole wave, and of each machine by itself."""

    page: ErrorTest
    machine: ErrorTest


STRICTNESS = {
    "usual": Strictness(ErrorTest(0.05, 40, 0.001, 240), ErrorTest(0.25, 6, 0.001, 60)),
    "strict": Strictness(ErrorTest(0.02, 150, 0.001, 900), ErrorTest(0.2, 14, 0.001, 140)),
}
"""Values of `[probe] evidence` but "off"."""

ON_THE_WAY_BACK = Strictness(STRICTNESS["usual"].machine, STRICTNESS["usual"].machine)
"""What was there before has been proved once; it is only seen to that it works again."""


@dataclass
class MachineAnswers:
    """What one machine has answered.

    Attributes:
        sent: requests, those included of which the answer does not count.
        asked: page -> answers that count.
        errors: page -> what was wrong -> how often.
        times: page -> seconds of the good answers that were given once the machine had had time to warm up.
    """

    place: Place
    sent: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    errors: dict[str, Counter[str]] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)

    def errors_of(self, path: str) -> int:
        """Errors of one page."""
        return self.errors.get(path, Counter()).total()


class WaveEvidence:
    """The answers of one wave.

    Args:
        pages: what is asked for, the health page first.
    """

    def __init__(self, strictness: Strictness, comparison: Comparison, pages: Sequence[str]) -> None:
        self._strictness = strictness
        self._comparison = comparison
        self._pages = tuple(pages)
        self._page_tests = {
            page: replace(strictness.page, clean=math.ceil(strictness.page.clean * share(self._pages, page)))
            for page in self._pages
        }
        self._machine_test = cache(self._new_machine_test)
        # Counts over all machines are worked out once for all who ask between two answers.
        self._of_page = cache(self._count_page)
        self._wanted_of = cache(lambda page: self._page_tests[page].wanted(self._of_page(page)))
        self._told = 0
        self.heard: dict[str, MachineAnswers] = {}

    # --- what comes in

    def expect(self, machine: str, place: Place) -> None:
        """A machine that will be asked."""
        self.heard.setdefault(machine, MachineAnswers(place))

    def forget(self, machine: str) -> None:
        """A machine that is not asked any more; its answers count no longer."""
        self.heard.pop(machine, None)
        self._recount()

    def hear(self, machine: str, path: str, answer: Answer, *, warm: bool) -> str:
        """An answer.

        Args:
            warm: whether the machine has had time to warm up, so that it counts how long it took.

        Returns: what was wrong with it, "" when nothing was.
        """
        heard = self.heard[machine]
        heard.sent += 1
        if answer.status == TOO_MANY:
            return ""
        self._recount()
        heard.asked[path] += 1
        wrong = self._comparison.error(heard.place, path, answer, timed=warm)
        if wrong:
            heard.errors.setdefault(path, Counter())[wrong] += 1
        elif warm and answer.latency_s is not None:
            heard.times.setdefault(path, []).append(answer.latency_s)
        return wrong

    # --- what is to be asked

    def due(self, machine: str, machines: int) -> list[str]:
        """The further requests to a machine that the evidence takes, in their order, as far as can be told now.

        Args:
            machines: how many share what is to be known of the pages; those are included that have not passed yet.
        """
        heard = self.heard[machine]
        missing = {path: self._missing(heard, path, machines) for path in self._pages}
        number = max(self._machine_test(machines).wanted(self._of_machine(heard)), sum(missing.values()))
        turns, asked = [], dict(heard.asked)
        for _ in range(number):
            wanted = [path for path in self._pages if missing[path] > 0]
            path = next_page(self._pages, asked, wanted)
            turns.append(path)
            asked[path] = asked.get(path, 0) + 1
            missing[path] -= 1
        return turns

    def _missing(self, heard: MachineAnswers, path: str, machines: int) -> int:
        """A machine's share of the answers that are still needed of a page."""
        if not (wanted := self._wanted_of(path)):
            return 0
        known = sum(count.asked for count in self._of_page(path))
        return max(0, math.ceil((known + wanted) / machines) - heard.asked[path])

    # --- what follows

    @property
    def asked(self) -> int:
        """Answers that count."""
        return sum(heard.asked.total() for heard in self.heard.values())

    @property
    def news(self) -> bool:
        """Whether there are answers that were not there the last time this was asked."""
        before, self._told = self._told, self.asked
        return self.asked != before

    @property
    def errors(self) -> int:
        """Errors among them."""
        return sum(heard.errors_of(path) for heard in self.heard.values() for path in heard.errors)

    def judge(self, machines: int) -> tuple[Verdict, str]:
        """The verdict on the wave, and the machine it is about: "wait" as long as more is to be asked.

        Args:
            machines: as in `due`.
        """
        test = self._machine_test(machines)
        decided = {id: test.decide(self._of_machine(heard)) for id, heard in self.heard.items()}
        if bad := next((id for id, decision in decided.items() if decision == "fail"), None):
            return self._refused([self.heard[bad]], self._pages), bad
        pages = {path: self._page_tests[path].decide(self._of_page(path)) for path in self._pages}
        if page := next((path for path, decision in pages.items() if decision == "fail"), None):
            worst = max(self.heard, key=lambda each: self.heard[each].errors_of(page))
            return self._refused(list(self.heard.values()), [page]), worst
        if self.heard and {*decided.values(), *pages.values()} != {"pass"}:
            return Verdict("wait", "evidence", "too few answers to judge by"), ""
        return self._judge_times()

    def _judge_times(self) -> tuple[Verdict, str]:
        if not self._comparison.probe.latency_factor:
            return Verdict("pass"), ""
        pairs: dict[tuple[Place, str], Pair] = {}
        for place, path in {(heard.place, path): None for heard in self.heard.values() for path in heard.times}:
            here = [heard for heard in self.heard.values() if heard.place == place]
            before = [each.latency_s for each in self._comparison.baseline.of(place, path) if each.latency_s]
            pairs[place, path] = Pair(before, [time for heard in here for time in heard.times.get(path, ())])
        bad = slower(pairs.values())
        for (place, path), pair in pairs.items():
            if pair in bad:
                machine = next(id for id, heard in self.heard.items() if heard.place == place)
                return Verdict("fail", "latency", slowed(path, place.region, pair)), machine
        return Verdict("pass"), ""

    def _refused(self, heard: Sequence[MachineAnswers], paths: Sequence[str]) -> Verdict:
        wrong: dict[str, Counter[str]] = {}
        asked = before = before_of = 0
        for path in paths:
            errors, answers = self._comparison.errors_before(path)
            before, before_of = before + errors, before_of + answers
            for each in heard:
                asked += each.asked[path]
                wrong.setdefault(path, Counter()).update(each.errors.get(path, {}))
        return Verdict("fail", "errors", refused(asked, wrong, before, before_of))

    # --- counts

    def _new_machine_test(self, machines: int) -> ErrorTest:
        # The more machines, the more chances for one of them to look bad by luck.
        return replace(self._strictness.machine, risk=self._strictness.machine.risk / machines)

    def _of_machine(self, heard: MachineAnswers) -> list[ErrorCount]:
        return [
            ErrorCount(asked, heard.errors_of(path), self._comparison.before(heard.place, path))
            for path, asked in heard.asked.items()
        ]

    def _count_page(self, path: str) -> list[ErrorCount]:
        asked: Counter[Place] = Counter()
        errors: Counter[Place] = Counter()
        for heard in self.heard.values():
            asked[heard.place] += heard.asked[path]
            errors[heard.place] += heard.errors_of(path)
        return [ErrorCount(asked[place], errors[place], self._comparison.before(place, path)) for place in asked]

    def _recount(self) -> None:
        self._of_page.cache_clear()
        self._wanted_of.cache_clear()
