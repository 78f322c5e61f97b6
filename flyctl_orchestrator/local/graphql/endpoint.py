"""`POST /graphql`: one operation in, one answer out."""

from __future__ import annotations

from flyctl_orchestrator.local.api.machines import caller
from flyctl_orchestrator.local.api.routing import body_of, route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.platform import Platform


@route("POST", "/graphql", op="graphql", limit=None)
def answer(platform: Platform, request: Request) -> Response:
    """Run one GraphQL operation over the schema of `graphql/schema.graphql`."""
    # The library takes a tenth of a second to load, which a daemon that nobody asks should not spend at its start.
    from flyctl_orchestrator.local.graphql.execution import execute
    from flyctl_orchestrator.local.graphql.nodes import Nodes

    _, colon, port = request.headers.get("host", "").rpartition(":")
    suffix = f":{port}" if colon and port.isdigit() else ""
    nodes = Nodes(platform, lambda app: f"http://{app}.localhost{suffix}")
    return Response(200, execute(platform, nodes, caller(platform, request), body_of(request)))
