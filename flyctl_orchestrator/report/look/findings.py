"""What `flyo doctor` found, for a person and for a program."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from flyctl_orchestrator.catalog.error_pages import Page
from flyctl_orchestrator.doctor.finding import ORDER, Finding
from flyctl_orchestrator.report.line import Line, Span, Tone
from flyctl_orchestrator.report.numbers import count

SCHEMA = "flyo.doctor/1"
WIDE = 100
TONES: dict[str, Tone] = {"error": "bad", "warning": "warn", "info": "quiet"}


def finding_lines(
    checked: Sequence[str], findings: Sequence[Finding], pages: Mapping[str, Page], width: int | None
) -> list[Line]:
    """The whole page: each finding with why and what to do, and how many there are at the end."""
    lines: list[Line] = []
    for each in findings:
        first, *more = _head(each, width)
        lines.append(Line.of(Span(each.severity, TONES[each.severity]), first.removeprefix(each.severity)))
        lines += [Line.of(part) for part in more]
        for title, text in (("why", pages[each.code].why), ("fix", each.fix)):
            wrapped = textwrap.wrap(text, max((width or WIDE) - 7, 20), break_on_hyphens=False)
            lines += [Line.of(f"  {title}: {part}" if not at else f"       {part}") for at, part in enumerate(wrapped)]
    looked = f"looked at {', '.join(checked)}"
    numbers = Counter(each.severity for each in findings)
    said = ", ".join(count(numbers[severity], severity) for severity in ORDER if numbers[severity])
    return [*lines, Line.of(f"{looked}: {said or 'nothing to say'}")]


def _head(finding: Finding, width: int | None) -> list[str]:
    """How bad, where, what and the code: one line for programs to find, several where a terminal is too narrow."""
    where = f"{finding.where}: " if finding.where else ""
    text = f"{finding.severity} {where}{finding.what} [{finding.code}]"
    return [text] if width is None else textwrap.wrap(text, max(width, 20), subsequent_indent="  ")


def findings_as_dict(
    app: str, checked: Sequence[str], findings: Sequence[Finding], pages: Mapping[str, Page]
) -> dict[str, Any]:
    """The page of `flyo doctor --json` (docs/reference/doctor.md)."""
    rows = [
        {
            "code": each.code,
            "severity": each.severity,
            "where": each.where,
            "what": each.what,
            "why": pages[each.code].why,
            "fix": each.fix,
            "fixable": each.change is not None,
        }
        for each in findings
    ]
    return {"schema": SCHEMA, "app": app, "checked": [*checked], "findings": rows}
