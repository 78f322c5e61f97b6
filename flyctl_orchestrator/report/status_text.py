"""`flyo status` for a person: one table, and one line for whatever is not as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flyctl_orchestrator.report.line import Line, Span, Tone
from flyctl_orchestrator.report.numbers import count, latency, short_digest
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Column, Row, render
from flyctl_orchestrator.rollout.survey import Seen, Survey, SurveyedPlace

TITLES = ("region", "machines", "state", "release", "image", "checks", "health", "latency")

# What a narrow terminal does without, the largest first.
LEAVES = {"image": 4, "release": 3, "checks": 2, "latency": 1}


def status_lines(found: Survey, style: Style, width: int | None, *, url: str, by_machine: bool = False) -> list[Line]:
    """The whole page, line by line.

    Args:
        width: columns to fit into, None for no limit.
        by_machine: a row per machine instead of one per region.
    """
    groups = {place.group for place in found.places}
    head = [Line.of(Span(found.app, "strong"), f" {style.dot} {url} {style.dot} {_summary(found)}"), Line()]
    if not found.places:
        return [*head, Line.of("No machines."), *_spare_volumes(found)]
    columns = [
        Column(title, flexible=title in ("state", "health", "image"), leaves=LEAVES.get(title, 0)) for title in TITLES
    ]
    columns[-1] = Column("latency", align="right", leaves=LEAVES["latency"])
    if by_machine:
        columns[1] = Column("machine")
    if len(groups) > 1:
        columns.insert(1, Column("group", flexible=True))
    rows = [row for place in found.places for row in _rows(place, style, by_machine, grouped=len(groups) > 1)]
    return [*head, *render(columns, rows, style, width), *_remarks(found, style)]


def _summary(found: Survey) -> str:
    regions = {place.region for place in found.places if place.seen}
    return f"{count(len(found.seen), 'machine')} in {count(len(regions), 'region')}"


def _rows(place: SurveyedPlace, style: Style, by_machine: bool, *, grouped: bool) -> Iterable[Row]:
    start: list[Span | str] = [place.region, *([place.group] if grouped else [])]
    if by_machine:
        for seen in place.seen:
            yield [*start, seen.machine.id, *_about([seen], style)]
        return
    have = len(place.seen)
    off = place.wanted is not None and have != place.wanted
    number = Span(f"{have}/{place.wanted}" if place.wanted is not None else str(have), "warn" if off else "plain")
    yield [*start, number, *_about(place.seen, style)]


def _about(seen: Sequence[Seen], style: Style) -> list[Span | str]:
    if not seen:
        return ["-", "-", "-", "-", "-", "-"]
    machines = [each.machine for each in seen]
    releases = _distinct(f"v{machine.release}" if machine.release else "-" for machine in machines)
    images = _distinct(short_digest(machine.digest) for machine in machines)
    return [
        _states(seen),
        Span(releases, "warn" if "," in releases else "plain"),
        Span(images, "warn" if "," in images else "quiet"),
        _checks(seen),
        _health(seen, style),
        latency(max((each.answer.latency_s or 0 for each in seen if each.answer), default=0) or None),
    ]


def _distinct(texts: Iterable[str]) -> str:
    return ",".join(dict.fromkeys(texts))


def _states(seen: Sequence[Seen]) -> Span:
    states: dict[str, int] = {}
    for each in seen:
        states[each.machine.state] = states.get(each.machine.state, 0) + 1
    if len(states) == 1:
        text = next(iter(states))
    else:
        text = ", ".join(f"{number} {state}" for state, number in states.items())
    tone: Tone = "plain"
    if all(each.machine.asleep for each in seen):
        tone = "quiet"
    elif not all(each.machine.asleep or each.machine.state == "started" for each in seen):
        tone = "warn"
    return Span(text, tone)


def _checks(seen: Sequence[Seen]) -> Span:
    checks = [check for each in seen for check in each.machine.checks if not each.machine.asleep]
    if not checks:
        return Span("-", "quiet")
    passing = sum(1 for check in checks if check.status == "passing")
    return Span(f"{passing}/{len(checks)}", "plain" if passing == len(checks) else "bad")


def _health(seen: Sequence[Seen], style: Style) -> Span:
    answers = [each.answer for each in seen if each.answer is not None]
    if not answers:
        return Span(_distinct(each.silent or "-" for each in seen), "quiet")
    good = [answer for answer in answers if answer.ok]
    share = f" {len(good)}/{len(answers)}" if len(answers) > 1 else ""
    if len(good) == len(answers):
        return Span(f"{style.good} {_distinct(str(answer.status) for answer in answers)}{share}", "good")
    failed = next(answer for answer in answers if not answer.ok)
    return Span(f"{style.bad} {failed.status or 'no answer'}{share}", "bad")


def _remarks(found: Survey, style: Style) -> list[Line]:
    lines = []
    for seen in found.unhealthy:
        why = _why(seen)
        lines.append(Line.of(Span(f"{style.bad} {seen.machine.region} {seen.machine.id}: {why}", "bad")))
    for finding in found.findings:
        lines.append(Line.of(Span(f"! {finding.what}", "warn")))
    lines += _spare_volumes(found)
    return [Line(), *lines] if lines else []


def _spare_volumes(found: Survey) -> list[Line]:
    """The volumes that no machine has: they cost as much as those in use."""
    spare = [volume for volume in found.volumes if not volume.machine]
    return [
        Line.of(f"volume {each.id} ({each.name}, {each.size_gb} GB) in {each.region} has no machine") for each in spare
    ]


def _why(seen: Seen) -> str:
    if seen.answer is not None and seen.answer.error:
        return seen.answer.error
    failing = [check for check in seen.machine.checks if check.status != "passing"]
    if seen.machine.state == "started" and failing:
        output = " ".join(failing[0].output.split())[:120]
        return f"check {failing[0].name} is {failing[0].status}" + (f" ({output})" if output else "")
    return f"is {seen.machine.state}"
