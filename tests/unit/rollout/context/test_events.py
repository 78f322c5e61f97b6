"""Events: their shape, their names, and that one lost listener stops nobody."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flyctl_orchestrator.rollout.context.events import NAMES, Emitter, Event
from flyctl_orchestrator.rollout.plan.steps import KINDS

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "events.md"


class StillClock:
    def now(self) -> float:
        return 1_800_000_000.25

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing sleeps here")


def test_an_event_is_one_json_object() -> None:
    event = Event("wave.started", 1_800_000_000.25, "shop", {"wave": "canary"})
    assert json.loads(json.dumps(event.as_dict())) == {
        "schema": "flyo.event/1",
        "event": "wave.started",
        "ts": "2027-01-15T08:00:00.250Z",
        "app": "shop",
        "wave": "canary",
    }


def test_a_name_nobody_has_documented_is_a_defect() -> None:
    with pytest.raises(ValueError, match=r"rollout\.exploded"):
        Emitter("shop", StillClock())("rollout.exploded")


def test_a_listener_that_went_away_is_left_out_and_the_others_are_told() -> None:
    heard: list[str] = []

    def gone(event: Event) -> None:
        heard.append("gone")
        raise BrokenPipeError

    emit = Emitter("shop", StillClock(), gone, lambda event: heard.append(event.name))
    emit("note", line="one")
    emit("note", line="two")
    assert heard == ["gone", "note", "note"]


def test_every_name_is_documented_and_every_documented_name_exists() -> None:
    rows = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([a-z_.]+)`", row)}
    assert documented >= NAMES
    assert {name for name in documented if re.match(r"(wave|rollout|step|plan|build|rollback)\.", name)} <= NAMES


def test_every_step_is_documented_and_every_documented_step_exists() -> None:
    [row] = [line for line in PAGE.read_text().splitlines() if line.startswith("| `step.started` |")]
    assert sorted(re.findall(r"`([a-z_]+)`", row.split("steps:")[1])) == sorted(KINDS)
