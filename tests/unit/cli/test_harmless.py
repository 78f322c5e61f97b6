"""Whoever looks at a rollout does not end it."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.cli.run_under_lock import harmless
from flyctl_orchestrator.rollout.context.events import Event


def test_one_that_fails_is_named_once_and_told_nothing_more() -> None:
    heard: list[str] = []
    said: list[str] = []

    def listener(event: Event) -> None:
        heard.append(event.name)
        raise RuntimeError("the loop is closed")

    tell = harmless(listener, said.append)
    for name in ("wave.started", "wave.passed"):
        tell(Event(name, 0.0, "shop"))
    assert heard == ["wave.started"]
    assert said == [
        "warning: a page or record of this rollout failed and gets no more of it: RuntimeError: the loop is closed"
    ]


def test_that_nobody_reads_any_more_is_for_the_emitter_to_see() -> None:
    def listener(event: Event) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        harmless(listener, pytest.fail)(Event("note", 0.0, "shop"))
