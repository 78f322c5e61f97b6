"""Which reporter a run gets."""

from __future__ import annotations

from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.report.base import Reporter
from flyctl_orchestrator.report.jsonlines import JsonLinesReporter
from flyctl_orchestrator.report.output import Output
from flyctl_orchestrator.report.plain import PlainReporter
from flyctl_orchestrator.variables import is_off


def choose_reporter(
    environment: Environment, output: Output, *, as_json: bool, verbose: bool = False, live: bool = True
) -> Reporter:
    """JSON lines on stdout when asked for, a live table when a person watches stderr, else plain lines there.

    On GitHub Actions the plain lines are folded and annotated, and the step summary gets a table.

    Args:
        verbose: every line, and so no table.
        live: whether a table that moves is wanted; what happens in another time than ours cannot be watched.
    """
    if as_json:
        return JsonLinesReporter(output)
    if environment.variables.get("GITHUB_ACTIONS") == "true":
        from flyctl_orchestrator.report.github.reporter import GitHubReporter

        summary = environment.variables.get("GITHUB_STEP_SUMMARY")
        return GitHubReporter(output, verbose=verbose, summary=environment.cwd / summary if summary else None)
    if live and output.side_style.live and not verbose and is_off(environment.variables, "CI"):
        from flyctl_orchestrator.report.live import LiveReporter

        return LiveReporter(output, environment.clock)
    return PlainReporter(output, verbose=verbose)
