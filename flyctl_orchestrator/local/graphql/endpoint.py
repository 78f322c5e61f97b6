"""`POST /graphql`: one operation in, one answer out."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from graphql.language import DocumentNode
from graphql.validation import FieldsOnCorrectTypeRule

from flyctl_orchestrator.local.api.wire import Handler, Request, Response
from flyctl_orchestrator.local.errors import NotModelled, PlatformError
from flyctl_orchestrator.local.graphql.nodes import Nodes
from flyctl_orchestrator.local.graphql.roots import Mutation, Query
from flyctl_orchestrator.local.platform import Platform

_CODES = {400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 422: "UNPROCESSABLE"}


@cache
def schema() -> GraphQLSchema:
    """The schema, read once."""
    return build_schema(Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8"))


def graphql_handler(platform: Platform, app_url: Callable[[str], str]) -> Handler:
    """The handler of `POST /graphql`.

    Args:
        platform: what the answers are about.
        app_url: the address of an app, by name.
    """
    nodes = Nodes(platform, app_url)

    def handle(request: Request) -> Response:
        body = request.body if isinstance(request.body, dict) else {}
        token = platform.tokens.authenticate(request.headers.get("authorization", ""))
        user = token.user if token is not None else ""
        result = _run(
            str(body.get("query", "")), body.get("variables"), body.get("operationName"), platform, nodes, user
        )
        return Response(200, _answer(result))

    return handle


def _run(query: str, variables: Any, operation: Any, platform: Platform, nodes: Nodes, user: str) -> ExecutionResult:
    try:
        document = parse(query)
    except GraphQLError as error:
        return ExecutionResult(None, [error])
    _refuse_unknown_fields(document)
    if errors := validate(schema(), document):
        return ExecutionResult(None, errors)
    roots = {"query": Query(platform, nodes, user), "mutation": Mutation(platform, nodes)}
    definition = next((d for d in document.definitions if getattr(d, "operation", None) is not None), None)
    root = roots["mutation" if definition is not None and definition.operation.value == "mutation" else "query"]  # type: ignore[attr-defined]
    given = variables if isinstance(variables, dict) else None
    return execute_sync(schema(), document, root, variable_values=given, operation_name=operation or None)


def _refuse_unknown_fields(document: DocumentNode) -> None:
    """A field of Fly's API that the schema lacks is not a mistake of the caller.

    Raises:
        NotModelled: naming the first such field.
    """
    for error in validate(schema(), document, [FieldsOnCorrectTypeRule]):
        field = error.nodes[0] if error.nodes else None
        name = field.name.value if isinstance(field, FieldNode) else "unknown"
        raise NotModelled(f"GraphQL field {name} ({error.message.split('.')[0]})")


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
