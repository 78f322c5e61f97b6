"""One HTML file with everything in it: it asks nobody for anything, and says so to the browser.

`static/shell.html` is what all of them have; what stands between its header and its end is another file for each kind,
drawn by `base.js` and a script of its own. The same parts make up the page that follows a rollout (`report/web/`).
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
from collections.abc import Iterable, Mapping, Sequence
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
    return page_of("rollout", title, {"runs": [timeline.as_dict()], "places": places_of(timeline.regions, book)})


def days_page(app: str, days: Days, timelines: Mapping[str, Timeline], book: RegionBook) -> str:
    """The report on a rehearsal on many bad days.

    Args:
        days: of each `day`, `moment`, `fault` and how it ended, as `flyo rehearse --all --json` has them.
        timelines: by the names of days; those without one are in the table alone.
    """
    regions = {region for timeline in timelines.values() for region in timeline.regions}
    runs = [{**timeline.as_dict(), "day": name} for name, timeline in timelines.items()]
    data = {"days": list(days), "runs": runs, "places": places_of(sorted(regions), book)}
    return page_of("rollout", f"Bad days of {app}", data)


def write_page(page: str, path: Path) -> None:
    """Write a report; one that was there is replaced, and never by half a page. Nothing else is ever replaced.

    Raises:
        FlyoError: it cannot be written (code report.unwritable).
    """
    path = path.resolve()
    if path.exists() and not path.is_dir() and not _is_page(path):
        raise unwritable(path, OSError(0, "there is something else than a page of flyo, which would be lost"))
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # A name that is no UTF-8 can be in an error; nobody could show it as it is.
        half.write_bytes(page.encode("utf-8", "replace"))
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def _is_page(path: Path) -> bool:
    """Whether a file is a page, or holds nothing yet: it may be replaced."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise unwritable(path, error) from error
    return not head or head.lstrip().lower().startswith(b"<!doctype html")


def unwritable(path: Path, error: OSError) -> FlyoError:
    """Says that a report cannot be written."""
    return FlyoError(
        f"the report cannot be written: {error.strerror or error}",
        where=str(path),
        next="Name a file in a directory that exists and can be written",
        code="report.unwritable",
    )


def places_of(codes: Iterable[str], book: RegionBook) -> dict[str, Any]:
    """Where regions stand on the picture, as the scripts take it."""
    return {code: spot._asdict() for code, spot in spots(codes, book).items()}


def page_of(kind: str, title: str, data: Mapping[str, Any]) -> str:
    """A file of its own.

    Args:
        kind: which body and script of `static/`.
        data: what the script draws; plain JSON values.
    """
    script, style = script_of(kind), static("page.css")
    told = json.dumps({"schema": SCHEMA, **data}, separators=(",", ":"), ensure_ascii=False)
    # Nothing in the data can end the element it stands in.
    told = told.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    rules = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    return shell(
        kind,
        title,
        rules=f'<meta http-equiv="Content-Security-Policy" content="{rules}">',
        style=f"<style>{style}</style>",
        script=f'<script type="application/json" id="data">{told}</script>\n<script>{script}</script>',
    )


def shell(kind: str, title: str, *, style: str, script: str, rules: str = "") -> str:
    """A page's HTML.

    Args:
        kind: which body of `static/`.
        style, script, rules: the elements that bring them.
    """
    body = static(f"{kind}.html").replace("{land}", static("land.svg").strip())
    shown = html.escape(clean(title))
    return static("shell.html").format(title=shown, rules=rules, style=style, body=body, script=script)


def script_of(*kinds: str) -> str:
    """One script of several files of `static/`, what all reports share first."""
    return "".join(static(f"{name}.js") for name in ("base", *kinds))


def static(name: str) -> str:
    """A file of `static/`."""
    return resources.files(__package__).joinpath("static", name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
