"""The daemon's registry: pushed to over HTTP, by a container engine where there is one, and by the real flyctl."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.base.environment import client_environment, prepare_flyctl_settings
from flyctl_orchestrator.local.registry.manifest import IMAGE_TYPES
from tests.parity.conftest import find_flyctl
from tests.platform_client import Answer, Api
from tests.unit.local.registry.served_registry import basic, digest_of, image_of

CONFIG = {"Cmd": ["/nothing"], "Env": ["A=1"]}
Run = Callable[..., str]


def push(api: Api, app: str, tag: str) -> str:
    """Push a small image over HTTP; its digest."""
    manifest, blobs = image_of(CONFIG, b"layer")

    def ask(method: str, path: str, body: bytes = b"") -> Answer:
        headers = {"Authorization": basic(api.running.token), "Content-Type": IMAGE_TYPES[0]}
        answer = api.send(method, path, body, headers)
        assert answer.status == 201, answer
        return answer

    for digest, data in blobs.items():
        ask("POST", f"/v2/{app}/blobs/uploads/?digest={digest}", data)
    return ask("PUT", f"/v2/{app}/manifests/{tag}", manifest).headers["docker-content-digest"]


def graphql_image(api: Api, app: str, ref: str) -> Any:
    """What GraphQL says of a reference."""
    query = "query ($app: String!, $ref: String!) { app(name: $app) { image(ref: $ref) { ref digest } } }"
    answer = api.call("POST", "/graphql", {"query": query, "variables": {"app": app, "ref": ref}})
    return answer.body["data"]["app"]["image"]


def test_a_pushed_image_is_known_by_every_name_and_a_machine_of_it_says_what_it_needs(api: Api) -> None:
    digest = push(api, api.app("shop"), "one")
    for host in ("registry.fly.io", f"127.0.0.1:{api.running.port}", f"localhost:{api.running.port}"):
        assert graphql_image(api, "shop", f"{host}/shop:one")["digest"] == digest
        wanted = {"config": {"image": f"{host}/shop:one"}, "region": "iad"}
        refused = api.call("POST", "/v1/apps/shop/machines", wanted)
        assert (refused.status, "deploy with `flyo deploy --local`" in refused.body["error"]) == (501, True)


def test_an_image_the_platform_built_is_found_by_the_registrys_address(api: Api, server_image: str) -> None:
    other = server_image.replace("registry.fly.io", f"127.0.0.1:{api.running.port}")
    machine = api.started("shop", other)
    shown = api.machine("shop", machine)["image_ref"]
    assert (shown["registry"], shown["repository"]) == ("registry.fly.io", "shop")
    again = f"{shown['registry']}/{shown['repository']}:{shown['tag']}@{shown['digest']}"
    assert api.started("shop", again)


def test_who_is_not_asked_for_a_token_elsewhere_is_told_here_how_to_log_in(api: Api) -> None:
    answer = api.send("GET", "/v2/")
    assert (answer.status, answer.headers["www-authenticate"].partition(" ")[0]) == (401, "Basic")
    assert answer.body["errors"][0]["code"] == "UNAUTHORIZED"


def test_destroying_an_app_takes_its_tags_along(api: Api) -> None:
    push(api, api.app("shop"), "one")
    assert api.call("DELETE", "/v1/apps/shop").status == 202
    api.app("shop")
    assert graphql_image(api, "shop", "registry.fly.io/shop:one") is None


# With a container engine


@pytest.fixture
def docker(api: Api, tmp_path: Path) -> Run:
    """The `docker` command, logged in to the platform's registry, with an engine behind it."""
    program = shutil.which("docker")
    if program is None or subprocess.run([program, "info"], capture_output=True, timeout=20, check=False).returncode:
        pytest.skip("no container engine answers (DOCKER_HOST)")
    login = base64.b64encode(f"x:{api.running.token}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {f"127.0.0.1:{api.running.port}": {"auth": login}}}))

    def run(*args: str, data: bytes = b"") -> str:
        env = {**os.environ, "DOCKER_CONFIG": str(tmp_path)}
        ran = subprocess.run([program, *args], input=data, capture_output=True, env=env, timeout=60, check=False)
        assert ran.returncode == 0, ran.stderr.decode()
        return ran.stdout.decode()

    return run


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """An archive of a few files."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return archive.getvalue()


def test_an_engine_pushes_and_pulls_the_same_image(api: Api, docker: Run) -> None:
    name = f"127.0.0.1:{api.running.port}/{api.app('shop')}:one"
    identity = docker("import", "-c", "ENV A=1", "-", name, data=tar_of({"hello": b"hello" * 300_000})).strip()
    try:
        docker("push", name)
        docker("push", name)
        docker("rmi", name)
        docker("pull", name)
        assert docker("inspect", "--format", "{{.Id}}", name).strip() == identity
        digest = graphql_image(api, "shop", name)["digest"]
        pinned = f"{name.rpartition(':')[0]}@{digest}"
        docker("pull", pinned)
    finally:
        docker("rmi", "-f", identity)


@pytest.mark.real_flyctl
def test_flyctl_builds_with_the_users_engine_and_pushes_here(api: Api, docker: Run, tmp_path: Path) -> None:
    flyctl = find_flyctl()
    if flyctl is None:
        pytest.skip("flyctl is not on PATH")
    api.app("shop")
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCOPY hello /hello\nENV A=1\nCMD ["/hello"]\n')
    (tmp_path / "hello").write_text("hello")
    (tmp_path / "fly.toml").write_text('app = "shop"\nprimary_region = "iad"\n')
    prepare_flyctl_settings(tmp_path)
    kept = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
    env = {**kept, "HOME": str(tmp_path), **client_environment(api.running.port, api.running.token, tmp_path)}
    command = [flyctl, "deploy", "--local-only", "--build-only", "--push", "--image-label", "mine"]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=90, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"image: 127.0.0.1:{api.running.port}/shop:mine" in ran.stdout + ran.stderr
    found = graphql_image(api, "shop", "registry.fly.io/shop:mine")
    assert found["digest"].startswith("sha256:") and len(found["digest"]) == len(digest_of(b""))
