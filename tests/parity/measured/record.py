"""What was measured of the shipped daemon, and the tables of it in docs/fidelity.md."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

RECORD = Path(__file__).with_name("measured.json")
_PREFLIGHT = """## flyctl's own integration suite

flyctl's repository has tests that run against Fly.io itself (`test/preflight`). `make fidelity FLYCTL=CHECKOUT` runs
them from a checkout of yours against a daemon that it starts; nothing of them is in this repository. Where they ask for
a builder of Fly.io's, they get `--local-only`, flyctl's own with your container engine; `--dns-checks=false` is added,
and the images they take from Docker Hub are small ones of our own.

"""
_SCHEMA = """## The Machines API's description

`make fidelity SPEC=FILE` lets schemathesis make requests after an OpenAPI file of yours and looks whether any answer is
a server error.

"""


@dataclass
class Measured:
    """The results.

    Attributes:
        flyctl: version of the flyctl that the suite ran with, "" when it never ran.
        runtime: how machines ran: "process" or "container".
        tests: of the suite, by name: passed, failed or skipped.
        not_here: tests of the suite that do not run here, and what they need.
        schema: of the schema run: its tool's version, and counts by result; empty when it never ran.
    """

    flyctl: str = ""
    runtime: str = ""
    tests: dict[str, str] = field(default_factory=dict)
    not_here: dict[str, str] = field(default_factory=dict)
    schema: dict[str, str | int] = field(default_factory=dict)


def load(path: Path = RECORD) -> Measured:
    """What was measured last; empty when nothing was."""
    return Measured(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else Measured()


def save(measured: Measured, path: Path = RECORD) -> None:
    """Keep it."""
    path.write_text(json.dumps(asdict(measured), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def render(measured: Measured) -> str:
    """The sections of the document, empty for what was not measured."""
    parts = []
    if measured.tests:
        parts.append(_PREFLIGHT + _suite(measured))
    if measured.schema:
        parts.append(_SCHEMA + _schema(measured.schema))
    return "\n".join(parts)


def _suite(measured: Measured) -> str:
    counts = Counter(measured.tests.values())
    ways = {"process": "machines as processes", "container": "machines in containers"}
    rows = [
        f"flyctl {measured.flyctl}, {ways.get(measured.runtime, measured.runtime)}:",
        "",
        "| | | |",
        "|---|---|---|",
    ]
    for result in ("passed", "failed", "skipped"):
        names = sorted(name for name, how in measured.tests.items() if how == result)
        rows.append(f"| {result} | {counts[result]} | {', '.join(f'`{name}`' for name in names)} |")
    for why in sorted(set(measured.not_here.values())):
        names = sorted(name for name, needed in measured.not_here.items() if needed == why)
        rows.append(f"| not run: needs {why} | {len(names)} | {', '.join(f'`{name}`' for name in names)} |")
    return "\n".join(rows) + "\n"


def _schema(schema: dict[str, str | int]) -> str:
    rows = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in schema.items())]
    return "\n".join(rows) + "\n"
