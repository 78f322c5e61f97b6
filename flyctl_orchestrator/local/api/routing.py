"""The route table: every operation the platform's API offers, and how a request finds its handler.

A handler is declared with `@route(method, path, op=...)` and gets the platform and the request. The table can be
listed (`registered()`), so that documentation is made from what is really served.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from flyctl_orchestrator.local.api.faults_at_api import ApiFaults
from flyctl_orchestrator.local.api.parameters import refuse_unmodelled
from flyctl_orchestrator.local.api.wire import Request, Response, Wait
from flyctl_orchestrator.local.base.errors import MethodNotAllowed, NotModelled, PlatformError, not_found
from flyctl_orchestrator.local.base.ratelimit import DEFAULT, OF_AN_APP, Limit

if TYPE_CHECKING:
    from flyctl_orchestrator.local.platform import Platform

PlatformHandler = Callable[["Platform", Request], "Response | Wait"]
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_MODELLED_ROOTS = ("/v1/", "/api/", "/graphql", "/prometheus/")


@dataclass(frozen=True)
class Route:
    """One operation.

    Attributes:
        op: stable name, e.g. "machines.create".
        handler: None when the operation exists on Fly.io and is not modelled here.
        limit: the documented request limit, None for none.
        summary: the handler's first line, for the documentation.
    """

    method: str
    path: str
    op: str
    handler: PlatformHandler | None
    limit: Limit | None = None
    summary: str = ""


_registered: list[Route] = []


def route(
    method: str, path: str, *, op: str, limit: Limit | None = DEFAULT
) -> Callable[[PlatformHandler], PlatformHandler]:
    """Declare a handler for `method` and `path` (placeholders in braces)."""

    def declare(handler: PlatformHandler) -> PlatformHandler:
        summary = (handler.__doc__ or "").strip().partition("\n")[0]
        _registered.append(Route(method, path, op, handler, limit, summary))
        return handler

    return declare


def not_modelled(method: str, path: str, *, op: str) -> None:
    """Declare an operation of Fly.io that is answered with 501."""
    _registered.append(Route(method, path, op, None))


def registered() -> list[Route]:
    """Every operation declared so far, in the order of declaration."""
    return list(_registered)


class Router:
    """Finds handlers, checks limits and turns refusals into answers."""

    def __init__(self, platform: Platform, routes: list[Route]) -> None:
        self._platform = platform
        self._faults = ApiFaults(platform)
        self._routes: dict[tuple[str, int], list[tuple[re.Pattern[str], Route]]] = {}
        self._methods: dict[int, list[tuple[str, re.Pattern[str]]]] = {}
        for one in routes:
            pattern = _pattern(one.path)
            segments = one.path.count("/")
            self._routes.setdefault((one.method, segments), []).append((pattern, one))
            self._methods.setdefault(segments, []).append((one.method, pattern))

    def handle(self, request: Request) -> Response | Wait:
        """Answer an authenticated request; refusals become responses."""
        try:
            return self._handle(request)
        except PlatformError as refusal:
            return refused(refusal)

    def _handle(self, request: Request) -> Response | Wait:
        found, params = self._find(request)
        self._platform.requests.asked(found.op)
        if found.handler is None:
            raise NotModelled(found.op)
        self._check_scope(request, params)
        refuse_unmodelled(found.op, request)
        if request.body is not None and not isinstance(request.body, dict):
            raise PlatformError(400, "invalid_argument: the request body must be a JSON object")
        asked = replace(request, params=params)
        work = partial(self._faults.around, found.op, asked, partial(found.handler, self._platform, asked))
        wait = self._delay(found, params)
        return Wait(lambda: None, wait, lambda: _late(work)) if wait else work()

    def _find(self, request: Request) -> tuple[Route, Mapping[str, str]]:
        path = request.path.rstrip("/") or "/"
        segments = path.count("/")
        # What is asked with HEAD is what GET answers; the server leaves the body out.
        method = "GET" if request.method == "HEAD" else request.method
        for pattern, one in self._routes.get((method, segments), ()):
            match = pattern.fullmatch(path)
            if match is not None:
                return one, match.groupdict()
        offered = [name for name, many in self._methods.get(segments, ()) if many.fullmatch(path)]
        if offered:
            raise MethodNotAllowed(request.method, path, offered)
        if path.startswith(_MODELLED_ROOTS):
            raise NotModelled(f"{request.method} {path}")
        raise not_found(f"{request.method} {path}: the local platform has no such address")

    def _check_scope(self, request: Request, params: Mapping[str, str]) -> None:
        app = params.get("app")
        token = self._platform.tokens.authenticate(request.headers.get("authorization", ""))
        if app is not None and token is not None and token.app not in (None, app):
            raise PlatformError(403, f"unauthorized: this token is for app {token.app}")

    def _delay(self, found: Route, params: Mapping[str, str]) -> float:
        identifier = params.get("machine") or params.get("app")
        if found.limit is None or identifier is None or not self._platform.settings.rate_limits:
            return 0.0
        limit = OF_AN_APP if found.limit is DEFAULT and "machine" not in params else found.limit
        wait = self._platform.limiter.delay(found.op, identifier, limit, self._platform.clock.now())
        if wait is None:
            self._platform.requests.limited(found.op)
            raise PlatformError(429, "rate limit exceeded")
        return wait


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(_PLACEHOLDER.sub(r"(?P<\1>[^/]+)", path) + r"/?")


def _late(work: Callable[[], Response | Wait]) -> Response | Wait:
    try:
        return work()
    except PlatformError as refusal:
        return refused(refusal)


def refused(refusal: PlatformError) -> Response:
    """The answer of a refusal."""
    return Response(refusal.status, refusal.body(), refusal.headers)


def body_of(request: Request) -> dict[str, Any]:
    """The request's JSON object, empty when it had none."""
    body: dict[str, Any] = request.body or {}
    return body


def flag(request: Request, name: str) -> bool:
    """Whether a query key is given and says yes."""
    return request.arg(name).lower() in ("true", "1", "yes")
