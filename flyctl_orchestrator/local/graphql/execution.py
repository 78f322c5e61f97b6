"""Running one GraphQL operation against the platform."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)
from graphql.language import DocumentNode
from graphql.validation import FieldsOnCorrectTypeRule

from flyctl_orchestrator.local.base.errors import NotModelled, PlatformError
from flyctl_orchestrator.local.graphql.nodes import Nodes
from flyctl_orchestrator.local.graphql.roots import Mutation, Query
from flyctl_orchestrator.local.platform import Platform

_OF_TYPE = re.compile(r"on type '(\w+)'")
_CODES = {400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 422: "UNPROCESSABLE"}


@cache
def schema() -> GraphQLSchema:
    """The schema, read once."""
    return build_schema(Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8"))


def execute(platform: Platform, nodes: Nodes, user: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request's body: `data`, and `errors` when there are any.

    Raises:
        PlatformError: 501, the operation asks for a field that the schema lacks.
    """
    operation = body.get("operationName") or None
    document, errors = _read(str(body.get("query", "")))
    if document is None or errors:
        return _answer(ExecutionResult(None, list(errors)))
    found = get_operation_ast(document, operation)
    mutates = found is not None and found.operation.value == "mutation"
    root = Mutation(platform, nodes) if mutates else Query(platform, nodes, user)
    variables = body.get("variables")
    given = variables if isinstance(variables, dict) else None
    return _answer(execute_sync(schema(), document, root, variable_values=given, operation_name=operation))


@lru_cache(maxsize=64)
def _read(query: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """A query taken apart, and what is wrong with it; clients ask the same few all the time.

    Raises:
        PlatformError: 501, it asks for a field that the schema lacks.
    """
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, (error,)
    _refuse_unknown_fields(document)
    return document, tuple(validate(schema(), document))


def _refuse_unknown_fields(document: DocumentNode) -> None:
    """A field of Fly's API that the schema lacks is not a mistake of the caller."""
    for error in validate(schema(), document, [FieldsOnCorrectTypeRule]):
        field = error.nodes[0] if error.nodes else None
        name = field.name.value if isinstance(field, FieldNode) else "unknown"
        kind = _OF_TYPE.search(error.message)
        raise _not_modelled(f"GraphQL field {kind[1] if kind else 'unknown'}.{name}")


def _not_modelled(operation: str) -> PlatformError:
    """501 whose body also has the `errors` that GraphQL clients look for."""
    refusal = NotModelled(operation)
    errors = [{"message": refusal.error, "extensions": {"code": "NOT_MODELLED"}}]
    # Said once: a client that prints both `error` and `errors` would say it twice.
    return PlatformError(refusal.status, refusal.error, body={"operation": operation, "errors": errors})


def _answer(result: ExecutionResult) -> dict[str, Any]:
    if not result.errors:
        return {"data": result.data}
    return {"data": result.data, "errors": [_error(error) for error in result.errors]}


def _error(error: GraphQLError) -> dict[str, Any]:
    told: dict[str, Any] = {"message": error.message}
    if error.path:
        told["path"] = error.path
    cause = error.original_error
    if isinstance(cause, PlatformError):
        told["message"] = cause.error
        told["extensions"] = {"code": _CODES.get(cause.status, "SERVER_ERROR")}
    return told
