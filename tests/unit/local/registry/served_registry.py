"""The registry's handler on a socket of its own, and a client that pushes as docker does."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, web

from flyctl_orchestrator.local.registry.handler import RegistryHandler
from flyctl_orchestrator.local.registry.manifest import IMAGE_TYPES, INDEX_TYPES
from flyctl_orchestrator.local.registry.store import RegistryStore

TOKENS = {"whole": "", "of-shop": "shop"}


def digest_of(data: bytes) -> str:
    """As the registry counts it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def basic(token: str) -> str:
    """An `Authorization` header."""
    return "Basic " + base64.b64encode(f"x:{token}".encode()).decode()


def image_of(config: Mapping[str, Any], *layers: bytes) -> tuple[bytes, dict[str, bytes]]:
    """A manifest, and the blobs it names by digest."""
    described = json.dumps({"architecture": "amd64", "os": "linux", "config": config}).encode()
    blobs = {digest_of(one): one for one in (described, *layers)}
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_TYPES[0],
        "config": {"digest": digest_of(described), "size": len(described)},
        "layers": [{"digest": digest_of(one), "size": len(one)} for one in layers],
    }
    return json.dumps(manifest).encode(), blobs


def index_of(**platforms: bytes) -> bytes:
    """An index of manifests by architecture."""
    children = [
        {"digest": digest_of(one), "size": len(one), "platform": {"os": "linux", "architecture": name}}
        for name, one in platforms.items()
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPES[0], "manifests": children}).encode()


@dataclass(frozen=True)
class Told:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def text(self) -> str:
        """Its body as text."""
        return self.data.decode()

    @property
    def code(self) -> str:
        """The code of the first error in it."""
        return str(json.loads(self.data)["errors"][0]["code"])


@dataclass
class Pusher:
    """Talks to one registry."""

    base: str
    session: ClientSession
    token: str = "whole"

    async def ask(self, method: str, path: str, data: Any = None, **headers: str) -> Told:
        """One request; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Authorization": basic(self.token), **named}
        url = path if path.startswith("http") else self.base + path
        async with self.session.request(method, url, data=data, headers=given, allow_redirects=False) as answer:
            return Told(answer.status, answer.headers, await answer.read())

    async def blob(self, repository: str, data: bytes) -> Told:
        """Push a blob in two pieces."""
        begun = await self.ask("POST", f"/v2/{repository}/blobs/uploads/")
        assert begun.status == 202, begun
        middle = len(data) // 2
        sent = await self.ask("PATCH", begun.headers["Location"], data[:middle])
        assert sent.status == 202, sent
        return await self.ask("PUT", f"{sent.headers['Location']}?digest={digest_of(data)}", data[middle:])

    async def manifest(self, repository: str, tag: str, content: bytes, kind: str = IMAGE_TYPES[0]) -> Told:
        """Push a manifest."""
        return await self.ask("PUT", f"/v2/{repository}/manifests/{tag}", content, Content_Type=kind)

    async def image(self, repository: str, tag: str, config: Mapping[str, Any], *layers: bytes) -> str:
        """Push a whole image; its digest."""
        manifest, blobs = image_of(config, *layers)
        for data in blobs.values():
            assert (await self.blob(repository, data)).status == 201
        answer = await self.manifest(repository, tag, manifest)
        assert answer.status == 201, answer.text
        return answer.headers["Docker-Content-Digest"]


@asynccontextmanager
async def served(store: RegistryStore) -> AsyncIterator[Pusher]:
    """A registry with the apps "shop" and "blog" and the tokens of `TOKENS`, while the context lasts."""
    handler = RegistryHandler(
        store, lambda header: TOKENS.get(header.removeprefix("Bearer ")), lambda name: name in ("shop", "blog")
    )
    runner = web.ServerRunner(web.Server(handler, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with ClientSession() as session:
            yield Pusher(f"http://127.0.0.1:{runner.addresses[0][1]}", session)
    finally:
        await runner.cleanup()
