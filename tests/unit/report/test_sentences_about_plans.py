"""What is said of a plan and of an outcome: drift once, "nothing to do" only where that is so, never "0 regions"."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.report.github.text import summary
from flyctl_orchestrator.report.outcome_text import outcome_lines
from flyctl_orchestrator.report.plan_text import plan_lines
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.words import sentence
from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.context.outcome import Outcome, Row
from flyctl_orchestrator.rollout.plan.lanes import create_lane
from flyctl_orchestrator.rollout.plan.plan import Drift, DriftKind, Lane, Plan, PlannedImage, Wave


def said(plan: Plan) -> list[str]:
    return [str(line) for line in plan_lines(plan)]


def drift(kind: DriftKind, *, fixed: bool = False) -> Drift:
    return Drift(kind, "nrt", "app", "", f"nrt is {kind}", fixed)


def plan(*lanes: Lane, drifts: tuple[Drift, ...] = ()) -> Plan:
    waves = (Wave("canary", lanes),) if lanes else ()
    image = PlannedImage("shop:one", None)
    return Plan("shop", "", image, "", "", ("app",), waves, drift=drifts, unchanged=2)


def test_what_a_plan_puts_right_stands_in_its_lane_and_nowhere_else() -> None:
    text = "\n".join(said(plan(create_lane("nrt", "app", 1), drifts=(drift("missing", fixed=True),))))
    assert "nrt is missing" not in text and text.count("missing") == 1


def test_what_it_leaves_alone_is_said_above_it() -> None:
    lines = said(plan(create_lane("nrt", "app", 1), drifts=(drift("surplus"),)))
    assert lines[0] == "! nrt is surplus"


def test_an_empty_plan_has_nothing_to_do() -> None:
    assert said(plan()) == ["Nothing to do: 2 machines as wanted."]


@pytest.mark.parametrize("kind", ["surplus", "removed_group", "stray", "mixed_image"])
def test_nothing_to_do_is_not_said_beside_what_somebody_will_act_on(kind: DriftKind) -> None:
    lines = said(plan(drifts=(drift(kind),)))
    assert lines == [
        f"! nrt is {kind}",
        "A deploy has nothing to change: 2 machines as wanted; it leaves what else differs as it is.",
    ]


def test_a_strangers_machine_is_nobodys_to_act_on() -> None:
    assert said(plan(drifts=(drift("unmanaged"),)))[-1] == "Nothing to do: 2 machines as wanted."


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "deploy", "drift": 0}, "nothing to do: every machine is as it should be"),
        (
            {"kind": "deploy", "drift": 2},
            "a deploy has nothing to change; it leaves what else differs from the files as it is",
        ),
        ({"kind": "scale", "drift": 0}, "nothing to do: every count is as asked"),
    ],
)
def test_the_same_of_events(fields: dict[str, object], words: str) -> None:
    told = sentence(Event("plan.nothing_to_do", 0.0, "shop", fields))
    assert told is not None and told.text.startswith(words)


def test_a_scale_says_its_counts() -> None:
    counts = [
        {"region": "nrt", "group": "app", "before": 0, "count": 2},
        {"region": "fra", "group": "worker", "before": 1, "count": 0},
        {"region": "iad", "group": "app", "before": 1, "count": 1},
    ]
    told = sentence(Event("plan.ready", 0.0, "shop", {"kind": "scale", "counts": counts, "machines": 3, "waves": []}))
    assert told is not None and told.text == "plan: app:nrt 0 → 2, worker:fra 1 → 0"


def row(region: str, fate: str) -> Row:
    return Row(region, "app", f"m-{region}", 1, "", "started", fate, "healthy")


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ((row("iad", "new"), row("fra", "unchanged")), "Done in 2.0 s: 2 regions, said."),
        ((row("iad", "unchanged"), row("fra", "destroyed")), "Done in 2.0 s: 1 region, said."),
        ((row("fra", "destroyed"),), "Done in 2.0 s: said."),
        ((), "Done in 2.0 s: said."),
    ],
)
def test_regions_are_those_with_machines(rows: tuple[Row, ...], line: str) -> None:
    outcome = Outcome("done", "said", rows, seconds=2.0)
    assert line in [str(each) for each in outcome_lines(outcome, Style(unicode=True), None, url="http://shop")]


def test_the_step_summary_says_what_was_done_and_not_more() -> None:
    what = "1 machine is destroyed, 1 unchanged"
    outcome = Outcome("done", what, (row("iad", "unchanged"), row("fra", "destroyed")), seconds=2.0)
    text = summary("shop", outcome.as_fields())
    assert text.startswith(f"### ✅ shop: {what}\n\n1 machine in 1 region in 2.0 s")
    nothing_left = summary("shop", Outcome("done", what, (row("fra", "destroyed"),)).as_fields())
    assert "no machine is left" in nothing_left and "0 " not in nothing_left.splitlines()[2]
