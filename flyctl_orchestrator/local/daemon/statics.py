"""[[statics]]: files of a machine that the proxy answers with itself, wherever the machine has them."""

from __future__ import annotations

import asyncio
import mimetypes
import posixpath
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.model import Machine

_METHODS = frozenset({"GET", "HEAD"})


class Statics:
    """Answers requests whose path begins with the prefix of one, when there is such a file.

    Args:
        kernel: the machines.
        processes: directory that has those of machines that are processes.
        in_container: the content of a file in a machine's container, None when that has none.
    """

    def __init__(
        self, kernel: Kernel, processes: Path, in_container: Callable[[str, str], Awaitable[bytes | None]]
    ) -> None:
        self._kernel = kernel
        self._processes = processes
        self._in_container = in_container

    async def answer(self, app: str, request: web.BaseRequest) -> web.StreamResponse | None:
        """The file that a request asks for; None when it is the app's business, as where there is no such file."""
        if request.method not in _METHODS:
            return None
        machine = next((one for one in self._kernel.machines_of(app) if one.state == "started"), None)
        for path in places(machine.config.get("statics") or [], unquote(request.path)) if machine else ():
            assert machine is not None
            content = await self._read(machine, path)
            if content is not None:
                kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
                body = content if request.method == "GET" else None
                return web.Response(body=body, headers={"Content-Type": kind, "Content-Length": str(len(content))})
        return None

    async def _read(self, machine: Machine, path: str) -> bytes | None:
        if machine.contained:
            return await self._in_container(machine.id, path)
        return await asyncio.to_thread(_file_below, self._processes / machine.id / "rootfs", path)


def places(statics: list[Mapping[str, Any]], asked: str) -> Iterator[str]:
    """Where a machine may have what is asked for, the longest prefix first; never above what fly.toml names.

    Args:
        statics: `statics` of a machine's config.
        asked: the decoded path of the request.
    """
    for said in sorted(statics, key=lambda one: -len(str(one.get("url_prefix") or ""))):
        prefix, root = str(said.get("url_prefix") or ""), posixpath.normpath(str(said.get("guest_path") or ""))
        within = prefix.rstrip("/") + "/"
        if said.get("tigris_bucket") or not prefix.startswith("/") or not root.startswith("/") or "\0" in asked:
            continue
        if not f"{asked}/".startswith(within):
            continue
        rest = asked[len(within) :]
        path = posixpath.normpath(f"{root}/{rest}")
        if path != root and not path.startswith(root.rstrip("/") + "/"):
            continue
        if rest and not rest.endswith("/"):
            yield path
        if said.get("index_document"):
            yield f"{path.rstrip('/')}/{said['index_document']}"


def _file_below(root: Path, path: str) -> bytes | None:
    """A file of a machine's own directory; a link that leads out of it is not followed."""
    try:
        found = (root / path.lstrip("/")).resolve(strict=True)
        return found.read_bytes() if found.is_relative_to(root.resolve()) and found.is_file() else None
    except OSError:
        return None
