"""What evidence remembers of its readings: how many there were, and since when something has been so."""

from __future__ import annotations

from dataclasses import replace

from flyctl_orchestrator.fleet.machine import Check, Machine, MachineEvent
from flyctl_orchestrator.rollout.gate.evidence import Evidence

EVENTS = tuple(MachineEvent("start", "started", "flyd", at) for at in (102.0, 101.0, 100.0))
STARTED = Machine("m1", "m1", "shop", "fra", "started", "v2", "registry.fly.io/shop:two", "sha256:two", events=EVENTS)
STARTING = replace(STARTED, state="starting")
CRITICAL = replace(STARTED, checks=(Check("up", "critical"),))


def test_readings_are_counted_whatever_they_show() -> None:
    evidence = Evidence(since=0.0)
    counts = []
    for machine in (None, STARTED, STARTING):
        evidence.see(machine, 1.0, right=False)
        counts.append(evidence.readings)
    assert counts == [1, 2, 3]


def test_it_is_known_since_when_a_started_machine_runs_something_else() -> None:
    evidence = Evidence(since=0.0)
    since = []
    for now, (machine, right) in enumerate(
        [(STARTING, False), (STARTED, False), (STARTED, False), (STARTED, True), (STARTED, False), (None, False)], 1
    ):
        evidence.see(machine, float(now), right=right)
        since.append(evidence.odd_since)
    assert since == [None, 2.0, 2.0, None, 5.0, None]


def test_a_machine_that_is_starting_with_what_it_should_run_is_not_odd() -> None:
    evidence = Evidence(since=0.0)
    evidence.see(STARTING, 1.0, right=True)
    assert (evidence.odd_since, evidence.started_at) == (None, None)


def test_it_is_known_since_when_a_check_has_been_critical() -> None:
    evidence = Evidence(since=0.0)
    since = []
    for now, machine in enumerate([STARTED, CRITICAL, CRITICAL, replace(CRITICAL, state="stopped"), CRITICAL], 1):
        evidence.see(machine, float(now), right=True)
        since.append(evidence.critical_since)
    assert since == [None, 2.0, 2.0, None, 5.0]


def test_events_are_those_after_a_moment_and_of_a_machine_that_is_not_listed_there_are_none() -> None:
    evidence = Evidence(since=0.0)
    assert evidence.events_after(0.0) == []
    evidence.see(STARTED, 1.0, right=True)
    assert [event.timestamp_s for event in evidence.events_after(100.0)] == [102.0, 101.0]
