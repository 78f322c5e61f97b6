"""What others wrote goes out as text, and as nothing else: to a terminal, to a pipe, to a pipeline's runner."""

from __future__ import annotations

import errno
import io
import json
import re
import unicodedata
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.report.clean import begins_command, clean, unmarked
from flyctl_orchestrator.report.error_text import show_error
from flyctl_orchestrator.report.github.reporter import GitHubReporter
from flyctl_orchestrator.report.github.text import annotation, group, markdown
from flyctl_orchestrator.report.line import Line, Span, Tone
from flyctl_orchestrator.report.live import LiveReporter
from flyctl_orchestrator.report.output import Output, json_text
from flyctl_orchestrator.report.plain import PlainReporter
from flyctl_orchestrator.report.style import ANSI
from flyctl_orchestrator.rollout.context.events import NAMES
from tests.unit.report.report_doubles import ASCII, COLOUR, PLAIN, StillClock, Terminal, event, output_to, pipe

EVIL = (
    "\x1b[35m", "\x1b[2J", "\x1b[0m", "\x1b]0;T\x07", "\x1b]8;;http://e.vil\x1b\\", "\x1bP1$r\x1b\\", "\x1bc", "\x1b",
    "\x9b31m", "\x9d0;T\x9c", "\x90", "\x85", "\x00", "\x07", "\x08", "\x7f", "\r", "\n", "\r\n", "\t", "[",
    "\u2028", "\u2029", "\u202e", "\u2066", "\u2069", "\u200f", "\u061c", "\ufeff", "\U000e0041", "\ud800", "\udcff",
    "::", "::add-mask::abc", "\n::set-output name=a::b", "  ::error::x", "::endgroup::", "%0A", "%", ":", ",",
    "##[", "##[add-mask]y", "##vso[task.complete]", "#", "##",
)  # fmt: skip
UNTIMED = settings(deadline=None)
TEXT = st.lists(st.sampled_from(EVIL) | st.text(max_size=4), max_size=8).map("".join)
SPANS = st.lists(st.builds(Span, TEXT, st.sampled_from(get_args(Tone))), max_size=4).map(tuple)
OURS = re.compile("|".join(re.escape(f"\x1b[{code}m") for code in {*filter(None, ANSI.values()), "0"}))
# What GitHub's runner looks for, and what Azure's and TeamCity's do.
COMMANDS = re.compile(r"^\s*::|##\w*\[")
DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def harmless(text: str) -> bool:
    """Whether a screen shows `text`, on one line and from left to right as it is, and a runner obeys nothing in it."""
    shown = all(
        unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp")
        and unicodedata.bidirectional(char) not in DIRECTIONS
        and char not in "\u200e\u200f\u061c"
        for char in text
    )
    return shown and COMMANDS.search(text) is None


@UNTIMED
@given(TEXT)
@example("\x1b\x1b[31m[31m")
@example("#\x1b[0m#[add-mask]")
def test_cleaned_text_holds_nothing_but_text(text: str) -> None:
    cleaned = clean(text)
    assert harmless(f".{unmarked(cleaned)}")
    assert clean(cleaned) == cleaned
    assert len(cleaned.encode()) >= len(cleaned)


@UNTIMED
@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=30))
def test_what_is_only_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@UNTIMED
@given(SPANS)
@example((Span("#", "good"), Span("#[add-mask]")))
@example((Span(" ", "good"), Span("::error::")))
@example((Span(":"), Span(":error::x", "bad")))
def test_a_line_is_one_line_in_our_colours_alone(spans: tuple[Span, ...]) -> None:
    for style in (COLOUR, PLAIN, ASCII):
        written = style.characters(Line(spans))
        bare, ours = OURS.subn("", written)
        coloured = [span for span in spans if ANSI[span.tone] and style.fit(span.text)]
        assert ours == (2 * len(coloured) if style.colour else 0)
        assert not begins_command(bare)
        assert harmless(OURS.sub("|", written))
        assert style is not ASCII or written.isascii()


JSON = st.recursive(TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))


@UNTIMED
@given(JSON)
def test_json_says_the_same_and_commands_nothing(data: Any) -> None:
    for indent in (None, 2):
        text = json_text(data, indent=indent)
        assert json.loads(text) == json.loads(json.dumps(data))
        assert all(harmless(line) and line.isascii() for line in text.split("\n"))


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """A command as GitHub's runner reads it: name, properties, data."""
    assert line.startswith("::")
    head, _, data = line[2:].partition("::")
    name, _, rest = head.partition(" ")
    pairs = [pair.split("=", 1) for pair in rest.split(",") if "=" in pair]
    return name, {key.strip(): unescaped(value) for key, value in pairs}, unescaped(data)


def unescaped(text: str) -> str:
    for char, code in {",": "%2C", ":": "%3A", "]": "%5D", ";": "%3B", "\n": "%0A", "\r": "%0D"}.items():
        text = text.replace(code, char)
    return text.replace("%25", "%")


@UNTIMED
@given(TEXT, TEXT)
def test_our_own_commands_carry_what_others_wrote_as_data(title: str, text: str) -> None:
    stream = pipe()
    output = output_to(stream)
    output.command(annotation("error", title, text))
    output.command(group(title))
    first, second = stream.getvalue().splitlines()
    name, properties, data = parsed(first)
    assert (name, properties) == ("error", {"title": unmarked(clean(title))})
    assert data == "\n".join(unmarked(clean(line)) for line in text.splitlines())
    assert parsed(second) == ("group", {}, unmarked(clean(title)))


@UNTIMED
@given(TEXT)
def test_a_cell_of_the_summary_is_one_cell(text: str) -> None:
    assert all(unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") for char in markdown(text))
    assert not re.search(r"(?<!\\)[|`<>]", markdown(text))


FIELDS = (
    "what", "reason", "error", "line", "wave", "region", "machine", "lane", "hook", "phase", "step", "who", "why",
    "ref", "digest", "result", "next", "status", "complaint", "name", "fault", "release", "code", "kind", "verdict",
)  # fmt: skip


@UNTIMED
@given(st.sampled_from(sorted(NAMES)), st.dictionaries(st.sampled_from(FIELDS), TEXT), TEXT)
def test_no_event_gets_more_out_than_text(name: str, fields: dict[str, str], app: str) -> None:
    told = event(name, **{**fields, "regions": [app], "placeholders": [app], "exit": 1})
    stream = pipe()
    reporter = GitHubReporter(output_to(stream, FORCE_COLOR="1", GITHUB_ACTIONS="true"), verbose=True)
    reporter.event(told)
    reporter.close()
    for line in stream.getvalue().split("\n"):
        if line.startswith("::"):
            assert parsed(line)[0] in ("error", "warning", "group", "endgroup")
        else:
            assert harmless(OURS.sub("", line))
    stream = pipe()
    PlainReporter(output_to(stream), verbose=True).event(told)
    assert all(harmless(line) for line in stream.getvalue().split("\n"))


# What Rich writes for the table: where it hides the cursor, goes up, wipes a line, and our own few tones.
TABLE = re.compile(r"\x1b\[(?:\?25[lh]|2K|\d*A|(?:0|1|2|31|32|33)(?:;(?:0|1|2|31|32|33))*m)|[\r\n]")


@UNTIMED
@given(st.sampled_from(["build.log", "warning", "note", "machine.phase", "wave.started"]), TEXT)
@example("machine.phase", "\x1b[35m\x1b]0;T\x07")
def test_the_live_table_moves_the_cursor_by_itself_alone(name: str, text: str) -> None:
    stream = Terminal()
    reporter = LiveReporter(output_to(stream, TERM="xterm"), StillClock())
    reporter.event(event(name, **dict.fromkeys(("line", "what", "region", "machine", "phase", "wave"), text)))
    reporter.close()
    assert re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", TABLE.sub("", stream.getvalue())) is None


@UNTIMED
@given(TEXT, TEXT, TEXT)
def test_an_error_is_one_line_and_one_annotation(what: str, where: str, next: str) -> None:
    stream = pipe()
    error = FlyoError(what, where=where, next=next, code="a.b")
    show_error(error, output_to(stream, GITHUB_ACTIONS="true", FORCE_COLOR="1"))
    line, command = stream.getvalue().removesuffix("\n").split("\n")
    assert line.startswith("flyo: ") and harmless(line)
    assert parsed(command)[:2] == ("error", {"title": "flyo"})


# --- streams that are lost


class Lost(io.StringIO):
    """A stream that cannot be written any more, and remembers why."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.lost = OSError(number, "why")


def test_what_a_command_was_run_for_must_get_out() -> None:
    output = Output(Lost(errno.ENOSPC), pipe(), {})
    with pytest.raises(FlyoError) as raised:
        output.show("a")
    assert (raised.value.code, int(raised.value.exit)) == ("output.lost", 1)
    with pytest.raises(FlyoError):
        output.document({})
    output.report("what was done is done")
    output.record({})


def test_a_reader_that_went_away_has_seen_enough() -> None:
    output = Output(Lost(errno.EPIPE), pipe(), {})
    output.show("a")
    output.document({})
    output.warn_of_loss()
    assert output.gone
