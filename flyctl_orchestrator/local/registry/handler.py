"""`/v2/`: what docker, BuildKit, podman and flyctl push to and pull from; the OCI distribution specification."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from flyctl_orchestrator.local.base.image_names import DIGEST, REPOSITORY, TAG
from flyctl_orchestrator.local.registry.failure import RegistryRefused
from flyctl_orchestrator.local.registry.manifest import LARGEST
from flyctl_orchestrator.local.registry.store import RegistryStore, Upload

ROOT = "/v2/"
CHALLENGE = 'Basic realm="the local Fly platform: user x, password $FLY_API_TOKEN"'
VERSION = {"Docker-Distribution-API-Version": "registry/2.0"}
# Pieces of an upload are written and hashed on a thread, this many bytes at a time.
_PIECE = 1024**2
# Uploads that were begun and left; the oldest go first.
_UPLOADS_KEPT = 200
_UPLOADS = re.compile(r"(?P<name>.+)/blobs/uploads/(?P<id>[0-9a-f]{32})?")
_BLOB = re.compile(r"(?P<name>.+)/blobs/(?P<digest>[^/]+)")
_MANIFEST = re.compile(r"(?P<name>.+)/manifests/(?P<reference>[^/]+)")
_TAGS = re.compile(r"(?P<name>.+)/tags/list")
_RANGE = re.compile(r"(?:bytes[ =])?([0-9]{1,15})-([0-9]{1,15})(?:/(?:[0-9]{1,15}|\*))?")

Answering = Callable[[web.BaseRequest, str, Mapping[str, str]], Awaitable[web.StreamResponse]]


class RegistryHandler:
    """Answers everything below `/v2/`.

    Args:
        store: what was pushed.
        scope: what an `Authorization` header (scheme Bearer) may do: None nothing, "" everything, else that app alone.
        app_exists: whether there is an app of a name; only apps have images, and those of other registries.
    """

    def __init__(
        self, store: RegistryStore, scope: Callable[[str], str | None], app_exists: Callable[[str], bool]
    ) -> None:
        self._store = store
        self._scope = scope
        self._app_exists = app_exists
        # By the repository they are for, and their number.
        self._uploads: dict[tuple[str, str], Upload] = {}

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request. Never a status of 500 or more: clients would repeat it for a minute."""
        try:
            return await self._answer(request)
        except RegistryRefused as refusal:
            return refused(refusal)
        except OSError as problem:
            if isinstance(problem, ConnectionError):
                raise
            return refused(RegistryRefused("DENIED", f"the registry's disk refuses: {problem.strerror or problem}"))
        except Exception as bug:  # noqa: BLE001 - said once and clearly, instead of repeated
            traceback.print_exc()
            return refused(RegistryRefused("DENIED", f"the registry failed: {type(bug).__name__}"))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        scope = self._scope(_bearer(request.headers.get("Authorization", "")))
        if scope is None:
            raise RegistryRefused("UNAUTHORIZED", "log in as x with the platform's token ($FLY_API_TOKEN) as password")
        rest = request.path.removeprefix("/v2").removeprefix("/")
        if not rest:
            return web.json_response({}, headers=VERSION)
        for pattern, methods in self._routes():
            match = pattern.fullmatch(rest)
            if match is None:
                continue
            work = methods.get(request.method)
            if work is None:
                raise RegistryRefused("UNSUPPORTED", f"{request.method} is not offered here")
            self._check(match["name"], scope)
            return await work(request, match["name"], {**match.groupdict(""), "scope": scope})
        raise RegistryRefused("NAME_UNKNOWN", f"{request.path}: the registry has no such address")

    def _routes(self) -> tuple[tuple[re.Pattern[str], Mapping[str, Answering]], ...]:
        return (
            (
                _UPLOADS,
                {
                    "POST": self._begin,
                    "PATCH": self._go_on,
                    "PUT": self._finish,
                    "GET": self._how_far,
                    "DELETE": self._give_up,
                },
            ),
            (_BLOB, {"GET": self._blob, "HEAD": self._blob}),
            (_MANIFEST, {"GET": self._manifest, "HEAD": self._manifest, "PUT": self._put_manifest}),
            (_TAGS, {"GET": self._tags}),
        )

    def _check(self, name: str, scope: str) -> None:
        if not REPOSITORY.fullmatch(name) or len(name) > 255:
            raise RegistryRefused("NAME_INVALID", f"{name!r} is not a repository's name")
        if scope not in ("", name):
            raise RegistryRefused("DENIED", f"this token is for app {scope}")
        if "/" not in name and not self._app_exists(name):
            raise RegistryRefused("NAME_UNKNOWN", f"there is no app {name}: flyctl apps create {name} makes it")

    # Blobs

    async def _blob(self, request: web.BaseRequest, name: str, said: Mapping[str, str]) -> web.StreamResponse:
        digest = _digest(said["digest"])
        path = await asyncio.to_thread(self._store.blob_of, name, digest)
        if path is None:
            raise RegistryRefused("BLOB_UNKNOWN", f"{name} has no {digest}")
        headers = {"Docker-Content-Digest": digest, "Content-Type": "application/octet-stream", **VERSION}
        return web.FileResponse(path, headers=headers)

    async def _begin(self, request: web.BaseRequest, name: str, said: Mapping[str, str]) -> web.StreamResponse:
        if said["id"]:
            raise RegistryRefused("UNSUPPORTED", "POST begins an upload and does not continue one")
        mount, digest = request.query.get("mount", ""), request.query.get("digest", "")
        source = request.query.get("from") or name
        mounting = bool(mount)
        if mounting and await asyncio.to_thread(self._mounted, name, _digest(mount), source, said["scope"]):
            return _created(f"{ROOT}{name}/blobs/{mount}", mount)
        if digest:
            return await self._at_once(request, name, _digest(digest))
        upload = self._store.new_upload()
        while len(self._uploads) >= _UPLOADS_KEPT:
            self._uploads.pop(next(iter(self._uploads))).discard()
        self._uploads[name, upload.path.name] = upload
        return self._accepted(name, upload)

    def _mounted(self, name: str, digest: str, source: str, scope: str) -> bool:
        """Whether a repository has a blob now, since it had it, or another one has that the token may read."""
        if not self._store.confirm(name, digest):
            readable = scope == "" or source == scope
            if not readable or not REPOSITORY.fullmatch(source) or not self._store.confirm(source, digest):
                return False
        self._store.give(name, digest)
        return True

    async def _at_once(self, request: web.BaseRequest, name: str, digest: str) -> web.StreamResponse:
        upload = self._store.new_upload()
        try:
            await _receive(request, upload)
            await asyncio.to_thread(self._store.keep, upload, digest, name)
        finally:
            # Nobody can go on with it; one that was kept is here no more.
            upload.discard()
        return _created(f"{ROOT}{name}/blobs/{digest}", digest)

    def _upload(self, name: str, said: Mapping[str, str]) -> Upload:
        upload = self._uploads.get((name, said["id"]))
        if upload is None:
            raise RegistryRefused("BLOB_UPLOAD_UNKNOWN", "there is no such upload, or not any more: begin again")
        return upload

    async def _go_on(self, request: web.BaseRequest, name: str, said: Mapping[str, str]) -> web.StreamResponse:
        upload = self._upload(name, said)
        await _receive(request, upload)
        return self._accepted(name, upload)

    async def _finish(self, request: web.BaseRequest, name: str, said: Mapping[str, str]) -> web.StreamResponse:
        upload, digest = self._upload(name, said), _digest(request.query.get("digest", ""))
        await _receive(request, upload)
        self._uploads.pop((name, said["id"]), None)
        await asyncio.to_thread(self._store.keep, upload, digest, name)
        return _created(f"{ROOT}{name}/blobs/{digest}", digest)

    async def _how_far(self, request: web.BaseRequest, name: str, said: Mapping[str, str]) -> web.StreamResponse:
        return self._accepted(name, self._upload(name, said), status=204)

    async def _give_up(self, request: web.BaseRequest, name: str, said: Mapping[str, str]) -> web.StreamResponse:
        self._upload(name, said).discard()
        del self._uploads[name, said["id"]]
        return web.Response(status=204, headers=VERSION)

    def _accepted(self, name: str, upload: Upload, status: int = 202) -> web.Response:
        at = upload.path.name
        headers = {
            "Location": f"{ROOT}{name}/blobs/uploads/{at}",
            "Range": f"0-{max(0, upload.size - 1)}",
            "Docker-Upload-UUID": at,
            **VERSION,
        }
        return web.Response(status=status, headers=headers)

    # Manifests

    async def _manifest(self, request: web.BaseRequest, name: str, said: Mapping[str, str]) -> web.StreamResponse:
        found = self._store.manifest(name, _reference(said["reference"]))
        if found is None:
            raise RegistryRefused("MANIFEST_UNKNOWN", f"{name} has no {said['reference']}")
        headers = {"Docker-Content-Digest": found.digest, "Content-Type": found.media_type, **VERSION}
        return web.Response(body=found.content, headers=headers)

    async def _put_manifest(self, request: web.BaseRequest, name: str, said: Mapping[str, str]) -> web.StreamResponse:
        reference = _reference(said["reference"])
        content = bytearray()
        async for chunk in request.content.iter_any():
            content += chunk
            if len(content) > LARGEST:
                raise RegistryRefused("SIZE_INVALID", f"a manifest may have {LARGEST} bytes")
        tag = "" if reference.startswith("sha256:") else reference
        media_type = request.headers.get("Content-Type", "")
        made = await asyncio.to_thread(
            self._store.put_manifest, name, tag, bytes(content), media_type, reference if not tag else ""
        )
        return _created(f"{ROOT}{name}/manifests/{made.digest}", made.digest)

    async def _tags(self, request: web.BaseRequest, name: str, said: Mapping[str, str]) -> web.StreamResponse:
        tags = self._store.tags(name)
        if tags is None:
            raise RegistryRefused("NAME_UNKNOWN", f"nothing was pushed to {name}")
        after, wanted = request.query.get("last", ""), request.query.get("n", "")
        if wanted and not (wanted.isascii() and wanted.isdigit()):
            raise RegistryRefused("UNSUPPORTED", "n is not a number")
        later = [tag for tag in tags if tag > after]
        return web.json_response({"name": name, "tags": later[: int(wanted)] if wanted else later}, headers=VERSION)


def refused(refusal: RegistryRefused) -> web.Response:
    """The answer of a refusal."""
    headers = {**VERSION, **({"WWW-Authenticate": CHALLENGE} if refusal.status == 401 else {})}
    return web.json_response(refusal.body(), status=refusal.status, headers=headers)


def _created(location: str, digest: str) -> web.Response:
    headers: dict[str, Any] = {"Location": location, "Docker-Content-Digest": digest, **VERSION}
    return web.Response(status=201, headers=headers)


async def _receive(request: web.BaseRequest, upload: Upload) -> None:
    """Add a request's body to an upload.

    Raises:
        RegistryRefused: it is not the part that its Content-Range says, or that comes next.
    """
    ends_at = _range_end(request.headers.get("Content-Range"), upload.size)
    length = request.content_length
    if ends_at is not None and length is not None and upload.size + length != ends_at:
        raise RegistryRefused("SIZE_INVALID", f"Content-Range ends before byte {ends_at}, Content-Length does not")
    piece = bytearray()
    async for chunk in request.content.iter_any():
        piece += chunk
        if len(piece) >= _PIECE:
            await asyncio.to_thread(upload.write, bytes(piece))
            piece.clear()
    if piece:
        await asyncio.to_thread(upload.write, bytes(piece))
    if ends_at is not None and upload.size != ends_at:
        raise RegistryRefused("SIZE_INVALID", f"Content-Range ends before byte {ends_at}, the upload at {upload.size}")


def _range_end(said: str | None, size: int) -> int | None:
    """The size that an upload has after a part, by its Content-Range; None where that is not said.

    Args:
        size: that it has before.
    """
    if said is None:
        return None
    part = _RANGE.fullmatch(said.strip())
    if part is None or int(part[2]) < int(part[1]):
        raise RegistryRefused("RANGE_INVALID", f"Content-Range {said[:60]!r} is not FIRST-LAST, two byte numbers")
    if int(part[1]) != size:
        raise RegistryRefused("RANGE_INVALID", f"the next byte is number {size}")
    return int(part[2]) + 1


def _digest(said: str) -> str:
    if not DIGEST.fullmatch(said):
        raise RegistryRefused("DIGEST_INVALID", "digests are sha256: and 64 hexadecimal digits")
    return said


def _reference(said: str) -> str:
    if not TAG.fullmatch(said) and not DIGEST.fullmatch(said):
        raise RegistryRefused("MANIFEST_UNKNOWN", f"{said!r} is neither a tag nor a digest")
    return said


def _bearer(header: str) -> str:
    """The password of a Basic `Authorization` as the header that the other APIs take; any other header as it is."""
    scheme, _, said = header.partition(" ")
    if scheme.lower() != "basic":
        return header
    try:
        password = base64.b64decode(said.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
    return f"Bearer {password.removeprefix('FlyV1 ')}"
