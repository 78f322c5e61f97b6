"""The schemas of docs/reference/schemas, to hold what commands print to them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
SCHEMAS = REFERENCE / "schemas"
PAGE = REFERENCE / "json.md"
_ROW = re.compile(r"^\| `flyo ([^`]+)` \| ([^|]+) \| \[([\w-]+)\]\(schemas/([\w-]+)\.json\) \|$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str]]:
    """Command -> what it writes, and the schema's name, as the page says."""
    found = _ROW.findall(PAGE.read_text("utf-8"))
    assert all(shown == file for _, _, shown, file in found)
    return {command: (writes, name) for command, writes, name, _ in found}


def read(name: str) -> Any:
    """A schema as it is published."""
    return json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))


@cache
def validator(name: str) -> Draft202012Validator:
    """A schema that refuses keys which it does not name, so that none is printed that is not documented."""
    return Draft202012Validator(_closed(read(name)))


def complaints(name: str, document: Any) -> list[str]:
    """What is wrong with a document by a schema, where and why."""
    return [f"{error.json_path}: {error.message[:300]}" for error in validator(name).iter_errors(document)]


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inside = {key: each if key in ("if", "then", "const", "enum") else _closed(each) for key, each in schema.items()}
    if "then" in schema:
        inside["then"] = {key: _closed(each) if key == "properties" else each for key, each in schema["then"].items()}
    if schema.get("type") == "object" and "properties" in schema and "additionalProperties" not in schema:
        inside["unevaluatedProperties" if "allOf" in schema else "additionalProperties"] = False
    return inside
