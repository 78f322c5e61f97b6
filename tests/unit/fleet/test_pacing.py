from __future__ import annotations

import random

import pytest

from flyctl_orchestrator.fleet.pacing import MARGIN, Pacer
from tests.unit.fleet.fleet_doubles import ManualClock


class Bucket:
    """The platform's side of a limit: a token bucket that sees requests when they arrive."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst, self.tokens, self.last = rate, burst, float(burst), 0.0

    def admits(self, at: float) -> bool:
        self.tokens = min(self.burst, self.tokens + max(0.0, at - self.last) * self.rate)
        self.last = max(self.last, at)
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def test_the_burst_goes_at_once_and_the_next_call_waits_for_its_turn() -> None:
    clock = ManualClock()
    pacer = Pacer(clock)
    assert [pacer.pace("start", "m1") for _ in range(3)] == [0, 0, 0]
    assert pacer.pace("start", "m1") == pytest.approx(1 + MARGIN)


def test_machines_and_actions_do_not_share_a_limit() -> None:
    pacer = Pacer(ManualClock())
    for _ in range(3):
        pacer.pace("start", "m1")
    assert pacer.pace("start", "m2") == 0
    assert pacer.pace("stop", "m1") == 0


def test_reading_a_machine_has_its_own_larger_limit() -> None:
    pacer = Pacer(ManualClock())
    assert [pacer.pace("get", "m1") for _ in range(10)] == [0] * 10
    assert pacer.pace("get", "m1") == pytest.approx(0.2 + MARGIN)


def test_a_rest_fills_the_burst_again() -> None:
    clock = ManualClock()
    pacer = Pacer(clock)
    for _ in range(3):
        pacer.pace("create", "app")
    clock.time += 3 + 2 * MARGIN
    assert [pacer.pace("create", "app") for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize("action", ["list", "app.get"])
def test_flyctl_is_not_refused_while_we_call_as_often_as_we_may(action: str) -> None:
    clock = ManualClock(start=0.0)
    pacer, bucket = Pacer(clock), Bucket(1, 3)
    for number in range(30):
        pacer.pace(action, "app")
        assert bucket.admits(clock.time)
        if number == 17:  # flyctl's own call, at the worst moment
            assert bucket.admits(clock.time)
        clock.time += 0.2


@pytest.mark.parametrize(("action", "rate", "burst"), [("update", 1, 3), ("get", 5, 10)])
def test_the_platform_never_has_to_refuse_even_when_requests_arrive_late_or_bunched(
    action: str, rate: float, burst: int
) -> None:
    source = random.Random(7)
    for _ in range(50):
        clock = ManualClock(start=0.0)
        pacer, bucket = Pacer(clock), Bucket(rate, burst)
        arrivals = []
        for _ in range(60):
            pacer.pace(action, "m1")
            arrivals.append(clock.time + source.uniform(0, MARGIN))
            clock.time += source.choice([0, 0, 0.05, 1.5])
        assert all(bucket.admits(at) for at in sorted(arrivals))


def test_it_can_be_told_whether_a_call_would_wait() -> None:
    clock = ManualClock()
    pacer = Pacer(clock)
    for _ in range(20):
        ready = pacer.ready("list", "app")
        assert ready == (pacer.pace("list", "app") == 0)
        clock.time += 0.3
    assert pacer.ready("list", "another") and pacer.ready("create", "app")
