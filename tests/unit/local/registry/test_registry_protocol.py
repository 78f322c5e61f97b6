"""What docker, podman and flyctl rely on when they push and pull."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.registry.manifest import IMAGE_TYPES, INDEX_TYPES, LARGEST
from flyctl_orchestrator.local.registry.store import RegistryStore
from tests.unit.local.registry.served_registry import Pusher, digest_of, image_of, index_of, served

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


def test_what_was_pushed_is_pulled_byte_by_byte(store: RegistryStore) -> None:
    async def what(pusher: Pusher) -> None:
        digest = await pusher.image("shop", "one", {"Cmd": ["run"]}, LAYER, b"more")
        for reference in ("one", digest):
            for method in ("HEAD", "GET"):
                found = await pusher.ask(method, f"/v2/shop/manifests/{reference}", Accept=", ".join(IMAGE_TYPES))
                assert (found.status, found.headers["Docker-Content-Digest"]) == (200, digest)
                assert found.headers["Content-Type"] == IMAGE_TYPES[0]
        manifest = (await pusher.ask("GET", "/v2/shop/manifests/one")).data
        assert digest_of(manifest) == digest
        for layer in json.loads(manifest)["layers"]:
            head = await pusher.ask("HEAD", f"/v2/shop/blobs/{layer['digest']}")
            assert (head.status, head.headers["Content-Length"]) == (200, str(layer["size"]))
            body = (await pusher.ask("GET", f"/v2/shop/blobs/{layer['digest']}")).data
            assert digest_of(body) == layer["digest"]
        part = await pusher.ask("GET", f"/v2/shop/blobs/{digest_of(LAYER)}", Range="bytes=5-9")
        assert (part.status, part.data) == (206, b"layer")
        tags = await pusher.ask("GET", "/v2/shop/tags/list")
        assert json.loads(tags.text) == {"name": "shop", "tags": ["one"]}

    talk(store, what)


def test_without_a_token_it_says_how_to_log_in(store: RegistryStore) -> None:
    async def what(pusher: Pusher) -> None:
        for given in ("", "Basic !!!", "Basic eDp3cm9uZw==", "Bearer wrong"):
            asked = await pusher.ask("GET", "/v2/", Authorization=given)
            assert asked.status == 401
            assert asked.headers["WWW-Authenticate"].startswith('Basic realm="')
            assert asked.code == "UNAUTHORIZED"
        assert (await pusher.ask("GET", "/v2/")).status == 200
        assert (await pusher.ask("GET", "/v2/", Authorization="Bearer whole")).status == 200

    talk(store, what)


def test_a_token_of_one_app_reaches_that_app_alone(store: RegistryStore) -> None:
    async def what(pusher: Pusher) -> None:
        pusher.token = "of-shop"
        assert (await pusher.ask("POST", "/v2/shop/blobs/uploads/")).status == 202
        for name in ("blog", "docker.io/library/nginx"):
            denied = await pusher.ask("POST", f"/v2/{name}/blobs/uploads/")
            assert (denied.status, denied.code) == (403, "DENIED")

    talk(store, what)


def test_only_apps_and_images_of_other_registries_have_a_place(store: RegistryStore) -> None:
    async def what(pusher: Pusher) -> None:
        unknown = await pusher.ask("POST", "/v2/nowhere/blobs/uploads/")
        assert (unknown.status, "flyctl apps create nowhere" in unknown.text) == (404, True)
        digest = await pusher.image("docker.io/library/nginx", "1", {}, LAYER)
        found = await pusher.ask("GET", "/v2/docker.io/library/nginx/manifests/1")
        assert found.headers["Docker-Content-Digest"] == digest

    talk(store, what)


def test_a_blob_can_come_at_once_or_be_there_already(store: RegistryStore) -> None:
    async def what(pusher: Pusher) -> None:
        digest = digest_of(LAYER)
        missing = await pusher.ask("POST", f"/v2/shop/blobs/uploads/?mount={digest}&from=blog")
        assert missing.status == 202
        at_once = await pusher.ask("POST", f"/v2/blog/blobs/uploads/?digest={digest}", LAYER)
        assert (at_once.status, at_once.headers["Location"]) == (201, f"/v2/blog/blobs/{digest}")
        mounted = await pusher.ask("POST", f"/v2/shop/blobs/uploads/?mount={digest}&from=blog")
        assert (mounted.status, mounted.headers["Docker-Content-Digest"]) == (201, digest)
        assert (await pusher.blob("shop", LAYER)).status == 201
        assert store.used == len(LAYER)

    talk(store, what)


def test_an_upload_that_broke_off_is_taken_up_where_it_ended(store: RegistryStore) -> None:
    async def what(pusher: Pusher) -> None:
        at = (await pusher.ask("POST", "/v2/shop/blobs/uploads/")).headers["Location"]
        assert (await pusher.ask("PATCH", at, LAYER[:700])).headers["Range"] == "0-699"
        asked = await pusher.ask("GET", at)
        assert (asked.status, asked.headers["Range"]) == (204, "0-699")
        wrong = await pusher.ask("PATCH", at, LAYER[600:], Content_Range="600-4999")
        assert wrong.status == 416
        assert (await pusher.ask("PATCH", at, LAYER[700:], Content_Range="700-4999")).status == 202
        assert (await pusher.ask("PUT", f"{at}?digest={digest_of(LAYER)}")).status == 201
        assert (await pusher.ask("PATCH", at, b"more")).status == 404
        other = (await pusher.ask("POST", "/v2/shop/blobs/uploads/")).headers["Location"]
        assert (await pusher.ask("DELETE", other)).status == 204
        assert (await pusher.ask("GET", other)).status == 404

    talk(store, what)


def test_content_that_is_not_what_its_digest_says_is_not_kept(store: RegistryStore) -> None:
    async def what(pusher: Pusher) -> None:
        refused = await pusher.ask("POST", f"/v2/shop/blobs/uploads/?digest={digest_of(b'other')}", LAYER)
        assert (refused.status, refused.code) == (400, "DIGEST_INVALID")
        manifest, blobs = image_of({}, LAYER)
        for data in blobs.values():
            await pusher.blob("shop", data)
        assert (await pusher.manifest("shop", digest_of(b"other"), manifest)).status == 400
        assert store.blob(digest_of(b"other")) is None

    talk(store, what)


def test_a_blob_that_was_to_come_at_once_and_was_refused_leaves_nothing(tmp_path: Path) -> None:
    async def what(pusher: Pusher) -> None:
        for digest, data in (("sha256:0", b"a"), (digest_of(b"b"), b"a"), (digest_of(b"c" * 2000), b"c" * 2000)):
            refused = await pusher.ask("POST", f"/v2/shop/blobs/uploads/?digest={digest}", data)
            assert refused.status in (400, 403)
        assert list((tmp_path / "registry" / "uploads").iterdir()) == []

    talk(RegistryStore(tmp_path / "registry", quota=1000), what)


def test_a_manifest_needs_everything_it_names(store: RegistryStore) -> None:
    async def what(pusher: Pusher) -> None:
        manifest, blobs = image_of({}, LAYER)
        refused = await pusher.manifest("shop", "one", manifest)
        assert (refused.status, "MANIFEST_BLOB_UNKNOWN" in refused.text) == (400, True)
        index = index_of(amd64=manifest)
        assert (await pusher.manifest("shop", "all", index, INDEX_TYPES[0])).status == 400
        for data in blobs.values():
            await pusher.blob("shop", data)
        assert (await pusher.manifest("shop", digest_of(manifest), manifest)).status == 201
        assert (await pusher.manifest("shop", "all", index, INDEX_TYPES[0])).status == 201

    talk(store, what)


def test_a_full_registry_says_so(tmp_path: Path) -> None:
    async def what(pusher: Pusher) -> None:
        assert (await pusher.blob("shop", b"a" * 600)).status == 201
        begun = await pusher.ask("POST", "/v2/shop/blobs/uploads/")
        full = await pusher.ask("PATCH", begun.headers["Location"], b"b" * 600)
        assert (full.status, "the local registry is full" in full.text) == (403, True)

    talk(RegistryStore(tmp_path / "registry", quota=1000), what)


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/dev/full").exists(), reason="needs a disk that refuses")
def test_a_disk_that_refuses_is_no_error_that_clients_repeat(store: RegistryStore, tmp_path: Path) -> None:
    async def what(pusher: Pusher) -> None:
        begun = await pusher.ask("POST", "/v2/shop/blobs/uploads/")
        upload = tmp_path / "registry" / "uploads" / begun.headers["Docker-Upload-UUID"]
        upload.unlink()
        upload.symlink_to("/dev/full")
        refused = await pusher.ask("PATCH", begun.headers["Location"], LAYER)
        assert (refused.status, "No space left" in refused.text) == (403, True)

    talk(store, what)


ODD: list[tuple[str, str, Any]] = [
    ("GET", "/v2/shop/blobs/sha256:short", None),
    ("GET", f"/v2/shop/blobs/{digest_of(b'x')}", None),
    ("GET", "/v2/shop/manifests/none", None),
    ("GET", "/v2/shop/manifests/..", None),
    ("GET", "/v2/SHOP/manifests/one", None),
    ("GET", "/v2/../../etc/manifests/one", None),
    ("GET", "/v2/shop/tags/list", None),
    ("GET", "/v2/shop/tags/list?n=x", None),
    ("GET", "/v2/shop", None),
    ("GET", "/v2/_catalog", None),
    ("DELETE", "/v2/shop/manifests/one", None),
    ("POST", "/v2/shop/blobs/uploads/" + "0" * 32, None),
    ("PUT", "/v2/shop/blobs/uploads/", b"x"),
    ("PUT", "/v2/shop/manifests/one", b""),
    ("PUT", "/v2/shop/manifests/one", b"[" * 100_000),
    ("PUT", "/v2/shop/manifests/one", b"{}"),
    ("PUT", "/v2/shop/manifests/one", b'{"schemaVersion": 2}'),
    ("PUT", "/v2/shop/manifests/one", b'{"schemaVersion": 2, "mediaType": "%s"}' % IMAGE_TYPES[0].encode()),
    ("PUT", "/v2/shop/manifests/one", b'{"schemaVersion": 2, "manifests": [1]}'),
    ("PUT", "/v2/shop/manifests/one", b"x" * (LARGEST + 1)),
]


@pytest.mark.parametrize(("method", "path", "body"), ODD)
def test_whatever_is_asked_the_answer_is_json_and_no_server_error(
    store: RegistryStore, method: str, path: str, body: bytes | None
) -> None:
    async def what(pusher: Pusher) -> None:
        answer = await pusher.ask(method, path, body)
        assert 400 <= answer.status < 500, answer
        assert json.loads(answer.text)["errors"][0]["message"]

    talk(store, what)
