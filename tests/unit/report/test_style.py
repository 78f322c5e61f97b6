from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.report.line import Line, Span
from flyctl_orchestrator.report.numbers import count, duration, latency, short_digest
from flyctl_orchestrator.report.output import Output
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.terminal import columns
from tests.unit.report.report_doubles import COLOUR, PLAIN, Terminal


@pytest.mark.parametrize(
    ("tty", "variables", "colour", "live"),
    [
        (True, {"TERM": "xterm-256color"}, True, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False, True),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True, True),
        (True, {"TERM": "dumb"}, False, False),
        (True, {}, False, False),
        (False, {"TERM": "xterm"}, False, False),
        (False, {"FORCE_COLOR": "1"}, True, False),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        (False, {"FORCE_COLOR": "0"}, False, False),
    ],
)
def test_what_a_stream_can_show(tty: bool, variables: dict[str, str], colour: bool, live: bool) -> None:
    style = Style.of(Terminal(tty=tty), variables)
    assert (style.colour, style.live, style.terminal) == (colour, live, tty)


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "✓"), ("ascii", "ok"), ("latin-1", "ok"), ("nonsense", "ok")])
def test_marks_fall_back_to_ascii(encoding: str, mark: str) -> None:
    assert Style.of(Terminal(encoding), {}).good == mark


def test_what_others_say_cannot_rewrite_the_screen() -> None:
    hostile = "a\x1b[2J\x1b]0;title\x07b\rc\n\td\x9b31m\u202ee\u2028f"
    for style in (Style(unicode=True), Style()):
        assert style.fit(hostile) == "ab c  de f"


def test_a_line_has_the_colours_of_its_spans_and_no_others() -> None:
    line = Line.of(Span("v7\x1b[31m\x1b]0;T\x07", "good"), " as ", Span("wanted"), Line.of(Span("!", "bad")))
    assert COLOUR.characters(line) == "\x1b[32mv7\x1b[0m as wanted\x1b[31m!\x1b[0m"
    assert PLAIN.characters(line) == str(Line.of("v7 as wanted!"))


def test_a_closed_stream_is_no_terminal() -> None:
    stream = Terminal()
    stream.close()
    assert not Style.of(stream, {}).terminal


def test_how_wide() -> None:
    assert columns(Style(), {"COLUMNS": "132"}) == 132
    assert columns(Style(), {}) is None
    assert columns(Style(), {"COLUMNS": "wide"}) is None


def test_quantities() -> None:
    assert [latency(each) for each in (None, 0.0001, 0.0123, 0.9994, 0.9996, 12.34)] == [
        "-", "1 ms", "12 ms", "999 ms", "1.0 s", "12.3 s",
    ]  # fmt: skip
    assert [duration(each) for each in (0, 9.94, 9.96, 59.4, 59.6, 125, 3725)] == [
        "0.0 s", "9.9 s", "10 s", "59 s", "1 m 00 s", "2 m 05 s", "1 h 02 m",
    ]  # fmt: skip
    assert (count(1, "machine"), count(0, "machine")) == ("1 machine", "0 machines")
    assert (short_digest("sha256:abcdef0123456789"), short_digest(None)) == ("abcdef012345", "-")


@pytest.mark.parametrize(
    ("value", "spoken"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("no", False), ("", False)]
)
def test_what_is_read_aloud_is_not_drawn_anew_and_has_words_for_marks(value: str, spoken: bool) -> None:
    stream = Terminal()
    style = Style.of(stream, {"TERM": "xterm", "FLYO_PLAIN": value})
    assert (style.spoken, style.live, style.terminal) == (spoken, not spoken, True)
    assert (style.good, style.bad) == (("ok", "failed") if spoken else ("✓", "✗"))
    assert columns(style, {"COLUMNS": "20"}) == (None if spoken else 20)
    assert Output(stream, stream, {"TERM": "xterm"}).style.spoken is False
    environment = Environment({"TERM": "xterm"}, Path(), stdin=stream, stdout=stream, stderr=stream)
    assert Output.of(environment, plain=True).side_style.spoken is True
