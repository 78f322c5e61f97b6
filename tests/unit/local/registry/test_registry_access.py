"""Which blobs a token reaches, and which parts of an upload are taken."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from flyctl_orchestrator.local.registry.store import UNNAMED_STAYS, RegistryStore
from tests.unit.local.registry.served_registry import Pusher, digest_of, image_of, served

Talk = Callable[[Pusher], Awaitable[None]]
LAYER = b"layer" * 1000


def talk(store: RegistryStore, what: Talk) -> None:
    """Run a conversation with a registry over the store."""

    async def run() -> None:
        async with served(store) as pusher:
            await what(pusher)

    asyncio.run(run())


@pytest.fixture
def store(tmp_path: Path) -> RegistryStore:
    """An empty one."""
    return RegistryStore(tmp_path / "registry")


def test_a_token_of_one_app_reads_no_blob_of_another_one(store: RegistryStore) -> None:
    """A blob that a token does not reach is as good as none: not read, not mounted, not named by a manifest."""

    async def what(pusher: Pusher) -> None:
        manifest, blobs = image_of({"Env": ["KEY=of-blog"]}, LAYER)
        for data in blobs.values():
            assert (await pusher.blob("blog", data)).status == 201
        assert (await pusher.manifest("blog", "one", manifest)).status == 201
        pusher.token = "of-shop"
        for digest in (*blobs, digest_of(manifest)):
            for method in ("GET", "HEAD"):
                assert (await pusher.ask(method, f"/v2/shop/blobs/{digest}")).status == 404
            for source in ("&from=blog", "&from=shop", "&from=../blog", ""):
                mounted = await pusher.ask("POST", f"/v2/shop/blobs/uploads/?mount={digest}{source}")
                assert mounted.status == 202, source
        refused = await pusher.manifest("shop", "mine", manifest)
        assert (refused.status, refused.code) == (400, "MANIFEST_BLOB_UNKNOWN")

    talk(store, what)


def test_an_upload_belongs_to_the_repository_that_it_was_begun_for(store: RegistryStore) -> None:
    async def what(pusher: Pusher) -> None:
        at = (await pusher.ask("POST", "/v2/blog/blobs/uploads/")).headers["Location"]
        elsewhere = at.replace("/blog/", "/shop/")
        for method in ("GET", "PATCH", "DELETE"):
            assert (await pusher.ask(method, elsewhere)).status == 404
        assert (await pusher.ask("PUT", f"{elsewhere}?digest={digest_of(b'')}")).status == 404
        assert (await pusher.ask("GET", at)).status == 204

    talk(store, what)


def test_what_a_manifest_names_is_read_also_where_no_push_is_remembered(tmp_path: Path) -> None:
    """Registries of earlier releases, and blobs whose push was long ago."""
    store = RegistryStore(tmp_path / "registry")

    async def what(pusher: Pusher) -> None:
        await pusher.image("shop", "one", {}, LAYER)
        shutil.rmtree(tmp_path / "registry/repositories/shop/_blobs")
        pusher.token = "of-shop"
        assert (await pusher.ask("GET", f"/v2/shop/blobs/{digest_of(LAYER)}")).data == LAYER

    talk(store, what)


def test_a_blob_that_was_given_and_never_named_is_forgotten_in_time(tmp_path: Path) -> None:
    later = [0.0]
    store = RegistryStore(tmp_path / "registry", now=lambda: time.time() + later[0])

    async def what(pusher: Pusher) -> None:
        await pusher.image("blog", "one", {}, LAYER)
        await pusher.image("shop", "one", {}, b"other")
        await pusher.ask("POST", f"/v2/shop/blobs/uploads/?mount={digest_of(LAYER)}&from=blog")
        for seconds, status in ((0.0, 200), (UNNAMED_STAYS + 60, 404)):
            later[0] = seconds
            store.prune("shop", keep_latest=1)
            assert (await pusher.ask("GET", f"/v2/shop/blobs/{digest_of(LAYER)}")).status == status
        assert (await pusher.ask("GET", f"/v2/blog/blobs/{digest_of(LAYER)}")).status == 200

    talk(store, what)


@pytest.mark.parametrize("said", ["", "700", "a-b", "bytes 0-", "-1-3", "0-4999 and so on", "٠-٣", "4999-0", "1-4999"])
def test_a_part_that_is_not_the_next_one_is_refused(store: RegistryStore, said: str) -> None:
    """Also where it cannot be read which part it is; taken for the next one, it would spoil the blob."""

    async def what(pusher: Pusher) -> None:
        at = (await pusher.ask("POST", "/v2/shop/blobs/uploads/")).headers["Location"]
        for method, to in (("PATCH", at), ("PUT", f"{at}?digest={digest_of(LAYER)}")):
            refused = await pusher.ask(method, to, LAYER, Content_Range=said)
            assert (refused.status, refused.code) == (416, "RANGE_INVALID")
        assert (await pusher.ask("PUT", f"{at}?digest={digest_of(LAYER)}", LAYER)).status == 201

    talk(store, what)


def test_a_part_is_as_long_as_it_says(store: RegistryStore) -> None:
    async def chunked() -> AsyncIterator[bytes]:
        yield LAYER

    async def what(pusher: Pusher) -> None:
        for body in (LAYER, chunked()):
            at = (await pusher.ask("POST", "/v2/shop/blobs/uploads/")).headers["Location"]
            refused = await pusher.ask("PATCH", at, body, Content_Range="0-99")
            assert (refused.status, refused.code) == (413, "SIZE_INVALID")
        for said in ("0-4999", "bytes 0-4999/5000", "bytes=0-4999/*"):
            at = (await pusher.ask("POST", "/v2/shop/blobs/uploads/")).headers["Location"]
            assert (await pusher.ask("PATCH", at, LAYER, Content_Range=said)).headers["Range"] == "0-4999"

    talk(store, what)
