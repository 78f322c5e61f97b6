"""Serves one rollout on loopback, reading only, from a thread of its own: the rollout neither waits nor notices.

Only the end of a command waits: until every page that is open has the last event, for some seconds at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from importlib import resources

from aiohttp import web

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.report.base import Fact
from flyctl_orchestrator.report.html.page import script_of, shell, static
from flyctl_orchestrator.report.html.timeline import Fields
from flyctl_orchestrator.report.web.access import HEADERS, Access, cookie_name, require_own
from flyctl_orchestrator.report.web.feed import Feed

# Seconds between two messages to a page; after which silence is broken; and for the last message at the end.
PAUSE_SECONDS = 0.25
KEEP_ALIVE_SECONDS = 15.0
LAST_SECONDS = 5.0
# Of the only body that is read.
MOST_BYTES = 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RolloutServer:
    """A page that follows one rollout.

    Args:
        book: where regions are.
        address: to listen on, one of this computer alone.
        last_seconds: how long the end may take.

    Raises:
        OSError: nobody may listen there.
    """

    def __init__(self, book: RegionBook, address: str = "127.0.0.1", *, last_seconds: float = LAST_SECONDS) -> None:
        self._feed = Feed(book)
        self._access = Access()
        self._address = address
        self._last_seconds = last_seconds
        # Of pages: how many are open, and whether one is still to come.
        self._open = 0
        self._awaited = False
        self._loop = asyncio.new_event_loop()
        self._news = asyncio.Event()
        self._moved = asyncio.Event()
        self.port = 0
        listening: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(listening,), name="rollout page", daemon=True)
        self._thread.start()
        self.port = listening.result()

    def link(self, *, awaited: bool = False) -> str:
        """An address that signs one browser in.

        Args:
            awaited: whether a browser was told to open it, so that the end waits for it.
        """
        self._awaited = self._awaited or awaited
        # Behind #: so the key is in no request line, and nothing that only looks at the link uses it up.
        return f"http://127.0.0.1:{self.port}/#{self._access.link()}"

    def hear(self, event: Fact) -> None:
        """Something happened."""
        self.see(event.as_dict())

    def see(self, event: Fields) -> None:
        """The same, as a JSON object."""
        self._feed.see(event)
        if self._open:
            self._loop.call_soon_threadsafe(self._pulse)

    def close(self) -> None:
        """The rollout is over: every open page is told the rest, and then nothing is served any more."""
        self._feed.end()
        # A loop that fell over is closed already.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._pulse)
        self._thread.join()

    def _run(self, listening: Future[int]) -> None:
        # What goes wrong with a page is no part of what the command says.
        self._loop.set_exception_handler(lambda loop, context: None)
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve(listening))
        except Exception as error:  # noqa: BLE001 - it is raised where it can be told, or the page stands still
            if not listening.done():
                listening.set_exception(error)
        finally:
            self._loop.close()

    async def _serve(self, listening: Future[int]) -> None:
        quiet = logging.getLogger(__name__)
        quiet.addHandler(logging.NullHandler())
        quiet.propagate = False
        app = web.Application(middlewares=[self._guarded], client_max_size=MOST_BYTES)
        app.on_response_prepare.append(_with_headers)
        app.add_routes(
            [web.get("/", self._page), web.get("/events", self._events), web.post("/session", self._sign_in)]
        )
        app.add_routes([web.get(path, asset) for path, asset in _assets().items()])
        # A page that is closed ends what is done for it.
        runner = web.AppRunner(app, access_log=None, logger=quiet, shutdown_timeout=0.2, handler_cancellation=True)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._address, 0)
            await site.start()
            listening.set_result(int(runner.addresses[0][1]))
            await self._until_told()
        finally:
            await runner.cleanup()

    def _pulse(self) -> None:
        """Wake everybody who waits for news."""
        self._news.set()
        self._news.clear()

    async def _until_told(self) -> None:
        """Until the rollout is over and no open page waits for the end of it."""
        while not self._feed.over:
            await self._news.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._last_seconds):
                while self._open or self._awaited:
                    self._moved.clear()
                    await self._moved.wait()

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        require_own(request, self.port)
        return await handler(request)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        style = '<link rel="stylesheet" href="/page.css">'
        script = '<script type="module" src="/rollout.js"></script>'
        return web.Response(text=shell("rollout", "Rollout", style=style, script=script), content_type="text/html")

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.json()
        except ValueError:
            body = None
        key = body.get("key") if isinstance(body, dict) else None
        session = self._access.open(key) if isinstance(key, str) else None
        if session is None:
            raise web.HTTPUnauthorized(text="this link was used before, or is of another rollout\n")
        answer = web.json_response({"ok": True})
        answer.set_cookie(cookie_name(self.port), session, httponly=True, samesite="Strict", path="/")
        return answer

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if not self._access.knows(request, self.port):
            raise web.HTTPUnauthorized(text="this browser is not signed in\n")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        self._open, self._awaited = self._open + 1, False
        try:
            await response.prepare(request)
            # A browser that closes the page may do so in the middle of a message.
            with contextlib.suppress(ConnectionResetError):
                await self._tell(response)
                # The page hangs up once it has the last message, which cancels this.
                await asyncio.Event().wait()
        finally:
            self._open -= 1
            self._moved.set()
        return response

    async def _tell(self, response: web.StreamResponse) -> None:
        """Send the time line whenever there is more of it, until it is whole."""
        seen, over = -1, False
        while not over:
            if not await self._news_since(seen):
                await response.write(b": still here\n\n")
                continue
            over = self._feed.over
            seen, told = self._feed.told()
            await response.write(f"data: {told}\n\n".encode())
            if not self._feed.over:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _news_since(self, seen: int) -> bool:
        """Wait until there is more than version `seen`; False when that takes long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                while self._feed.version == seen:
                    await self._news.wait()
        return self._feed.version != seen


async def _with_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _assets() -> dict[str, Handler]:
    live = resources.files(__package__).joinpath("static", "live.js").read_text("utf-8")
    return {
        "/page.css": _asset(static("page.css"), "text/css"),
        "/rollout.js": _asset(script_of("rollout") + live, "text/javascript"),
        # Browsers ask for it on their own.
        "/favicon.ico": _asset("", "image/svg+xml"),
    }


def _asset(text: str, kind: str) -> Handler:
    async def serve(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type=kind, status=200 if text else 204)

    return serve
