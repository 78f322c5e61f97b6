"""The page's door: everything at `/` and below `/_page/`, and what `flyo` tells the page below `/_local/`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from aiohttp import web

from flyctl_orchestrator.local.api.http import AioHandler, Serve, read
from flyctl_orchestrator.local.api.routing import refused
from flyctl_orchestrator.local.base.errors import PlatformError, not_found
from flyctl_orchestrator.local.base.sightings import Sightings
from flyctl_orchestrator.local.page import actions, projects, steady_traffic
from flyctl_orchestrator.local.page.deploys import Deploys
from flyctl_orchestrator.local.page.detail import detail
from flyctl_orchestrator.local.page.guard import HEADERS, cookie_name, require_own_page, signed_in
from flyctl_orchestrator.local.page.hub import Hub, Queue
from flyctl_orchestrator.local.page.masking import Mask
from flyctl_orchestrator.local.page.rollouts import Rollouts
from flyctl_orchestrator.local.page.sessions import Sessions
from flyctl_orchestrator.local.page.steady_traffic import SteadyTraffic
from flyctl_orchestrator.local.platform import Platform

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_ASSET = re.compile(r"/_page/([a-z_]+\.(?:css|js|svg))")
_MACHINE = re.compile(r"/_page/machines/([a-z0-9-]{1,63})/([0-9a-f]{14})")
KEEP_ALIVE_SECONDS = 15.0


class Page:
    """Answers the browser, and takes in what is to be shown there.

    Args:
        platform: what is shown.
        sightings: the proxy's.
        in_flight: how many requests the proxy has on a machine, by app and id.
        port: where the daemon listens.
        version: of the platform.
        state: the platform's directory.
    """

    def __init__(
        self,
        platform: Platform,
        sightings: Sightings,
        *,
        in_flight: Callable[[str, str], int],
        port: Callable[[], int],
        version: str,
        state: Path,
    ) -> None:
        self._platform = platform
        self._port = port
        self._sessions = Sessions(platform.clock)
        self._rollouts = Rollouts()
        self._traffic = SteadyTraffic(port)
        self._projects = projects.Projects(platform.store)
        self._deploys = Deploys(self._projects, state, self._tell_deploys)
        self._hub = Hub(
            platform,
            sightings,
            self._rollouts,
            in_flight=in_flight,
            facts=lambda: {"port": port(), "version": version, "deploys": self._shown_deploys()},
            idle=self._stop_traffic,
        )

    @property
    def open(self) -> int:
        """How many browsers look on."""
        return self._hub.open

    def link(self) -> str:
        """An address that signs one browser in, within two minutes."""
        # Behind #: so the key is in no request line and no log, and nothing that only looks at the link uses it up.
        return f"http://localhost:{self._port()}/#{self._sessions.link()}"

    @property
    def deploying(self) -> list[str]:
        """The apps that are being deployed by a click."""
        return self._deploys.under_way

    def forget(self, app: str) -> None:
        """An app is no more."""
        self._deploys.forget(app)

    async def end_deploys(self) -> None:
        """Have what was started by a click go back; the platform has to answer meanwhile."""
        await self._deploys.close()

    async def close(self) -> None:
        """Let go of every browser."""
        self._traffic.stop()
        await self._hub.close()

    def management(self) -> dict[tuple[str, str], AioHandler]:
        """What `flyo` asks for with the platform's token: a link that signs a browser in, taking in what it tells."""
        return {
            ("POST", "/_local/page"): self._link,
            ("POST", "/_local/events"): self._events,
            ("PUT", "/_local/projects"): self._project,
        }

    async def _link(self, request: web.BaseRequest) -> web.StreamResponse:
        return _json(201, {"url": self.link()})

    async def _events(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return _json(200, {"kept": self._rollouts.hear((await read(request)).body)})
        except PlatformError as refusal:
            return _json(refusal.status, refusal.body())

    async def _project(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            self._projects.keep(projects.read((await read(request)).body))
            self._platform.flush()
        except PlatformError as refusal:
            return _json(refusal.status, refusal.body())
        self._tell_deploys()
        return _json(200, {"ok": True})

    async def __call__(self, request: web.BaseRequest, serve: Serve) -> web.StreamResponse:
        """Answer a request of a browser; `serve` does one operation of the platform's API."""
        try:
            return await self._answer(request, serve)
        except PlatformError as refusal:
            answer = refused(refusal)
            return _json(answer.status, answer.body)

    async def _answer(self, request: web.BaseRequest, serve: Serve) -> web.StreamResponse:
        if request.method == "GET" and request.path == "/":
            return _asset("index.html" if self._signed_in(request) else "sign_in.html")
        asset = _ASSET.fullmatch(request.path)
        if request.method == "GET" and asset is not None:
            return _asset(asset[1])
        require_own_page(request)
        if (request.method, request.path) == ("POST", "/_page/session"):
            return await self._open_session(request)
        if not self._signed_in(request):
            raise PlatformError(401, "this browser is not signed in, or not any more: run 'flyo local open'")
        return await self._signed(request, serve)

    def _signed_in(self, request: web.BaseRequest) -> bool:
        return signed_in(request, self._sessions, self._port())

    async def _open_session(self, request: web.BaseRequest) -> web.StreamResponse:
        body = (await read(request)).body
        key = body.get("key") if isinstance(body, dict) else None
        session = self._sessions.open(key) if isinstance(key, str) else None
        if session is None:
            raise PlatformError(401, "this link was used before, or is older than two minutes")
        answer = _json(200, {"ok": True})
        answer.set_cookie(cookie_name(self._port()), session, httponly=True, samesite="Strict", path="/")
        return answer

    async def _signed(self, request: web.BaseRequest, serve: Serve) -> web.StreamResponse:
        asked = (request.method, request.path)
        machine = _MACHINE.fullmatch(request.path)
        if asked == ("GET", "/_page/stream"):
            return await self._stream(request)
        if request.method == "GET" and machine is not None:
            return _json(200, detail(self._platform, machine[1], machine[2]))
        if asked == ("POST", "/_page/act"):
            done = await serve(actions.wanted((await read(request)).body, self._platform.tokens.own.token))
            if done.raw is not None:
                raise PlatformError(502, "the API's answer cannot be read, as a fault wants it; it may have been done")
            return _json(done.status, done.body)
        if asked == ("POST", "/_page/deploy"):
            return await self._deploy((await read(request)).body, serve)
        if asked == ("POST", "/_page/traffic"):
            apps = [app.name for app in self._platform.apps.list()]
            self._traffic.start(steady_traffic.read((await read(request)).body, apps))
            self._tell_traffic()
            return _json(200, {"ok": True})
        if asked == ("DELETE", "/_page/traffic"):
            self._stop_traffic()
            return _json(200, {"ok": True})
        raise not_found(f"{request.method} {request.path}: the page has no such address")

    async def _deploy(self, body: Any, serve: Serve) -> web.StreamResponse:
        """Deploy an app again; where it is wanted, as a release that crashes in one region."""
        app = body.get("app") if isinstance(body, dict) else None
        if not isinstance(app, str) or self._platform.apps.find(app) is None:
            raise PlatformError(404, f"Could not find App {str(app)[:63]!r}")
        self._deploys.ready(app)
        if body.get("crashes_in") is not None:
            crash = actions.crash(app, body["crashes_in"])
            answer = await serve(actions.wanted(crash, self._platform.tokens.own.token))
            if answer.status >= 300:
                return _json(answer.status, answer.body)
        await self._deploys.start(app)
        return _json(202, {"ok": True})

    def _shown_deploys(self) -> dict[str, Any]:
        shown = self._deploys.shown([app.name for app in self._platform.apps.list()])
        masked: dict[str, Any] = Mask.of(self._platform).over(shown)
        return masked

    def _tell_deploys(self) -> None:
        if self._hub.open:
            self._hub.tell("deploys", {"deploys": self._shown_deploys()})

    def _stop_traffic(self) -> None:
        self._traffic.stop()
        self._tell_traffic()

    def _tell_traffic(self) -> None:
        wanted = self._traffic.wanted
        self._hub.traffic = None if wanted is None else Mask.of(self._platform).over(wanted.shown())
        self._hub.tell("traffic", {"traffic": self._hub.traffic})

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        queue = self._hub.join()
        try:
            # A browser that closes the page may do so in the middle of a message.
            with contextlib.suppress(ConnectionResetError):
                await _pass_on(queue, response)
        finally:
            self._hub.leave(queue)
        return response


async def _pass_on(queue: Queue, response: web.StreamResponse) -> None:
    """Send messages until there is the one that ends them. Raises ConnectionResetError when nobody reads any more."""
    while True:
        try:
            async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                message = await queue.get()
        except TimeoutError:
            await response.write(b": still here\n\n")
            continue
        if message is None:
            return
        await response.write(f"event: {message[0]}\ndata: {message[1]}\n\n".encode())


def _asset(name: str) -> web.Response:
    file = resources.files(__package__).joinpath("static", name)
    if not file.is_file():
        raise not_found(f"the page has no {name}")
    kind = TYPES[name.rpartition(".")[2]]
    return web.Response(body=file.read_bytes(), content_type=kind, charset="utf-8", headers=HEADERS)


def _json(status: int, body: Any) -> web.Response:
    text = "" if body is None else json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return web.Response(status=status, text=text, content_type="application/json", headers=HEADERS)
