"""Which operations of the platform a program used, by name: routes as they are registered, and GraphQL fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from graphql import FieldNode, TypeInfo, TypeInfoVisitor, Visitor, parse, visit

from flyctl_orchestrator.local.api.routing import Route
from flyctl_orchestrator.local.api.table import all_routes
from flyctl_orchestrator.local.graphql.execution import schema
from tests.parity.served_platform import Asked

GRAPHQL = "graphql"


def operations(asked: Iterable[Asked]) -> set[str]:
    """Names of everything that was asked and answered: `machines.create`, `graphql:App.image`, ..."""
    found: set[str] = set()
    for one in asked:
        op = _operation(one.method, one.path)
        if op is None or one.status >= 400:
            continue
        found.add(op)
        if op == GRAPHQL:
            found |= {f"{GRAPHQL}:{name}" for name in fields(str(one.body["query"]))}
    return found


@cache
def _patterns() -> list[tuple[str, re.Pattern[str], str]]:
    return [(one.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", one.path)), one.op) for one in modelled()]


@cache
def modelled() -> list[Route]:
    """Every operation that is answered."""
    return [one for one in all_routes() if one.handler is not None]


def _operation(method: str, path: str) -> str | None:
    for its_method, pattern, op in _patterns():
        if its_method == method and pattern.fullmatch(path):
            return op
    return None


class _Fields(Visitor):
    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self.found: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._info.get_parent_type()
        if parent is not None and not node.name.value.startswith("__"):
            self.found.add(f"{parent.name}.{node.name.value}")


def fields(query: str) -> set[str]:
    """The fields a GraphQL document asks for, as `Type.field`."""
    info = TypeInfo(schema())
    visitor = _Fields(info)
    visit(parse(query), TypeInfoVisitor(info, visitor))
    return visitor.found
