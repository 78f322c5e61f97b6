"""Writes docs/fidelity.md: which operations of Fly.io the local platform answers, and how that is known.

    python tests/parity/fidelity.py            write the document
    python tests/parity/fidelity.py --check    say whether it is up to date

It is made of the platform's route table, its GraphQL schema, the record of what a real flyctl was seen to use, and what
`make fidelity` measured last.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from graphql import GraphQLObjectType

from flyctl_orchestrator.local.api.routing import Route
from flyctl_orchestrator.local.api.table import all_routes
from flyctl_orchestrator.local.graphql.execution import schema
from tests.parity.measured import record as measured
from tests.parity.parity_operations import GRAPHQL
from tests.parity.parity_record import Record, load

DOCUMENT = Path(__file__).parents[2] / "docs" / "fidelity.md"
_DEVIATIONS = Path(__file__).with_name("deviations.md")
_OWN = ("/_local/",)
MODELLED = "modelled from documentation"
NOT_OFFERED = "not offered (501)"
_SECTIONS = (
    ("Machines API", "The REST API that flyctl calls flaps, on `FLY_FLAPS_BASE_URL`.", "/v1/"),
    ("Metrics", "Fly.io's Prometheus, below `/prometheus/ORG` on `FLY_API_BASE_URL`.", "/prometheus/"),
    ("ui-ex and logs", "REST below `/api/v1`, on `FLY_UIEX_BASE_URL` and (logs) `FLY_API_BASE_URL`.", "/api/v1/"),
)
_HEAD = """# Fidelity of the local platform

<!-- Made by tests/parity/fidelity.py. Change the code, the tests or tests/parity/deviations.md, and make it again. -->

What the local platform answers of Fly.io's APIs, operation by operation, and how far that can be trusted:

- **{verified}**: an unmodified flyctl used it in the parity tests and did what it does on Fly.io;
- **{modelled}**: written after Fly.io's documentation and not used by flyctl in the tests;
- **{not_offered}**: refused with status 501 and the operation's name. So is everything that is not listed.

{count} operations and {fields} GraphQL fields are verified. The tests are in `tests/parity`; they need a real flyctl on
PATH (`pytest -m real_flyctl`).
"""


def render(record: Record) -> str:
    """The whole document."""
    routes = [one for one in all_routes() if not one.path.startswith(_OWN)]
    verified = f"verified with flyctl {record.flyctl}"
    seen = record.operations
    parts = [
        _HEAD.format(
            verified=verified,
            modelled=MODELLED,
            not_offered=NOT_OFFERED,
            count=sum(one.op in seen for one in routes),
            fields=sum(op.startswith(f"{GRAPHQL}:") for op in seen),
        )
    ]
    for title, text, prefix in _SECTIONS:
        mine = [one for one in routes if one.path.startswith(prefix)]
        parts.append(f"## {title}\n\n{text}\n\n{_routes(mine, seen, verified)}")
    parts.append(
        "## GraphQL\n\n`POST /graphql` on `FLY_API_BASE_URL`. Any other field is refused with 501 and its name.\n\n"
        + _fields(seen, verified)
    )
    parts.append(_DEVIATIONS.read_text(encoding="utf-8"))
    parts += [text for text in (measured.render(measured.load()),) if text]
    return "\n".join(parts)


def _routes(routes: Iterable[Route], seen: set[str], verified: str) -> str:
    rows = ["| Operation | Request | | What it does |", "| --- | --- | --- | --- |"]
    for one in routes:
        state = NOT_OFFERED if one.handler is None else verified if one.op in seen else MODELLED
        rows.append(f"| {one.op} | `{one.method} {one.path}` | {state} | {one.summary} |")
    return "\n".join(rows) + "\n"


def _fields(seen: set[str], verified: str) -> str:
    rows = [f"| Type | {verified[0].upper()}{verified[1:]} | Modelled from documentation |", "| --- | --- | --- |"]
    for name, kind in sorted(schema().type_map.items(), key=_rank):
        if not isinstance(kind, GraphQLObjectType) or name.startswith("__"):
            continue
        used = [field for field in kind.fields if f"{GRAPHQL}:{name}.{field}" in seen]
        unused = [field for field in kind.fields if field not in used]
        rows.append(f"| {name} | {_listed(used)} | {_listed(unused)} |")
    return "\n".join(rows) + "\n"


def _rank(entry: tuple[str, object]) -> tuple[bool, bool, str]:
    """Query and Mutation first."""
    return entry[0] != "Query", entry[0] != "Mutation", entry[0]


def _listed(fields: list[str]) -> str:
    return ", ".join(f"`{field}`" for field in fields)


def main(arguments: list[str]) -> int:
    """Write the document, or with `--check` compare it; the exit status."""
    text = render(load())
    if arguments == ["--check"]:
        current = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
        if current == text:
            return 0
        sys.stderr.write("docs/fidelity.md is stale: run `python tests/parity/fidelity.py`\n")
        return 1
    DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
