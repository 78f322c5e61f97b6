"""A rollout's events on their way to the page: all of them, in order, and never in the rollout's way."""

from __future__ import annotations

import threading
from typing import Any

from flyctl_orchestrator.cli.local.following import MOST_WAITING, Follower


def test_every_event_is_sent_in_order() -> None:
    sent: list[dict[str, Any]] = []
    follower = Follower(sent.extend)
    told = [{"n": number} for number in range(1200)]
    for one in told:
        follower.add(one)
    follower.close()
    assert sent == told


def test_a_platform_that_is_gone_is_not_noticed() -> None:
    tried = threading.Event()

    def send(batch: list[dict[str, Any]]) -> None:
        tried.set()
        raise ConnectionResetError("gone")

    follower = Follower(send)
    follower.add({"n": 1})
    assert tried.wait(10)
    follower.add({"n": 2})
    follower.close()


def test_a_platform_that_hangs_holds_nobody_up() -> None:
    began, release = threading.Event(), threading.Event()

    def send(batch: list[dict[str, Any]]) -> None:
        began.set()
        release.wait(60)

    follower = Follower(send)
    follower.add({"n": 0})
    assert began.wait(10)
    for number in range(2 * MOST_WAITING):
        follower.add({"n": number})
    follower.close()
    assert not release.is_set()
    release.set()


def test_nothing_to_send_is_nothing_sent() -> None:
    sent: list[list[dict[str, Any]]] = []
    Follower(sent.append).close()
    assert sent == []
