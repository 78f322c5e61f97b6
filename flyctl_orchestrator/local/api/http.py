"""The platform's one listener: API by 127.0.0.1 and localhost, apps by their own names, everything else turned away."""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs

from aiohttp import web

from flyctl_orchestrator.local.api.faults_at_api import ConnectionCut
from flyctl_orchestrator.local.api.routing import Router, refused
from flyctl_orchestrator.local.api.wire import Raw, Request, Response, Wait
from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.base.json_body import decoded
from flyctl_orchestrator.local.base.watching import until
from flyctl_orchestrator.local.platform import Platform

AioHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Serve = Callable[[Request], Awaitable[Response]]
PageHandler = Callable[[web.BaseRequest, Serve], Awaitable[web.StreamResponse]]
LARGEST_BODY = 32 * 1024 * 1024
REQUEST_ID = "fly-request-id"
FORM = "application/x-www-form-urlencoded"
TAKES_FORMS = "/prometheus/"
READY = "/_local/ready"
PAGE = "/_page/"
#: What anybody may ask, with a token or without.
OPEN = ("/v1/platform/regions",)
#: What is about the platform and every app on it, such as its end: its own token does that, and none of one app.
_OF_THE_PLATFORM = re.compile(r"/_local/(?!apps/|builds$)")
_OWN_HOST = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.ASCII)


class Front:
    """Answers every request of the listener.

    Args:
        platform: does the work.
        router: the API's operations.
        streaming: operations that need aiohttp itself (logs that follow, builds), by (method, path).
        proxy: answers for hosts below localhost.
        is_app_host: whether a Host names an app.
        ready: the body of the one address that needs no token.
        page: answers for the platform's page, which has its own way of signing in; it may act through the API's
            operations, which are handed to it. None: there is no page.
        registry: answers below `/v2/`, in its own words; None for no registry.
    """

    def __init__(
        self,
        platform: Platform,
        router: Router,
        *,
        streaming: Mapping[tuple[str, str], AioHandler],
        proxy: AioHandler,
        is_app_host: Callable[[str], bool],
        ready: Callable[[], dict[str, object]],
        page: PageHandler | None = None,
        registry: AioHandler | None = None,
    ) -> None:
        self._platform = platform
        self._router = router
        self._streaming = streaming
        self._proxy = proxy
        self._is_app_host = is_app_host
        self._ready = ready
        self._page = page
        self._registry = registry

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request, whatever it is."""
        host = request.headers.get("Host", "")
        if _OWN_HOST.fullmatch(host):
            return await self._api(request)
        if self._is_app_host(host):
            return await self._proxy(request)
        return self._answer(
            Response(421, {"error": f"Host {host!r} is neither 127.0.0.1 nor APP.localhost or REGION.APP.localhost"})
        )

    async def _api(self, request: web.BaseRequest) -> web.StreamResponse:
        if (request.method, request.path) == ("GET", READY):
            return self._answer(Response(200, self._ready()))
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            # The HTTP library leaves it to us. curl waits a second for it before it sends a larger body.
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        page = self._page
        if page is not None and (request.path == "/" or request.path.startswith(PAGE)):
            return await self._guarded(request, lambda: page(request, self._served))
        if self._registry is not None and (request.path + "/").startswith("/v2/"):
            return await self._registry(request)
        if (refusal := self._refusal(request)) is not None:
            return self._answer(refusal)
        streaming = self._streaming.get((request.method, request.path))
        if streaming is not None:
            return await streaming(request)
        return await self._guarded(request, lambda: self._operation(request))

    async def _operation(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = await self._served(await read(request))
        if answer.raw is not None and (answer.raw.cut or answer.raw.drip):
            await self._break_off(request, answer, answer.raw)
        return self._answer(answer)

    async def _guarded(
        self, request: web.BaseRequest, work: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """What `work` answers, or what became of it instead."""
        try:
            return await work()
        except PlatformError as refusal:
            return self._answer(refused(refusal))
        except ConnectionCut:
            hang_up(request)
            raise
        except Exception as bug:  # noqa: BLE001 - one broken handler must not take the platform down
            traceback.print_exc()
            return self._answer(Response(500, {"error": f"the local platform failed: {type(bug).__name__}: {bug}"}))

    def _refusal(self, request: web.BaseRequest) -> Response | None:
        """Why a request's token does not do, None when it does. Whether it fits an app, operations look themselves."""
        token = self._platform.tokens.authenticate(request.headers.get("Authorization", ""))
        if token is None:
            what = "the API token is missing or not this platform's"
            return None if request.path.rstrip("/") in OPEN else Response(401, {"error": what})
        if token.app is not None and _OF_THE_PLATFORM.match(request.path):
            what = f"unauthorized: this token is for app {token.app}, and not for the platform"
            return Response(403, {"error": what})
        return None

    async def _served(self, request: Request) -> Response:
        answer = self._router.handle(request)
        while isinstance(answer, Wait):
            answer = await self._waited(answer)
        self._platform.flush()
        return answer

    async def _waited(self, wait: Wait) -> Response | Wait:
        loop = asyncio.get_running_loop()
        answers: list[Response] = []

        def reached() -> bool:
            answer = wait.check()
            if answer is not None:
                answers.append(answer)
            return answer is not None

        if await until(self._platform.feed, reached, loop.time() + wait.seconds):
            return answers[-1]
        return wait.on_timeout()

    def _headers(self, response: Response) -> dict[str, str]:
        kernel = self._platform.kernel
        return {REQUEST_ID: f"{kernel.ids.ulid(kernel.clock.now())}-local", **response.headers}

    async def _break_off(self, request: web.BaseRequest, response: Response, raw: Raw) -> None:
        """Send an answer past the HTTP library, byte by byte or not to its end, and close the connection.

        Raises:
            ConnectionResetError: always; that is how it ends.
        """
        lines = [
            f"HTTP/1.1 {response.status} .",
            f"content-type: {raw.content_type}",
            f"content-length: {len(raw.data)}",
        ]
        lines += [f"{name}: {value}" for name, value in self._headers(response).items()]
        text = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + raw.data
        transport = request.transport
        if transport is not None and raw.cut:
            transport.write(text[: len(text) - len(raw.data) // 2 - 1])
            # Not `hang_up`, which would throw away what is not sent yet.
            transport.close()
        elif transport is not None:
            for at in range(len(text)):
                if transport.is_closing():
                    break
                transport.write(text[at : at + 1])
                await asyncio.sleep(raw.drip)
            transport.close()
        raise ConnectionResetError("the answer broke off, as a fault wanted")

    def _answer(self, response: Response) -> web.Response:
        headers = self._headers(response)
        if response.raw is not None:
            headers = {**headers, "content-type": response.raw.content_type}
            return web.Response(status=response.status, body=response.raw.data, headers=headers)
        if response.body is None:
            return web.Response(status=response.status, headers=headers)
        text = json.dumps(response.body, separators=(",", ":"), ensure_ascii=False)
        return web.Response(status=response.status, text=text, headers=headers, content_type="application/json")


def hang_up(request: web.BaseRequest) -> None:
    """Close a client's connection at once."""
    if request.transport is not None:
        request.transport.abort()


async def read(request: web.BaseRequest) -> Request:
    """A request as the API's handlers take it.

    Raises:
        PlatformError: 413 for a body that is too large, 400 for one that is not JSON.
    """
    data = bytearray()
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > LARGEST_BODY:
            raise PlatformError(413, "the request body is too large")
    query = parse_qs(request.query_string, keep_blank_values=True)
    if request.content_type == FORM and request.path.startswith(TAKES_FORMS):
        # A query that is sent as a form, as Prometheus' API takes it. Elsewhere it is what `curl -d` calls any body.
        query |= parse_qs(data.decode("utf-8", "replace"), keep_blank_values=True)
        data.clear()
    return Request(
        method=request.method,
        path=request.path,
        query=query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=decoded(bytes(data)),
    )
