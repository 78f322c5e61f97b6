"""Sentences about the fleet say what its rows say."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.rollout.context.outcome import Row
from flyctl_orchestrator.rollout.plan.plan import PlanKind
from flyctl_orchestrator.rollout.run.sentences import forward_sentence, return_sentence, way_back_sentence
from flyctl_orchestrator.rollout.state.not_taken_back import NotTakenBack


def rows(*fates: str) -> list[Row]:
    return [Row("iad", "app", f"m{n}", 1, "", "started", fate, "healthy") for n, fate in enumerate(fates)]


@pytest.mark.parametrize(
    ("fates", "kind", "said"),
    [
        (["new", "new"], "deploy", "every machine is new and verified"),
        (["new", "new", "destroyed"], "deploy", "every machine is new and verified"),
        (["new"] * 4 + ["unchanged"] * 2, "deploy", "4 machines are new and verified, 2 unchanged"),
        (["new", "unchanged"], "deploy", "1 machine is new and verified, 1 unchanged"),
        (["new", "new"], "scale", "every machine is new and verified"),
        (["new", "destroyed", "unchanged"], "scale", "1 machine is new and verified, 1 destroyed, 1 unchanged"),
        (["destroyed", "destroyed"], "scale", "2 machines are destroyed"),
        (["destroyed", "unchanged", "unchanged"], "scale", "1 machine is destroyed, 2 unchanged"),
        ([], "scale", "no machine was changed"),
    ],
)
def test_the_way_there(fates: list[str], kind: PlanKind, said: str) -> None:
    assert forward_sentence(rows(*fates), kind) == said


def test_a_process_group_that_is_gone_is_counted() -> None:
    gone = Row("iad", "worker", "m9", 1, "", "", "destroyed", "unknown")
    said = "2 machines are new and verified, 1 destroyed"
    assert forward_sentence([*rows("new", "new", "destroyed"), gone], "deploy", ("app",)) == said


@pytest.mark.parametrize(
    ("fates", "said"),
    [
        (["restored", "unchanged"], "every touched machine is back as it was, verified"),
        (["restored", "destroyed"], "every touched machine is back as it was, verified"),
        (["destroyed", "unchanged"], "what was created is destroyed again, nothing else was touched"),
    ],
)
def test_the_way_back(fates: list[str], said: str) -> None:
    assert way_back_sentence(rows(*fates), NotTakenBack()) == said


@pytest.mark.parametrize(
    ("fates", "said"),
    [
        (["restored", "restored"], "every machine is back as it was, verified"),
        (["unchanged", "unchanged"], "every machine is as it was"),
        (["restored", "unchanged", "unchanged"], "1 machine is back as before, verified, 2 unchanged"),
        (["restored", "restored", "destroyed"], "2 machines are back as before, verified, 1 destroyed"),
        (["destroyed", "unchanged"], "1 machine is destroyed, 1 unchanged"),
    ],
)
def test_a_return_that_was_asked_for(fates: list[str], said: str) -> None:
    assert return_sentence(rows(*fates), NotTakenBack()) == said
