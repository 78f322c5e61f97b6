"""One HTML file with everything in it: it asks nobody for anything, and says so to the browser."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.report.clean import clean
from flyctl_orchestrator.report.html.picture import spots
from flyctl_orchestrator.report.html.timeline import Timeline

SCHEMA = "flyo.report/1"
Days = Sequence[Mapping[str, Any]]


def rollout_page(timeline: Timeline, book: RegionBook) -> str:
    """The report on one rollout, or one rehearsal."""
    what = "Rehearsal" if timeline.rehearsal else timeline.kind.capitalize()
    short = timeline.id.split("-")[0]
    title = f"{what}{' ' + short if short else ''} of {timeline.app}"
    return _page(title, {"runs": [timeline.as_dict()], "places": _places(timeline.regions, book)})


def days_page(app: str, days: Days, timelines: Mapping[str, Timeline], book: RegionBook) -> str:
    """The report on a rehearsal on many bad days.

    Args:
        days: of each `day`, `moment`, `fault` and how it ended, as `flyo rehearse --all --json` has them.
        timelines: by the names of days; those without one are in the table alone.
    """
    regions = {region for timeline in timelines.values() for region in timeline.regions}
    runs = [{**timeline.as_dict(), "day": name} for name, timeline in timelines.items()]
    return _page(f"Bad days of {app}", {"days": list(days), "runs": runs, "places": _places(sorted(regions), book)})


def write_page(page: str, path: Path) -> None:
    """Write a report; one that was there is replaced, and never by half a page.

    Raises:
        FlyoError: it cannot be written (code report.unwritable).
    """
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_text(page, "utf-8")
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> FlyoError:
    """Says that a report cannot be written."""
    return FlyoError(
        f"the report cannot be written: {error.strerror or error}",
        where=str(path),
        next="Name a file in a directory that exists and can be written",
        code="report.unwritable",
    )


def _places(codes: Sequence[str], book: RegionBook) -> dict[str, Any]:
    return {code: spot._asdict() for code, spot in spots(codes, book).items()}


def _page(title: str, data: Mapping[str, Any]) -> str:
    script, style, land = (_static(name) for name in ("report.js", "report.css", "land.svg"))
    # The land is put where the picture is; nothing in it, nor in the data, can end the element it stands in.
    told = json.dumps({"schema": SCHEMA, **data}, separators=(",", ":"), ensure_ascii=False)
    told = told.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    rules = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    return _static("report.html").format(
        title=html.escape(clean(title)), rules=rules, style=style, script=script, data=told, land=land.strip()
    )


def _static(name: str) -> str:
    return resources.files(__package__).joinpath("static", name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
