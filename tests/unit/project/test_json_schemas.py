"""Every --json has a schema, every schema a command, and the pages' examples are valid by them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator

from flyctl_orchestrator.cli.root import flyo
from flyctl_orchestrator.rollout.context.events import NAMES
from tests.json_schemas import REFERENCE, SCHEMAS, complaints, read, rows

NAMED = sorted(path.stem for path in SCHEMAS.glob("*.json"))


def with_json(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The commands that have --json."""
    if any("--json" in each.opts for each in command.params):
        yield " ".join(path)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from with_json(child, (*path, name))


def test_every_json_has_its_row_and_schema() -> None:
    commands = {re.sub(r" --.*", "", command) for command in rows()}
    assert commands == set(with_json(flyo)), "docs/reference/json.md lists them, docs/reference/schemas has the schemas"


def test_every_schema_is_in_the_table() -> None:
    assert sorted({name for _, name in rows().values()}) == NAMED


@pytest.mark.parametrize("name", NAMED)
def test_a_schema_is_one_and_its_name_is_the_documents(name: str) -> None:
    schema = read(name)
    Draft202012Validator.check_schema(schema)
    assert schema["title"].startswith(("flyo ", "Events"))
    stem, _, number = name.rpartition("-")
    said = set(re.findall(r'"const": "(flyo\.[\w.-]+/\d+)"', json.dumps(schema)))
    assert said == ({f"flyo.{stem}/{number}"} if number.isdigit() else set())


def test_the_events_schema_knows_every_event() -> None:
    schema = read("event-1")
    assert set(schema["properties"]["event"]["enum"]) == NAMES | {"error"}
    ruled = [rule["if"]["properties"]["event"]["const"] for rule in schema["allOf"]]
    assert sorted(ruled) == sorted(NAMES | {"error"})


def test_a_key_that_no_schema_names_is_noticed() -> None:
    good = {"schema": "flyo.event/1", "event": "note", "ts": "2026-11-23T06:48:12.031Z", "app": "shop", "line": "x"}
    assert complaints("event-1", good) == []
    assert complaints("event-1", good | {"more": 1})
    assert complaints("event-1", {key: value for key, value in good.items() if key != "line"})
    row = {"name": "A", "needed": True, "given": False, "status": "set"}
    check: dict[str, Any] = {"schema": "flyo.secrets-check/1", "app": "a", "secrets": [row], "in_image": []}
    assert complaints("secrets-check-1", check) == []
    assert complaints("secrets-check-1", check | {"secrets": [row | {"value": "x"}]})


def examples() -> Iterator[tuple[str, Any]]:
    for page in sorted(REFERENCE.glob("*.md")):
        for block in re.findall(r"^```json\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            yield page.name, json.loads(block)


@pytest.mark.parametrize(("page", "example"), list(examples()))
def test_an_example_of_the_pages_is_valid(page: str, example: dict[str, Any]) -> None:
    kind, _, number = example["schema"].removeprefix("flyo.").partition("/")
    assert complaints(f"{kind}-{number}", example) == []
