"""docs/fidelity.md says what is true. None of this needs flyctl."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from graphql import GraphQLObjectType

from flyctl_orchestrator.local.api.table import all_routes
from flyctl_orchestrator.local.graphql.execution import schema
from tests.parity import fidelity
from tests.parity.parity_operations import GRAPHQL, fields, modelled
from tests.parity.parity_record import load


def test_the_document_is_up_to_date() -> None:
    current = fidelity.DOCUMENT.read_text(encoding="utf-8")
    assert current == fidelity.render(load()), "run `python tests/parity/fidelity.py`"


def test_the_record_speaks_only_of_what_is_there() -> None:
    there = {one.op for one in modelled()}
    for name, kind in schema().type_map.items():
        if isinstance(kind, GraphQLObjectType):
            there |= {f"{GRAPHQL}:{name}.{field}" for field in kind.fields}
    assert load().operations - there == set()
    assert load().flyctl


def test_every_operation_has_a_name_of_its_own_and_a_sentence() -> None:
    routes = [one for one in all_routes() if not one.path.startswith("/_local/")]
    assert len({one.op for one in routes}) == len(routes)
    assert [one.op for one in routes if one.handler is not None and not one.summary] == []


def test_every_operation_is_in_exactly_one_section() -> None:
    text = fidelity.render(load())
    for one in all_routes():
        if one.path.startswith("/_local/"):
            assert f"| {one.op} |" not in text
        elif one.path != "/graphql":
            assert text.count(f"| {one.op} | `{one.method} {one.path}` |") == 1


def test_a_verified_operation_is_told_from_one_that_is_only_modelled() -> None:
    record = dataclasses.replace(load(), flyctl="9.9.9", tests={"a": ["machines.create"]})
    lines = {line.split(" | ")[0]: line for line in fidelity.render(record).splitlines() if line.startswith("| ")}
    assert "| verified with flyctl 9.9.9 |" in lines["| machines.create"]
    assert f"| {fidelity.MODELLED} |" in lines["| machines.get"]
    assert f"| {fidelity.NOT_OFFERED} |" in lines["| machines.memory.get"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("{ viewer { ... on User { email } } }", {"Query.viewer", "User.email"}),
        ("query ($a: String!) { x: app(name: $a) { role { name } } }", {"Query.app", "App.role", "AppRole.name"}),
    ],
)
def test_the_fields_of_a_query_are_found_through_aliases_and_fragments(query: str, found: set[str]) -> None:
    assert fields(query) == found


def test_the_record_names_only_tests_that_exist() -> None:
    here = Path(__file__).parent
    for test in load().tests:
        file, _, name = test.partition("::")
        assert f"def {name.partition('[')[0]}(" in (here / file).read_text(encoding="utf-8"), test
