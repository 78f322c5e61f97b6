"""The engine's API over its socket. Paths carry no version: every call made here means the same in all of them."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import tarfile
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

import aiohttp

from flyctl_orchestrator.local.containers.endpoint import Endpoint

# Seconds; a container that is started or removed on a busy computer takes its time.
CALL_SECONDS = 60.0
# A large image takes its time.
PULL_SECONDS = 600.0
_PIECE = 1 << 16
# Bits of a file's mode as Go has it: a directory, a link, a device, a pipe, a socket, something else.
_NO_FILE = 1 << 31 | 1 << 27 | 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19


class EngineError(Exception):
    """The engine refused a call, or could not be reached (status 0)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Engine:
    """A client of one engine. Use it on one event loop, and close it.

    Args:
        endpoint: where the engine listens.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        connector = (
            aiohttp.UnixConnector(endpoint.socket, limit=0) if endpoint.socket else aiohttp.TCPConnector(limit=0)
        )
        self._base = "http://engine" if endpoint.socket else endpoint.address.replace("tcp://", "http://", 1)
        self._session = aiohttp.ClientSession(connector=connector)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        data: bytes | None = None,
    ) -> Any:
        """One call; its decoded answer, None when it has none.

        Args:
            body: sent as JSON.
            data: sent as it is, as a tar.

        Raises:
            EngineError: it was refused, or the engine does not answer.
        """
        headers = {"Content-Type": "application/x-tar"} if data is not None else {}
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
        try:
            async with self._session.request(
                method, self._base + path, params=query, json=body, data=data, headers=headers, timeout=timeout
            ) as answer:
                return _decoded(answer.status, await answer.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            raise EngineError(0, f"the container engine does not answer: {problem or 'too slow'}") from problem

    async def stream(self, path: str, query: Mapping[str, str]) -> aiohttp.ClientResponse:
        """A call whose answer goes on and on; the head has arrived. The caller closes it.

        Raises:
            EngineError: as `call`.
        """
        try:
            answer = await self._session.get(
                self._base + path, params=query, timeout=aiohttp.ClientTimeout(total=None, sock_read=None)
            )
            if answer.status >= 400:
                _decoded(answer.status, await answer.read())
            return answer
        except (aiohttp.ClientError, OSError) as problem:
            raise EngineError(0, f"the container engine does not answer: {problem}") from problem

    async def pour(self, source: str, target: str) -> int:
        """Send the answer of one address to another one as it comes, a tar; its bytes.

        Raises:
            EngineError: as `call`; how far it came is not known then.
        """
        size = 0
        answer = await self.stream(source, {})

        async def pieces() -> AsyncIterator[bytes]:
            nonlocal size
            async for piece in answer.content.iter_chunked(_PIECE):
                size += len(piece)
                yield piece

        timeout = aiohttp.ClientTimeout(total=None, sock_read=CALL_SECONDS)
        headers = {"Content-Type": "application/x-tar"}
        try:
            with contextlib.closing(answer):
                async with self._session.put(
                    self._base + target, data=pieces(), headers=headers, timeout=timeout
                ) as taken:
                    _decoded(taken.status, await taken.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            raise EngineError(0, f"the container engine does not answer: {problem or 'too slow'}") from problem
        return size

    async def container(self, container_id: str) -> dict[str, Any]:
        """What the engine says of one container. Raises EngineError."""
        found: dict[str, Any] = await self.call("GET", f"/containers/{container_id}/json")
        return found

    async def file(self, container_id: str, path: str) -> bytes | None:
        """The content of a file in a container, None where there is none. Raises EngineError."""
        where = f"{self._base}/containers/{container_id}/archive"
        try:
            # Of a directory the engine would send everything below it.
            async with self._session.head(where, params={"path": path}) as answer:
                described = answer.headers.get("X-Docker-Container-Path-Stat", "")
                if answer.status != 200 or json.loads(base64.b64decode(described))["mode"] & _NO_FILE:
                    return None
            async with self._session.get(where, params={"path": path}) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError) as problem:
            raise EngineError(0, f"the container engine does not answer: {problem or 'too slow'}") from problem
        if answer.status >= 400:
            return None
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            member = tar.next()
            opened = tar.extractfile(member) if member is not None and member.isfile() else None
            return None if opened is None else opened.read()

    async def remove(self, container_id: str) -> None:
        """Remove a container with its nameless volumes, running or not; harmless when it is gone."""
        await self.gone(f"/containers/{container_id}", {"force": "1", "v": "1"})

    async def gone(self, path: str, query: Mapping[str, str] | None = None) -> None:
        """Delete something; harmless when it is not there, or somebody is deleting it already. Raises EngineError."""
        try:
            await self.call("DELETE", path, query=query)
        except EngineError as problem:
            if problem.status not in (404, 409):
                raise

    async def pull(self, ref: str, password: str) -> None:
        """Have an image of the platform's registry, `HOST:PORT/APP@sha256:…`. Raises EngineError."""
        host = ref.partition("/")[0]
        login = json.dumps({"username": "x", "password": password, "serveraddress": host}).encode()
        headers = {"X-Registry-Auth": base64.urlsafe_b64encode(login).decode()}
        timeout = aiohttp.ClientTimeout(total=PULL_SECONDS)
        try:
            async with self._session.post(
                f"{self._base}/images/create", params={"fromImage": ref}, headers=headers, timeout=timeout
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            raise EngineError(0, f"the container engine does not answer: {problem or 'too slow'}") from problem
        if answer.status >= 400:
            _decoded(answer.status, content)
        # What goes wrong later is in the last lines of an answer that began well.
        for line in content.splitlines():
            said = json.loads(line) if line.strip() else {}
            if "error" in said:
                raise EngineError(0, f"the container engine cannot pull {ref}: {said['error']}")

    async def image(self, name: str) -> dict[str, Any]:
        """What the engine says of an image. Raises EngineError."""
        found: dict[str, Any] = await self.call("GET", f"/images/{quote(name, safe=':/@')}/json")
        return found


def filters(**wanted: list[str]) -> dict[str, str]:
    """The query of a list call that filters, e.g. `label=["a=b"]`."""
    return {"filters": json.dumps(wanted)}


async def lines_of(answer: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """The JSON objects of a streamed answer; ends when the engine hangs up, whatever the reason."""
    try:
        async for line in answer.content:
            if line.strip():
                yield json.loads(line)
    except (aiohttp.ClientError, OSError, ValueError):
        return


def _decoded(status: int, content: bytes) -> Any:
    try:
        said = json.loads(content) if content.strip() else None
    except ValueError:
        said = None
    if status >= 400:
        message = said.get("message") if isinstance(said, dict) else None
        raise EngineError(status, str(message or f"the container engine answered {status}"))
    return said
