"""Which reporter a run gets."""

from __future__ import annotations

from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.report.base import Reporter
from flyctl_orchestrator.report.jsonlines import JsonLinesReporter
from flyctl_orchestrator.report.plain import PlainReporter
from flyctl_orchestrator.report.style import Style


def choose_reporter(environment: Environment, *, as_json: bool, verbose: bool = False) -> Reporter:
    """JSON lines on stdout when asked for, a live table when a person watches stderr, else plain lines there.

    On GitHub Actions the plain lines are folded and annotated, and the step summary gets a table.

    Args:
        verbose: every line, and so no table.
    """
    if as_json:
        return JsonLinesReporter(environment.stdout)
    style = Style.of(environment.stderr, environment.variables)
    if environment.variables.get("GITHUB_ACTIONS") == "true":
        from flyctl_orchestrator.report.github import GitHubReporter

        summary = environment.variables.get("GITHUB_STEP_SUMMARY")
        path = environment.cwd / summary if summary else None
        return GitHubReporter(environment.stderr, style, verbose=verbose, summary=path)
    if style.live and not verbose and not environment.variables.get("CI"):
        from flyctl_orchestrator.report.live import LiveReporter

        return LiveReporter(environment.stderr, style, environment.clock)
    return PlainReporter(environment.stderr, style, verbose=verbose)
