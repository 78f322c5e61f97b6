"""One request to one machine, and its answer back, without holding either in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import aiohttp
from aiohttp import ClientResponse, web
from multidict import CIMultiDict
from yarl import URL

from flyctl_orchestrator.local.base.hung_up import nobody_listens
from flyctl_orchestrator.local.proxy.backend import Target
from flyctl_orchestrator.local.proxy.body import RequestBody
from flyctl_orchestrator.local.proxy.headers import under_fly_name
from flyctl_orchestrator.local.proxy.limits import HEADER_BYTES, Limits

_CHUNK = 64 * 1024
_BAD_REQUEST = 400


class NotConnected(Exception):
    """No connection was made: the machine has not seen the request."""


class Dropped(Exception):
    """The machine closed the connection before it answered; it may have seen the request."""


class TookTooLong(Exception):
    """The machine said nothing for too long."""


class Unreadable(Exception):
    """What came back is not HTTP."""


@dataclass(frozen=True)
class Message:
    """A request on its way to a machine. `path` is as the client sent it, query included."""

    method: str
    path: str
    headers: CIMultiDict[str]
    body: RequestBody


class Forwarder:
    """HTTP to machines, over pooled connections.

    Requests that have a body, or whose method must not be repeated, get a fresh connection: one that the machine closes
    at that very moment could otherwise swallow them, and nobody could tell whether they were acted on.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        #: Machines that get their requests under the name that the app has on Fly.io.
        self.by_fly_name: set[str] = set()
        self._by_any_name: set[str] = set()
        self._pooled = self._session(aiohttp.TCPConnector(limit=0, keepalive_timeout=limits.pool_seconds))
        self._fresh = self._session(aiohttp.TCPConnector(limit=0, force_close=True))

    def _session(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=HEADER_BYTES,
            max_field_size=HEADER_BYTES,
            read_bufsize=_CHUNK,
        )

    async def close(self) -> None:
        """Close every connection to a machine."""
        await self._pooled.close()
        await self._fresh.close()

    async def send(self, target: Target, message: Message, connect_seconds: float) -> ClientResponse:
        """Send a request and return as soon as the answer's head is there; its body is still to be read.

        Raises:
            NotConnected, Dropped, TookTooLong, Unreadable: see there.
            BodyBroken: the client's own body did not arrive.

        An app that takes only names that it knows, such as Django with ALLOWED_HOSTS, answers 400 to its name here. It
        is asked once more under the one that it has on Fly.io, and under that one from then on if it takes it.
        """
        machine = target.machine_id
        if machine in self.by_fly_name:
            return await self._sent(target, _under_fly_name(message) or message, connect_seconds)
        response = await self._sent(target, message, connect_seconds)
        again = message.method in ("GET", "HEAD") and message.body.empty and machine not in self._by_any_name
        other = _under_fly_name(message) if again and response.status == _BAD_REQUEST else None
        if other is None:
            return response
        response.close()
        response = await self._sent(target, other, connect_seconds)
        (self._by_any_name if response.status == _BAD_REQUEST else self.by_fly_name).add(machine)
        return response

    async def _sent(self, target: Target, message: Message, connect_seconds: float) -> ClientResponse:
        try:
            return await self._send(target, message, connect_seconds)
        except Unreadable:
            if message.method != "HEAD":
                raise
        # An app that answers HEAD with a body, which the HTTP library takes for nonsense: the head is that of GET.
        return await self._send(target, replace(message, method="GET"), connect_seconds)

    async def _send(self, target: Target, message: Message, connect_seconds: float) -> ClientResponse:
        body = await message.body.payload()
        session = self._pooled if body is None and message.method in ("GET", "HEAD", "OPTIONS") else self._fresh
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds, sock_read=self._limits.idle_seconds)
        try:
            return await session.request(
                message.method,
                _url(target, message.path),
                headers=message.headers,
                data=body,
                allow_redirects=False,
                timeout=timeout,
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotConnected(str(error)) from error
        except TimeoutError as error:
            raise TookTooLong(f"no answer within {self._limits.idle_seconds:g} s") from error
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if target.published and await nobody_listens(target.port, target.host):
                raise NotConnected("nobody listens in the container") from error
            raise Dropped(str(error) or type(error).__name__) from error
        except (aiohttp.ClientError, aiohttp.http_exceptions.HttpProcessingError, ValueError) as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error


def _under_fly_name(message: Message) -> Message | None:
    headers = under_fly_name(message.headers)
    return None if headers is None else replace(message, headers=headers)


async def answer(request: web.BaseRequest, upstream: ClientResponse, headers: CIMultiDict[str]) -> web.StreamResponse:
    """Pass a machine's answer on to the client, piece by piece as it comes.

    Raises:
        ConnectionError: one of the two ends went away; the client's connection cannot be used any more.
    """
    content = upstream.content
    if request.method != "HEAD" and content.is_eof() and upstream.status not in (204, 304):
        # The whole of it came with the head, as small answers do: one write instead of three.
        return web.Response(
            status=upstream.status, reason=upstream.reason, headers=headers, body=content.read_nowait(-1)
        )
    response = web.StreamResponse(status=upstream.status, reason=upstream.reason, headers=headers)
    await response.prepare(request)
    if request.method == "HEAD":
        upstream.close()
        await response.write_eof()
        return response
    try:
        async for piece in content.iter_any():
            await response.write(piece)
    except (TimeoutError, aiohttp.ClientError) as error:
        # Half an answer is out. Ending it properly would make it look whole, so the connection is cut instead.
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the machine did not finish its answer") from error
    await response.write_eof()
    return response


def _url(target: Target, path: str) -> URL:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return URL(f"http://{host}:{target.port}{path if path.startswith('/') else '/'}", encoded=True)
