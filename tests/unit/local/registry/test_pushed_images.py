"""What was pushed, as machines see it; what stays and what goes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from flyctl_orchestrator.local.base.image_names import image_name, own_name, parts
from flyctl_orchestrator.local.core.seams import ImageNotFound
from flyctl_orchestrator.local.daemon.all_images import why_pushed_cannot_run
from flyctl_orchestrator.local.registry.manifest import IMAGE_TYPES, INDEX_TYPES
from flyctl_orchestrator.local.registry.pushed import PushedImages
from flyctl_orchestrator.local.registry.store import UNNAMED_STAYS, RegistryStore
from tests.unit.local.registry.served_registry import digest_of, image_of, index_of

CONFIG = {
    "Env": ["PATH=/bin", "A=b=c", "EMPTY="],
    "Cmd": ["--serve"],
    "Entrypoint": ["/app"],
    "User": "1000:1000",
    "WorkingDir": "/srv",
    "Labels": {"maker": "me"},
    "ExposedPorts": {"9090/tcp": {}, "8080/tcp": {}},
}


class Times:
    """A clock for a store."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """Now."""
        return time.time() + self.ahead


def push(store: RegistryStore, repository: str, tag: str, config: Mapping[str, object], *layers: bytes) -> str:
    """An image in a store; its digest."""
    manifest, blobs = image_of(config, *layers)
    for digest, data in blobs.items():
        upload = store.new_upload()
        upload.write(data)
        store.keep(upload, digest, repository)
    return store.put_manifest(repository, tag, manifest, IMAGE_TYPES[0]).digest


def images(store: RegistryStore, architecture: str = "amd64") -> PushedImages:
    """Looked at from a computer of an architecture."""
    return PushedImages(store, lambda: "127.0.0.1:4280", lambda: architecture)


@pytest.fixture
def store(tmp_path: Path) -> RegistryStore:
    """An empty one."""
    return RegistryStore(tmp_path / "registry")


def test_an_image_says_how_it_starts_and_where_an_engine_gets_it(store: RegistryStore) -> None:
    digest = push(store, "shop", "one", CONFIG, b"layer" * 10)
    image = images(store).resolve("registry.fly.io/shop:one")
    assert image.digest == digest
    assert image.env == {"PATH": "/bin", "A": "b=c", "EMPTY": ""}
    assert (image.entrypoint, image.cmd) == (("/app",), ("--serve",))
    assert (image.user, image.workdir, image.exposed_port) == ("1000:1000", "/srv", 8080)
    assert image.labels == {"maker": "me"}
    assert (image.pull, image.size_bytes) == (f"127.0.0.1:4280/shop@{digest}", 50)
    assert "or deploy with `flyo deploy --local`" in why_pushed_cannot_run(image, "process", {})
    assert "DOCKER_HOST" in why_pushed_cannot_run(image, "auto", {"DOCKER_HOST": "unix:///nowhere/docker.sock"})


def test_every_name_of_the_platforms_registry_means_the_same_image(store: RegistryStore) -> None:
    digest = push(store, "shop", "one", {}, b"1")
    hosts = ("registry.fly.io/", "127.0.0.1:4280/", "127.0.0.1:9/", "localhost:4280/", "localhost/", "[::1]:4280/", "")
    for host in hosts:
        for rest in ("shop:one", f"shop@{digest}", f"shop:one@{digest}"):
            assert images(store).resolve(host + rest).digest == digest
            again = "{}/{}:{}".format(*parts(host + rest, "shop")).rstrip(":") + f"@{digest}"
            assert images(store).resolve(again).digest == digest, "what is answered is good as input"


def test_an_image_of_another_registry_is_found_by_each_of_its_names(store: RegistryStore) -> None:
    digest = push(store, "docker.io/library/nginx", "1", {}, b"1")
    for ref in ("nginx:1", "docker.io/library/nginx:1", "docker.io/nginx:1", "index.docker.io/library/nginx:1"):
        assert images(store).resolve(ref).digest == digest
        again = "{}/{}:{}".format(*parts(ref, "shop"))
        assert images(store).resolve(again).digest == digest
    mine = push(store, "ghcr.io/me/tool", "latest", {}, b"2")
    assert images(store).resolve("ghcr.io/me/tool").digest == mine
    push(store, "nginx", "1", {}, b"3")
    assert images(store).resolve("nginx:1").digest != digest, "an app's own image comes first"


@pytest.mark.parametrize(
    "ref", ["", ":", "a:", "shop:one@sha256:1", "SHOP:one", "a//b", "ghcr.io/", "host:5000/x:1", "shop:" + "t" * 200]
)
def test_what_is_no_reference_is_not_found(store: RegistryStore, ref: str) -> None:
    assert image_name(ref) is None
    with pytest.raises(ImageNotFound):
        images(store).resolve(ref)


def test_addresses_of_this_computer_become_the_registrys_name() -> None:
    assert own_name("127.0.0.1:4280/shop:one") == "registry.fly.io/shop:one"
    assert own_name("localhost:1/shop@sha256:0") == "registry.fly.io/shop@sha256:0"
    assert own_name("ghcr.io/shop:one") == "ghcr.io/shop:one"
    assert own_name("shop:one") == "shop:one"
    assert own_name("docker.io/library/nginx:1") == own_name("docker.io/nginx:1") == "nginx:1"
    assert own_name("docker.io/me/tool:1") == "docker.io/me/tool:1"
    assert parts("nginx", "shop") == ("docker.io", "library/nginx", "latest")
    assert parts("shop", "shop") == ("registry.fly.io", "shop", "latest")


def test_of_an_index_the_image_for_this_processor_is_meant(store: RegistryStore) -> None:
    intel, arm = (push(store, "shop", "", {"Cmd": [name]}, name.encode()) for name in ("amd64", "arm64"))
    index = index_of(amd64=image_of({"Cmd": ["amd64"]}, b"amd64")[0], arm64=image_of({"Cmd": ["arm64"]}, b"arm64")[0])
    digest = store.put_manifest("shop", "one", index, INDEX_TYPES[0]).digest
    for architecture, child in (("amd64", intel), ("arm64", arm)):
        image = images(store, architecture).resolve("shop:one")
        assert (image.digest, image.cmd) == (digest, (architecture,))
        assert image.pull.endswith(child)
    with pytest.raises(ImageNotFound, match="not for linux/riscv64"):
        images(store, "riscv64").resolve("shop:one")


def test_a_configuration_that_says_nothing_or_nonsense_is_an_image_that_says_nothing(store: RegistryStore) -> None:
    configs: list[Mapping[str, object]] = [
        {},
        {"Cmd": None, "Env": None},
        {"Cmd": "text", "Env": 1, "Labels": [1], "ExposedPorts": {"x": {}}},
        {"ExposedPorts": 8080},
        {"ExposedPorts": [8080]},
        {"ExposedPorts": {"\u00b2/tcp": {}, "9" * 5000: {}}},
    ]
    for config in configs:
        push(store, "shop", "one", config, json.dumps(config).encode())
        image = images(store).resolve("shop:one")
        assert (image.cmd, image.entrypoint, image.workdir, image.exposed_port) == ((), (), "/", None)


def test_destroying_an_app_frees_what_nobody_else_has(tmp_path: Path) -> None:
    times = Times()
    store = RegistryStore(tmp_path / "registry", now=times)
    push(store, "shop", "one", {}, b"shared", b"own" * 100)
    push(store, "blog", "one", {}, b"shared")
    store.prune("shop")
    assert store.blob(digest_of(b"own" * 100)), "somebody may be pushing it at this moment"
    times.ahead = UNNAMED_STAYS + 60
    store.prune("shop")
    assert store.blob(digest_of(b"own" * 100)) is None
    assert store.blob(digest_of(b"shared"))
    assert store.tags("shop") is None and store.tags("blog") == ["one"]
    assert store.used == sum(path.stat().st_size for path in (tmp_path / "registry" / "blobs").iterdir())


def test_images_in_use_and_the_latest_stay(store: RegistryStore) -> None:
    used = push(store, "shop", "one", {}, b"1")
    unwanted = push(store, "shop", "two", {}, b"2")
    latest = push(store, "shop", "three", {}, b"3")
    assert store.prune("shop", {used}, keep_latest=1) == [unwanted]
    assert store.tags("shop") == ["one", "three"]
    assert [images(store).resolve(f"shop@{one}").digest for one in (used, latest)] == [used, latest]
    with pytest.raises(ImageNotFound):
        images(store).resolve("shop:two")


def test_everything_is_there_again_after_a_restart_but_for_unfinished_uploads(tmp_path: Path) -> None:
    first = RegistryStore(tmp_path / "registry")
    digest = push(first, "shop", "one", CONFIG, b"1")
    first.new_upload().write(b"half")
    second = RegistryStore(tmp_path / "registry")
    assert (second.used, images(second).resolve("shop:one").digest) == (first.used, digest)
    assert list((tmp_path / "registry" / "uploads").iterdir()) == []
