"""GitHub Actions' own languages: workflow commands in the log, and Markdown in the step summary.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from flyctl_orchestrator.report.clean import clean, unmarked
from flyctl_orchestrator.report.numbers import count, duration, latency, short_digest

Kind = Literal["error", "warning", "notice"]

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}
# What would otherwise begin markup, or a new cell or row.
_MARKDOWN = {**{char: f"\\{char}" for char in "\\`*_[]|~#"}, "<": "&lt;", ">": "&gt;", "&": "&amp;"}
RESULTS = {
    "nothing": "nothing to change",
    "untouched": "failed, nothing was changed",
    "rolled_back": "failed and rolled back",
    "mixed": "failed, and the fleet is mixed",
    "inconclusive": "stopped without a verdict",
    "interrupted": "interrupted",
}


def annotation(kind: Kind, title: str, text: str) -> str:
    """One line that GitHub shows on the run's page."""
    return f"::{kind} title={_escape(_tame(title), _PROPERTY)}::{_escape(_tame(text, lines=True), _DATA)}"


def group(title: str) -> str:
    """Begins a part of the log that is folded; "::endgroup::" ends it."""
    return f"::group::{_escape(_tame(title), _DATA)}"


def markdown(text: str) -> str:
    """Text that shows as it is inside a table's cell."""
    return _escape(" ".join(clean(text).split()), _MARKDOWN)


def _escape(text: str, replaced: Mapping[str, str]) -> str:
    return "".join(replaced.get(char, char) for char in text)


def _tame(text: str, *, lines: bool = False) -> str:
    """Text that holds nothing but itself: one line of it, or with `lines` as many as there are."""
    return "\n".join(unmarked(clean(line)) for line in (text.splitlines() if lines else [text]))


def summary(app: str, fields: Mapping[str, Any], *, rehearsal: bool = False) -> str:
    """The step summary of a rollout, from the fields of its rollout.finished event."""
    result = str(fields.get("result") or "")
    good = result in ("done", "nothing")
    said = str(fields.get("what") or "") if result == "done" else ""
    told = markdown(said or RESULTS.get(result, result))
    title = f"{'Rehearsal of ' if rehearsal else ''}{markdown(app)}: {told}"
    machines: Sequence[Mapping[str, Any]] = [each for each in fields.get("machines") or () if isinstance(each, Mapping)]
    lines = [f"### {'✅' if good else '❌'} {title}", "", _told(fields, machines, good=good), ""]
    if machines:
        lines += [*_table(machines), ""]
    lines += [f"- {_place(each)}: {markdown(str(each['why']))}" for each in machines if each.get("why")]
    lines += _excerpt(fields.get("log"))
    return "\n".join(lines).rstrip() + "\n\n"


def _excerpt(log: object) -> list[str]:
    """What was written last where it failed, as a block in which nothing is markup."""
    if not isinstance(log, Mapping):
        return []
    lines = [clean(str(line)) for line in log.get("lines") or ()]
    # A fence is closed by one that is at least as long.
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return ["", f"The last lines of {markdown(str(log.get('source') or ''))}:", "", f"{fence}text", *lines, fence, ""]


def _told(fields: Mapping[str, Any], machines: Sequence[Mapping[str, Any]], *, good: bool) -> str:
    if not good:
        what, next_ = (markdown(str(fields.get(key) or "")) for key in ("what", "next"))
        code = f" (`{fields['code']}`, exit {fields.get('exit')})" if fields.get("code") else ""
        return f"{what}{code}." + (f" {next_}." if next_ else "")
    there = [each for each in machines if each.get("fate") != "destroyed"]
    regions = len({each.get("region") for each in there})
    spent = f" in {duration(float(fields['seconds']))}" if fields.get("seconds") else ""
    url = f" · {clean(str(fields['url']))}" if fields.get("url") else ""
    where = f"{count(len(there), 'machine')} in {count(regions, 'region')}" if there else "no machine is left"
    return f"{where}{spent}{url}"


def _table(machines: Sequence[Mapping[str, Any]]) -> list[str]:
    grouped = len({each.get("group") for each in machines}) > 1
    titles = ["region", *(["group"] if grouped else []), "machine", "release", "image", "fate", "health", "latency"]
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * (len(titles) - 1)}---:|"]
    return lines + [f"| {' | '.join(_cells(each, grouped))} |" for each in machines]


def _cells(machine: Mapping[str, Any], grouped: bool) -> list[str]:
    image, release = str(machine.get("image") or "-"), machine.get("release")
    spent = machine.get("latency_s")
    cells = [
        str(machine.get("region") or "-"),
        *([str(machine.get("group") or "-")] if grouped else []),
        str(machine.get("machine") or "-"),
        f"v{release}" if release is not None else "-",
        short_digest(image) if image.startswith("sha256:") else image,
        str(machine.get("fate") or "-"),
        str(machine.get("health") or "-"),
        latency(spent if isinstance(spent, int | float) else None),
    ]
    return [markdown(cell) for cell in cells]


def _place(machine: Mapping[str, Any]) -> str:
    return markdown(f"{machine.get('region') or ''} {machine.get('machine') or ''}".strip())
