"""What GitHub Actions gets to see, whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.report.choose import choose_reporter
from flyctl_orchestrator.report.github.reporter import GitHubReporter
from flyctl_orchestrator.report.github.text import annotation, markdown, summary
from flyctl_orchestrator.report.output import Output
from flyctl_orchestrator.rollout.context.events import Event
from tests.unit.report.report_doubles import Terminal, event, output_to, pipe


def row(region: str, **more: Any) -> dict[str, Any]:
    usual = {
        "region": region,
        "group": "app",
        "machine": f"m-{region}",
        "release": 8,
        "image": "sha256:abcdef0123456789",
    }
    return usual | {"state": "started", "fate": "new", "health": "healthy", "latency_s": 0.0123, "why": ""} | more


def healthy(region: str, ts: float) -> list[Event]:
    at = {"lane": f"{region}/app/m-{region}", "region": region, "machine": f"m-{region}"}
    return [
        event("probe.answered", ts, **at, ok=True, status=200, latency_s=0.0123),
        event("machine.phase", ts, **at, phase="healthy"),
    ]


BEGINNING = [
    event("build.started", 1000),
    event("build.log", 1001, line="pip install"),
    event("build.finished", 1002, ref="registry.fly.io/web:x", digest="sha256:abcdef0123456789", seconds=2.0),
    event("drift.found", 1002, kind="edited", region="fra", what="fra m-fra was edited by hand", fixed=True),
    event("plan.ready", 1002, machines=2, waves=[{}, {}]),
    event("hook.started", 1002, hook="pre-deploy"),
    event("hook.line", 1003, hook="pre-deploy", line="tests are green"),
    event("hook.finished", 1003, hook="pre-deploy", ok=True, end="ok", status=0, seconds=1.0),
    event("rollout.started", 1003, rollout="r-1"),
    event("wave.started", 1003, wave="canary", regions=["iad"]),
    *healthy("iad", 1004),
    event("wave.passed", 1004, wave="canary"),
    event("wave.started", 1004, wave="wave 2", regions=["fra"]),
]


def told(events: list[Event], path: Path) -> tuple[list[str], str]:
    stream = pipe()
    reporter = GitHubReporter(output_to(stream), summary=path)
    for each in events:
        reporter.event(each)
    reporter.close()
    return stream.getvalue().splitlines(), path.read_text("utf-8")


def test_a_good_rollout(tmp_path: Path) -> None:
    finished = event(
        "rollout.finished",
        1005,
        result="done",
        exit=0,
        what="every machine is new and verified",
        seconds=2.0,
        url="https://web.fly.dev",
        machines=[row("iad"), row("fra", health="asleep", latency_s=None)],
    )
    lines, summary = told(
        [*BEGINNING, *healthy("fra", 1005), event("wave.passed", 1005, wave="wave 2"), finished],
        tmp_path / "summary.md",
    )
    assert lines == [
        "::group::building the image",
        "   0.0s     building the image",
        "   1.0s     pip install",
        "::endgroup::",
        "   2.0s  ✓  built registry.fly.io/web:x (abcdef012345) (2.0 s)",
        "::warning title=web::fra m-fra was edited by hand",
        "   2.0s     plan: 2 machines to change, 2 waves",
        "::group::hook pre-deploy",
        "   2.0s     hook pre-deploy",
        "   3.0s     pre-deploy: tests are green",
        "   3.0s  ✓  hook pre-deploy is done (1.0 s)",
        "::endgroup::",
        "   3.0s     rollout r-1 started",
        "::group::canary: iad",
        "   3.0s     canary: iad",
        "   4.0s     iad m-iad answered 200 in 12 ms",
        "   4.0s  ✓  iad m-iad healthy",
        "::endgroup::",
        "   4.0s  ✓  canary passed",
        "::group::wave 2: fra",
        "   4.0s     wave 2: fra",
        "   5.0s     fra m-fra answered 200 in 12 ms",
        "   5.0s  ✓  fra m-fra healthy",
        "::endgroup::",
        "   5.0s  ✓  wave 2 passed",
        "   5.0s  ✓  rollout done (2.0 s)",
    ]
    assert summary == (
        "### ✅ web: every machine is new and verified\n"
        "\n"
        "2 machines in 2 regions in 2.0 s · https://web.fly.dev\n"
        "\n"
        "| region | machine | release | image | fate | health | latency |\n"
        "|---|---|---|---|---|---|---:|\n"
        "| iad | m-iad | v8 | abcdef012345 | new | healthy | 12 ms |\n"
        "| fra | m-fra | v8 | abcdef012345 | new | asleep | - |\n"
        "\n"
    )


def test_a_rollout_that_went_back(tmp_path: Path) -> None:
    failed = [
        event("wave.failed", 1006, wave="wave 2", machine="m-fra", reason="it answered 500: 100%, sadly"),
        event("rollback.started", 1006, machines=2, reason="it answered 500"),
        event("machine.phase", 1007, region="fra", machine="m-fra", phase="restored"),
        event("rollback.finished", 1007, ok=True),
        event(
            "rollout.finished",
            1007,
            result="rolled_back",
            exit=3,
            code="probe",
            what="fra m-fra: it answered 500; every touched machine is back as it was, verified",
            next="See what it wrote: flyctl logs --app web",
            seconds=4.0,
            machines=[row("iad", group="web", fate="restored"), row("fra", release=None, why="it | answered\n<500>")],
        ),
    ]
    lines, summary = told([*BEGINNING, *failed], tmp_path / "summary.md")
    assert lines[19:] == [
        "::group::wave 2: fra",
        "   4.0s     wave 2: fra",
        "::endgroup::",
        "   6.0s  ✗  wave 2 failed",
        "::error title=web wave 2 m-fra::it answered 500: 100%25, sadly",
        "::group::rolling back: 2 machines",
        "   6.0s  !  rolling back: 2 machines",
        "   7.0s     fra m-fra restored",
        "::endgroup::",
        "   7.0s  !  rolled back",
        "   7.0s  ✗  rollout rolled back (4.0 s)",
        "::error title=web%3A rolled back::fra m-fra: it answered 500; every touched machine is back as it was, "
        "verified. See what it wrote: flyctl logs --app web",
    ]
    assert summary == (
        "### ❌ web: failed and rolled back\n"
        "\n"
        "fra m-fra: it answered 500; every touched machine is back as it was, verified (`probe`, exit 3). "
        "See what it wrote: flyctl logs --app web.\n"
        "\n"
        "| region | group | machine | release | image | fate | health | latency |\n"
        "|---|---|---|---|---|---|---|---:|\n"
        "| iad | web | m-iad | v8 | abcdef012345 | restored | healthy | 12 ms |\n"
        "| fra | app | m-fra | - | abcdef012345 | new | healthy | 12 ms |\n"
        "\n"
        "- fra m-fra: it \\| answered &lt;500&gt;\n"
        "\n"
    )


def test_summaries_are_added_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# of another step\n")
    finished = event("rollout.finished", 1000, result="nothing", exit=0, machines=[row("iad")])
    told([finished], path)
    _, summary = told([event("rehearsal.started", 1000), finished], path)
    assert summary.startswith("# of another step\n### ✅ web: nothing to change\n")
    assert "### ✅ Rehearsal of web: nothing to change\n" in summary


def test_a_summary_that_cannot_be_written_is_said_and_nothing_else(tmp_path: Path) -> None:
    stream = pipe()
    reporter = GitHubReporter(output_to(stream), summary=tmp_path / "no" / "such" / "directory")
    reporter.event(event("rollout.finished", 1000, result="done", exit=0))
    assert stream.getvalue().splitlines()[-1] == "the step summary cannot be written: No such file or directory"
    GitHubReporter(output_to(stream)).event(event("rollout.finished", 1000, result="done", exit=0))


def test_what_others_wrote_commands_nobody() -> None:
    """Builds, hooks and apps may print what looks like a command to the runner."""
    stream = pipe()
    reporter = GitHubReporter(output_to(stream), verbose=True)
    for text in ("::stop-commands::x", "x ##[add-mask]y", "a\n::error::b"):
        reporter.event(event("build.log", 1000, line=text))
        reporter.event(event("warning", 1000, what=text))
        reporter.event(event("note", 1000, line=text))
        reporter.event(event("wave.started", 1000, wave=text, regions=[text]))
        reporter.close()
    lines = stream.getvalue().splitlines()
    commands = [line for line in lines if line.lstrip().startswith("::")]
    assert {line.split(" ")[0].split("::")[1] for line in commands} == {"warning", "group", "endgroup"}
    assert not any("##[" in line for line in lines if not line.startswith("::"))


def test_only_so_many_annotations_are_shown_and_the_last_one_is_among_them() -> None:
    stream = pipe()
    reporter = GitHubReporter(output_to(stream))
    for number in range(20):
        reporter.event(event("wave.failed", 1000, wave=f"wave {number}", reason="no"))
    reporter.event(event("rollout.finished", 1000, result="mixed", exit=4, what="mixed"))
    errors = [line for line in stream.getvalue().splitlines() if line.startswith("::error")]
    assert len(errors) == 10 and errors[-1] == "::error title=web%3A mixed::mixed"


@pytest.mark.parametrize(
    ("kind", "title", "text", "line"),
    [
        ("error", "a: b, c%", "d: e, 5%\r\nf", "::error title=a%3A b%2C c%25::d: e, 5%25%0Af"),
        ("notice", "", "", "::notice title=::"),
    ],
)
def test_annotations_are_escaped(kind: Any, title: str, text: str, line: str) -> None:
    assert annotation(kind, title, text) == line


def test_markup_in_a_cell_shows_as_it_is() -> None:
    assert markdown("a|b\n`c` <d> *e* _f_ [g](h)") == "a\\|b \\`c\\` &lt;d&gt; \\*e\\* \\_f\\_ \\[g\\](h)"


@pytest.mark.parametrize(
    ("variables", "as_json", "expected"),
    [
        ({"GITHUB_ACTIONS": "true", "CI": "true"}, False, "GitHubReporter"),
        ({"GITHUB_ACTIONS": "true", "CI": "true"}, True, "JsonLinesReporter"),
        ({"GITHUB_ACTIONS": "false"}, False, "PlainReporter"),
        ({}, False, "PlainReporter"),
    ],
)
def test_it_is_chosen_on_github_unless_a_program_reads(
    tmp_path: Path, variables: dict[str, str], as_json: bool, expected: str
) -> None:
    stream = Terminal(tty=False)
    environment = Environment(variables, tmp_path, stdout=stream, stderr=stream)
    assert type(choose_reporter(environment, Output.of(environment), as_json=as_json)).__name__ == expected


def test_what_was_written_where_it_failed_is_shown_and_cannot_be_markup() -> None:
    log = {"source": "iad m1", "lines": ["```", "# not a heading \x1b[31m", "::error::not a command"]}
    shown = summary("shop", {"result": "rolled_back", "what": "w", "machines": [], "log": log}).splitlines()
    begin = shown.index("````text")
    assert shown[begin - 2] == "The last lines of iad m1:"
    assert shown[begin + 1 :][:4] == ["```", "# not a heading ", "::error::not a command", "````"]
