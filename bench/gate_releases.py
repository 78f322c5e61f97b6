"""Releases that never were: their answers are drawn by lot and go through the very gate that judges real ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.project.model import Probe
from flyctl_orchestrator.rollout.gate.comparison import Baseline, Comparison, Place
from flyctl_orchestrator.rollout.gate.pages import next_page
from flyctl_orchestrator.rollout.gate.wave_evidence import STRICTNESS, WaveEvidence
from flyctl_orchestrator.rollout.run.baseline import ANSWERS, ANSWERS_IF_ERRORS

# Looks in the ten seconds of a watch.
LOOKS = 11
# Seconds an answer takes: a part that never changes, and one that is drawn.
FIXED, DRAWN = 0.05, 0.02


@dataclass(frozen=True)
class Release:
    """What is rolled out, and to what.

    Attributes:
        regions, each: how many regions, and machines in each; the first region is the canary.
        before, after: share of errors among the answers before the change, and after it.
        one: share of errors of a single machine, where all others are as before; None when all are alike.
        health: whether the health page is a page of its own, on which there are no errors.
        slower: how many times as long answers take after the change.
        strictness: as in flyo.toml's [probe].
    """

    regions: int = 3
    each: int = 1
    before: float = 0.0
    after: float = 0.0
    one: float | None = None
    health: bool = False
    slower: float = 1.0
    strictness: str = "usual"

    @property
    def machines(self) -> list[tuple[str, Place]]:
        """Every machine and where it is."""
        places = [Place(f"r{number}", "app") for number in range(self.regions)]
        return [(f"{place.region}-{number}", place) for place in places for number in range(self.each)]

    @property
    def pages(self) -> tuple[str, ...]:
        """What is asked for, the health page first."""
        return ("/up", "/") if self.health else ("/",)


@dataclass
class End:
    """How one rollout came out.

    Attributes:
        sent: requests to machines after they had changed, the one with which each first passes included.
        code: why it was refused, "" when it was accepted.
    """

    sent: int = 0
    code: str = ""
    waves: list[str] = field(default_factory=list)


def roll_out(release: Release, luck: random.Random) -> End:
    """One rollout: the canary, and then all others at once."""
    end = End()
    machines = release.machines
    chosen = luck.choice(machines)[0] if release.one is not None else ""
    comparison = Comparison(_baseline(release, luck), _probe(release))
    for wave in (machines[: release.each], machines[release.each :]):
        if wave and not end.code:
            _watch(release, wave, comparison, chosen, luck, end)
    return end


def _probe(release: Release) -> Probe:
    return Probe(path=release.pages[0], paths=release.pages[1:])


def _baseline(release: Release, luck: random.Random) -> Baseline:
    baseline, probe = Baseline(), _probe(release)
    for place in dict.fromkeys(place for _, place in release.machines):
        needed = ANSWERS
        while baseline.asked(place) < needed:
            page = next_page(release.pages, {page: len(baseline.of(place, page)) for page in release.pages})
            baseline.add(place, page, _answer(release, page, release.before, 1.0, luck))
            if Comparison(baseline, probe).errors_in(place, "/"):
                needed = ANSWERS_IF_ERRORS
    return baseline


def _watch(
    release: Release,
    wave: Sequence[tuple[str, Place]],
    comparison: Comparison,
    chosen: str,
    luck: random.Random,
    end: End,
) -> None:
    """One wave, with its requests spread over the watch as they are in a rollout."""
    evidence = WaveEvidence(STRICTNESS[release.strictness], comparison, release.pages)
    for machine, place in wave:
        evidence.expect(machine, place)
    end.sent += len(wave)
    look = 0
    while True:
        part = min(1.0, look / (LOOKS - 1))
        due = {machine: _now(evidence, machine, len(wave), part) for machine, _ in wave}
        for machine, pages in due.items():
            rate = release.after if release.one is None else release.one if machine == chosen else release.before
            for page in pages:
                answer = _answer(release, page, rate, release.slower, luck)
                evidence.hear(machine, page, answer, warm=part >= 0.5)
        verdict, _ = evidence.judge(len(wave))
        look += 1
        if verdict.kind == "fail" or (verdict.kind == "pass" and look >= LOOKS):
            end.sent += sum(heard.sent for heard in evidence.heard.values())
            end.code = verdict.code
            return


def _now(evidence: WaveEvidence, machine: str, machines: int, part: float) -> list[str]:
    due, sent = evidence.due(machine, machines), evidence.heard[machine].sent
    return due[: max(0, 1 + int((sent + len(due) - 1) * part) - sent)]


def _answer(release: Release, page: str, errors: float, slower: float, luck: random.Random) -> Answer:
    bad = luck.random() < errors and (page == "/" or not release.health)
    seconds = (FIXED + luck.expovariate(1 / DRAWN)) * slower
    return Answer(ok=not bad, status=500 if bad else 200, latency_s=seconds, error="answered 500" if bad else None)
