"""Takes images, and the dependencies they were built with, from the store of another platform on this computer.

Nothing is moved and nothing of the other store is changed: files of images are linked, and installed dependencies are
used where they are. So a borrower must not outlive what it borrowed; a rehearsal's platform lives for minutes.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from flyctl_orchestrator.local.images.images import APP_NAME, LABEL, ImageStore

BorrowHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_REFERENCE = re.compile(rf"registry\.fly\.io/(?P<app>{APP_NAME.pattern})(?::(?P<label>{LABEL.pattern}))?(?:@.*)?")
_DIGEST = re.compile(r"sha256:(?P<hex>[0-9a-f]{64})")


def borrow_image(store: ImageStore, other: Path, ref: str, digest: str) -> bool:
    """Have an image that another store has; False when it has not.

    Args:
        store: gets it, under the same name.
        other: root of the other store.
        ref: e.g. "registry.fly.io/app:label".
        digest: "sha256:…"; the label may mean another image by now.

    Raises:
        OSError: the files cannot be linked or copied.
    """
    name, content = _REFERENCE.fullmatch(ref), _DIGEST.fullmatch(digest)
    if name is None or content is None:
        return False
    home = other / "images" / content["hex"]
    if not (other / "apps" / name["app"] / "digests" / content["hex"]).exists() or not home.is_dir():
        return False
    mine = store.root / "images" / content["hex"]
    if not mine.exists():
        aside = store.root / "tmp" / secrets.token_hex(8)
        shutil.copytree(home, aside, symlinks=True, copy_function=_link)
        aside.rename(mine)
    app = store.root / "apps" / name["app"]
    for directory in (app / "digests", app / "labels"):
        directory.mkdir(parents=True, exist_ok=True)
    (app / "digests" / content["hex"]).touch()
    if name["label"]:
        (app / "labels" / name["label"]).write_text(content["hex"])
    return True


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)  # another file system
    return target


def borrow_dependencies(store: ImageStore, other: Path) -> int:
    """Know of everything that was installed for another store; the number of installations.

    Raises:
        OSError: the records cannot be written.
    """
    own, count = store.root / "dependencies", 0
    for record in (other / "dependencies").glob("*.json"):
        try:
            content: dict[str, Any] = json.loads(record.read_text())
            home = (record.parent / content["home"]).resolve()
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if home.is_dir() and not (own / record.name).exists():
            (own / record.name).write_text(json.dumps({**content, "home": str(home)}))
            count += 1
    return count


def borrow_handler(store: ImageStore) -> BorrowHandler:
    """The handler of `POST /_local/images`.

    The body: `from`, the state directory of a platform on this computer, and `images`, each with `ref` and `digest`.
    The answer: `borrowed`, the digests of the images that are here now.
    """

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await request.json()
            other = Path(body["from"]) / "images"
            wanted = [(str(one["ref"]), str(one["digest"])) for one in body["images"]]
        except (ValueError, KeyError, TypeError):
            return web.json_response(
                {"error": "the body needs `from` and `images` with `ref` and `digest`"}, status=400
            )
        try:
            borrowed = [digest for ref, digest in wanted if borrow_image(store, other, ref, digest)]
            borrow_dependencies(store, other)
        except OSError as problem:
            return web.json_response({"error": f"images of {other} cannot be used: {problem}"}, status=507)
        return web.json_response({"borrowed": borrowed})

    return handle
