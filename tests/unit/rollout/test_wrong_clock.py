"""A computer whose clock is days fast or slow rolls out as any other one, and its history is told once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.fleet.http import HttpAnswer, StreamingHttp
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.rollout.context.concurrency import InTurn, Stop
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.journal.history import HistoryEntry, history_of
from flyctl_orchestrator.rollout.prepare import prepare
from flyctl_orchestrator.rollout.rehearsal.simulated_target import WireClock
from tests.unit.rollout.rehearsal.simulated_project import SimulatedProject

DAYS = 2 * 86_400.0


@dataclass(frozen=True)
class OffClock:
    """A clock that somebody has set wrongly; time passes as it does."""

    right: WireClock
    skew: float

    def now(self) -> float:
        return self.right.now() + self.skew

    def monotonic(self) -> float:
        return self.right.monotonic()

    def sleep(self, seconds: float) -> None:
        self.right.sleep(seconds)


@dataclass(frozen=True)
class DatedHttp:
    """The simulation's answers with a Date, as servers send it."""

    inner: StreamingHttp
    clock: WireClock

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], json: Any = None, timeout: float
    ) -> HttpAnswer:
        answer = self.inner.send(method, url, headers=headers, json=json, timeout=timeout)
        return replace(answer, headers={**answer.headers, "date": formatdate(self.clock.now(), usegmt=True)})

    def stream(self, *words: Any, **more: Any) -> HttpAnswer:
        return self.inner.stream(*words, **more)


class Computer:
    """One whose clock is off, beside a project that was deployed once."""

    def __init__(self, root: Path, skew: float) -> None:
        self.root = root
        right = SimulatedProject.deployed(root).target
        assert isinstance(right.clock, WireClock)
        self.target: Target = replace(right, clock=OffClock(right.clock, skew), http=DatedHttp(right.http, right.clock))

    def work(self) -> Deployment:
        project, clock = load_project(self.root, None, None, {}), self.target.clock
        return Deployment(
            self.target, project, project.flyo.rollout, InTurn(), Emitter("shop", clock), Stop(), self.root / "state"
        )

    def deploy(self) -> Outcome:
        work = self.work()
        return work.run(*prepare(work, None))

    def history(self) -> list[HistoryEntry]:
        machines = self.target.api.list_machines("shop")
        return history_of(self.work().journals.all(), machines, self.target.flyctl.releases("shop"))


def right_seconds(root: Path) -> float:
    """How long it takes with a right clock."""
    root.mkdir()
    return Computer(root, 0.0).deploy().seconds


@pytest.mark.parametrize("skew", [DAYS, -DAYS])
def test_a_deploy_takes_as_long_and_is_told_once_and_in_order(tmp_path: Path, skew: float) -> None:
    (tmp_path / "off").mkdir()
    computer = Computer(tmp_path / "off", skew)
    outcome = computer.deploy()
    assert outcome.exit == 0
    assert outcome.seconds == pytest.approx(right_seconds(tmp_path / "right"), abs=1.0)
    newest, first = computer.history()
    assert [newest.id.split("-")[0], first.id.split("-")[0]] == ["0002", "0001"]
    assert [newest.release, first.release] == [2, 1]
    assert newest.source == "journal" and newest.outcome == "done"
    right = computer.target.clock.now() - skew
    assert right - 120 < newest.at < right
