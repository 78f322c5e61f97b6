from __future__ import annotations

import json
from pathlib import Path

import pytest

from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.report.choose import choose_reporter
from flyctl_orchestrator.report.jsonlines import JsonLinesReporter
from flyctl_orchestrator.report.live import LiveReporter
from flyctl_orchestrator.report.output import Output
from flyctl_orchestrator.report.plain import PlainReporter
from flyctl_orchestrator.report.progress_table import ProgressTable
from flyctl_orchestrator.report.words import sentence
from flyctl_orchestrator.rollout.context.events import NAMES, Event
from tests.unit.report.report_doubles import StillClock, Terminal, event, output_to, pipe

LANES = [{"lane": f"{code}/app/m-{code}", "region": code} for code in ("iad", "fra", "nrt")]


def story() -> list[Event]:
    """A rollout of three regions whose last one fails."""
    told = [
        event("plan.ready", 1000, machines=3, waves=[{"lanes": LANES[:1]}, {"lanes": LANES[1:]}]),
        event("build.log", 1000.5, line="pip install"),
        event("build.finished", 1002, ref="registry.fly.io/web:x", digest="sha256:abcdef0123456789", seconds=2.0),
        event("wave.started", 1002, wave="canary", regions=["iad"]),
        *machine("iad", 1003, ok=True),
        event("wave.passed", 1004, wave="canary", regions=["iad"]),
        event("wave.started", 1004, wave="wave 2", regions=["fra", "nrt"]),
        *machine("fra", 1005, ok=True),
        *machine("nrt", 1006, ok=False),
        event("wave.failed", 1007, wave="wave 2", reason="answered 500"),
        event("rollback.started", 1007, reason="nrt: answered 500"),
        event("rollback.finished", 1009, ok=True),
        event("rollout.finished", 1009, result="rolled_back", what="nrt answered 500; all is as it was", seconds=9.0),
    ]
    return told


def machine(region: str, ts: float, *, ok: bool) -> list[Event]:
    at = {"lane": f"{region}/app/m-{region}", "region": region, "machine": f"m-{region}"}
    status = 200 if ok else 500
    told = [
        event("step.started", ts, **at, step="update_machine"),
        event("machine.phase", ts, **at, phase="updating", release=7),
        event("probe.answered", ts, **at, ok=ok, status=status, latency_s=0.0123, error=None if ok else "answered 500"),
        event("machine.phase", ts, **at, phase="healthy" if ok else "failed", reason="" if ok else "answered 500"),
    ]
    failed = event("step.failed", ts, **at, step="gate", reason="answered 500")
    return told if ok else [*told, failed]


# --- words


def test_a_wave_that_somebody_broke_off_has_not_failed() -> None:
    said = sentence(event("wave.failed", wave="canary", verdict="interrupted"))
    assert said is not None and (said.text, said.tone) == ("canary broken off", "warn")
    said = sentence(event("wave.failed", wave="canary", verdict="failed"))
    assert said is not None and (said.text, said.tone) == ("canary failed", "bad")


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_event_has_words_even_without_any_field(name: str) -> None:
    said = sentence(event(name))
    assert said is None or ("\n" not in said.text and "None" not in said.text)


def test_an_event_nobody_has_heard_of_is_still_told_to_those_who_want_all() -> None:
    said = sentence(event("something.new", region="iad", number=3))
    assert said is not None
    assert (said.text, said.detail) == ("something.new region=iad number=3", True)


# --- plain


def test_plain_lines_tell_the_story_and_nothing_more() -> None:
    stream = pipe()
    reporter = PlainReporter(output_to(stream))
    for each in story():
        reporter.event(each)
    reporter.close()
    assert stream.getvalue().splitlines() == [
        "   0.0s     plan: 3 machines to change, 2 waves",
        "   2.0s  ✓  built registry.fly.io/web:x (abcdef012345) (2.0 s)",
        "   2.0s     canary: iad",
        "   3.0s  ✓  iad m-iad healthy",
        "   4.0s  ✓  canary passed",
        "   4.0s     wave 2: fra nrt",
        "   5.0s  ✓  fra m-fra healthy",
        "   6.0s  ✗  nrt m-nrt failed: answered 500",
        "   7.0s  ✗  wave 2 failed",
        "   7.0s  !  rolling back",
        "   9.0s  !  rolled back",
        "   9.0s  ✗  rollout rolled back (9.0 s)",
    ]


def test_verbose_tells_every_line() -> None:
    stream = pipe("ascii")
    reporter = PlainReporter(output_to(stream), verbose=True)
    for each in story():
        reporter.event(each)
    text = stream.getvalue()
    assert "pip install" in text
    assert "nrt m-nrt did not pass its probe: answered 500" in text
    assert "iad m-iad answered 200 in 12 ms" in text
    assert text.isascii()


# --- JSON lines


def test_json_lines_hold_every_event_and_nothing_else() -> None:
    stream = pipe()
    reporter = JsonLinesReporter(output_to(stream))
    for each in story():
        reporter.event(each)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines == [each.as_dict() for each in story()]
    assert lines[0]["schema"] == "flyo.event/1"


# --- the table


def test_the_board_knows_every_region_from_the_plan_on_and_how_it_ended() -> None:
    table = ProgressTable()
    table.see(story()[0])
    assert [(row.region, row.done, row.total, row.state) for row in table.rows.values()] == [
        ("iad", 0, 1, "waiting"),
        ("fra", 0, 1, "waiting"),
        ("nrt", 0, 1, "waiting"),
    ]
    for each in story()[1:]:
        table.see(each)
    rows = {row.region: row for row in table.rows.values()}
    assert [(row.done, row.total, row.state, row.healthy, row.busy) for row in rows.values()] == [
        (1, 1, "healthy", True, False),
        (1, 1, "healthy", True, False),
        (0, 1, "failed", False, False),
    ]
    assert (rows["iad"].release, rows["iad"].latency_s, rows["nrt"].health) == ("v7", 0.0123, "500")
    assert table.heading == "rolling back"


def test_a_machine_that_gets_its_name_later_is_counted_once() -> None:
    table = ProgressTable()
    table.see(event("machine.phase", lane="nrt/app/new-1", region="nrt", machine=None, phase="creating"))
    assert table.rows["nrt"].busy
    table.see(event("machine.phase", lane="nrt/app/new-1", region="nrt", machine="m9", phase="healthy"))
    assert (table.rows["nrt"].total, table.rows["nrt"].done) == (1, 1)


def test_the_live_board_draws_rows_and_leaves_lasting_lines_above() -> None:
    stream, clock = Terminal(), StillClock()
    reporter = LiveReporter(output_to(stream, TERM="xterm", NO_COLOR="1"), clock)
    for each in story():
        clock.time = each.ts
        reporter.event(each)
    reporter.event(event("note", line="a note"))
    reporter.close()
    reporter.close()
    text = stream.getvalue()
    for part in ("region", "✓ canary passed", "✗ wave 2 failed", "✓ 200", "✗ 500", "12 ms", "0/1", "a note"):
        assert part in text
    assert text.count("\x1b[?25h") >= text.count("\x1b[?25l") > 0  # the cursor is given back
    assert "\x1b[32m" not in text


def test_while_there_are_no_regions_yet_it_shows_what_the_build_is_doing() -> None:
    stream, clock = Terminal(), StillClock()
    reporter = LiveReporter(output_to(stream, TERM="xterm", NO_COLOR="1"), clock)
    reporter.event(event("build.started"))
    reporter.event(event("build.log", line="Collecting flask\x1b[2J " + "x" * 500))
    clock.time += 65
    reporter.close()
    text = stream.getvalue()
    assert "building · 0.0 s" in text
    assert "building · 1 m 05 s · Collecting flask xxx" in text
    assert "region" not in text
    assert "x" * 100 not in text


def test_a_run_that_changes_nothing_draws_no_table() -> None:
    stream = Terminal()
    reporter = LiveReporter(output_to(stream, TERM="xterm"), StillClock())
    reporter.event(event("plan.nothing_to_do", unchanged=3))
    reporter.close()
    assert "nothing to do" in stream.getvalue()
    assert "region" not in stream.getvalue()


# --- which one


@pytest.mark.parametrize(
    ("tty", "variables", "as_json", "verbose", "kind"),
    [
        (True, {"TERM": "xterm"}, False, False, LiveReporter),
        (True, {"TERM": "xterm"}, False, True, PlainReporter),
        (True, {"TERM": "dumb"}, False, False, PlainReporter),
        (True, {"TERM": "xterm", "CI": "true"}, False, False, PlainReporter),
        (False, {"TERM": "xterm"}, False, False, PlainReporter),
        (True, {"TERM": "xterm"}, True, False, JsonLinesReporter),
    ],
)
def test_who_gets_which_reporter(
    tty: bool, variables: dict[str, str], as_json: bool, verbose: bool, kind: type
) -> None:
    stderr, stdout = Terminal(tty=tty), Terminal(tty=tty)
    environment = Environment(variables, Path(), clock=StillClock(), stdout=stdout, stderr=stderr)
    reporter = choose_reporter(environment, Output.of(environment), as_json=as_json, verbose=verbose)
    assert type(reporter) is kind
    reporter.event(event("warning", what="careful"))
    reporter.close()
    assert ("careful" in stdout.getvalue()) == as_json
    assert ("careful" in stderr.getvalue()) != as_json
