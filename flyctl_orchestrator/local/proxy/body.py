"""A request's body: streamed to the machine as it comes in, and kept while small enough to be sent a second time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import StreamReader

_READ_WHOLE = 64 * 1024  # bodies declared no larger than this are read before they are sent: one write, no chunk dance


class BodyTooLarge(Exception):
    """More than may be kept, so the request cannot be sent again."""


class BodyBroken(Exception):
    """The client went away, or sent nonsense, in the middle of its body."""


class RequestBody:
    """One client's request body, readable by one sender after another.

    Args:
        content: the client's stream.
        length: what Content-Length says; None when the body is chunked.
        keep_bytes: how much is kept for sending again.
        invite: called before the first byte is read (for `Expect: 100-continue`).
    """

    def __init__(
        self, content: StreamReader, length: int | None, keep_bytes: int, invite: Callable[[], None] = lambda: None
    ) -> None:
        self._content = content
        self._length = length
        self._keep_bytes = keep_bytes
        self._invite: Callable[[], None] | None = invite
        self._kept: list[bytes] | None = [] if length is None or length <= keep_bytes else None
        self._seen = 0
        self._last = b""
        self._read: asyncio.Task[None] | None = None
        self.pieces = 0
        self.done = length == 0
        self.broken = False

    @property
    def empty(self) -> bool:
        """Whether there is no body at all."""
        return self._length == 0

    @property
    def resendable(self) -> bool:
        """Whether everything read so far is still at hand."""
        return self._kept is not None

    async def payload(self) -> bytes | BodySender | None:
        """What to hand to the HTTP client: bytes when small, otherwise something that streams. None when empty.

        Raises:
            BodyBroken: see there.
        """
        if self.empty:
            return None
        if self._kept is not None and self._length is not None and self._length <= _READ_WHOLE:
            await self.keep_all()
        if self.done and self._kept is not None:
            return b"".join(self._kept)
        return BodySender(self)

    async def keep_all(self) -> None:
        """Make sure the request can be sent again, reading what is still to come if its size is unknown.

        Raises:
            BodyTooLarge: it cannot.
            BodyBroken: see there.
        """
        known_to_fit = self._length is not None and self._length > _READ_WHOLE  # kept at all: so within the limit
        while self._kept is not None and not self.done and not known_to_fit:
            await self.pull()
        if self._kept is None:
            raise BodyTooLarge

    async def piece(self, index: int) -> bytes:
        """Piece number `index`, from what is kept or from the client; b"" after the last one.

        Raises:
            BodyBroken: see there.
        """
        if index < self.pieces:
            if self._kept is None:
                raise BodyBroken("the body is no longer at hand")
            return self._kept[index]
        if self.done:
            return b""
        await self.pull()
        return self._last

    async def pull(self) -> None:
        """Read one piece from the client. A cancelled caller loses nothing: the next one joins the same read."""
        if self._read is None:
            if self._invite is not None:
                self._invite()
                self._invite = None
            self._read = asyncio.create_task(self._read_piece())
        await asyncio.shield(self._read)
        if self.broken:
            raise BodyBroken("the client did not finish its request")

    async def _read_piece(self) -> None:
        try:
            self._last = await self._content.readany()
        except Exception:  # noqa: BLE001 - whatever the parser or the socket raised, the body is not coming
            self.broken = True
            self.done = True
            return
        finally:
            self._read = None
        self.done = not self._last
        if self._last:
            self.pieces += 1
            self._seen += len(self._last)
            self._keep(self._last)

    def _keep(self, piece: bytes) -> None:
        if self._kept is None:
            return
        if self._seen > self._keep_bytes:
            self._kept = None
        else:
            self._kept.append(piece)

    async def close(self) -> None:
        """Stop reading, so that the server may read (and drop) what the client still sends."""
        if self._read is not None:
            self._read.cancel()
            await asyncio.wait((self._read,))


class BodySender:
    """Streams a `RequestBody` from its beginning, once."""

    def __init__(self, body: RequestBody) -> None:
        self._body = body
        self._next = 0

    def __aiter__(self) -> BodySender:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._body.piece(self._next)
        if not piece:
            raise StopAsyncIteration
        self._next += 1
        return piece
