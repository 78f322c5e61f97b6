"""What flyctl's suite takes from Docker Hub, as small images of our own, made of a static busybox."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from tests.engine_bases import TestEngine, archive, busybox_files
from tests.platform_client import DOCKERFILE, SERVER, Api

_NGINX = ("latest", "1.23.3", "1.29-bookworm", "alpine")
# As the real one: it listens where its configuration says.
_SERVE = """#!/bin/sh
port=$(sed -n 's/.*listen *\\([0-9]*\\);.*/\\1/p' /etc/nginx/conf.d/default.conf | head -n 1)
exec httpd -f -p "$port" -h /usr/share/nginx/html
"""
_CURL = '#!/bin/sh\nexec wget -q -O - "$1"\n'
_CONFIGURATION = "server {\n    listen       80;\n}\n"
_SHELL = ("/bin/sh",)
# Name and tags, the command, and files as texts.
_MADE: tuple[tuple[str, tuple[str, ...], tuple[str, ...], dict[str, str]], ...] = (
    (
        "nginx",
        _NGINX,
        ("nginx", "-g", "daemon off;"),
        {
            "usr/sbin/nginx": _SERVE,
            "etc/nginx/conf.d/default.conf": _CONFIGURATION,
            "usr/share/nginx/html/index.html": "Welcome\n",
        },
    ),
    ("alpine", ("latest", "3.22"), _SHELL, {"etc/os-release": "ID=alpine\n"}),
    ("curlimages/curl", ("latest",), ("curl",), {"usr/bin/curl": _CURL}),
)


def put_in_engine(engine: TestEngine, place: Path) -> list[str]:
    """Have the images in an engine; the names of those that were not there.

    Args:
        place: a directory for their files.
    """
    made = []
    for name, tags, command, texts in _MADE:
        content = b""
        for tag in tags:
            wanted = quote(json.dumps({"reference": [f"{name}:{tag}"]}))
            if engine.call("GET", f"/images/json?filters={wanted}"):
                continue
            content = content or archive(_files(texts, place / name.replace("/", "-")))
            changes = quote(f"CMD {json.dumps(command)}")
            path = f"/images/create?fromSrc=-&repo={quote(name)}&tag={tag}&changes={changes}"
            engine.call("POST", path, content)
            made.append(f"{name}:{tag}")
    return made


def _files(texts: dict[str, str], place: Path) -> Iterator[tuple[str, Path | str]]:
    yield from busybox_files()
    for name, text in texts.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755 if text.startswith("#!") else 0o644)
        yield name, file


def push(api: Api, engine: TestEngine, place: Path) -> None:
    """Push the images to the platform's registry, under the names that the suite calls them by."""
    host, env = f"127.0.0.1:{api.running.port}", logged_in(api, engine, place)
    for name, tags, _, _ in _MADE:
        for tag in tags:
            there = f"{host}/docker.io/{name if '/' in name else f'library/{name}'}:{tag}"
            _docker(env, "tag", f"{name}:{tag}", there)
            _docker(env, "push", "--quiet", there)
            _docker(env, "rmi", there)


def logged_in(api: Api, engine: TestEngine, place: Path) -> dict[str, str]:
    """The environment of a `docker` that may push to the platform's registry; its settings are in `place`."""
    login = base64.b64encode(f"x:{api.running.token}".encode()).decode()
    place.mkdir()
    settings = place / "config.json"
    settings.write_text(json.dumps({"auths": {f"127.0.0.1:{api.running.port}": {"auth": login}}}))
    settings.chmod(0o600)
    return {"PATH": os.environ["PATH"], "DOCKER_CONFIG": str(place), **engine.variables}


def _docker(env: dict[str, str], *words: str) -> None:
    subprocess.run(["docker", *words], env=env, check=True, stdout=subprocess.DEVNULL)


def remove_from_engine(engine: TestEngine, names: Sequence[str]) -> None:
    """Take away what `put_in_engine` made."""
    for name in names:
        engine.call("DELETE", f"/images/{name}?force=1")


def build_for_processes(api: Api, context: Path) -> None:
    """The servers that the suite calls nginx, for machines that are processes."""
    context.mkdir()
    (context / "app.py").write_text(SERVER)
    (context / "nginx").write_text("#!/bin/sh\nexec python3 -S -E /app/app.py\n")
    (context / "nginx").chmod(0o755)
    (context / "Dockerfile").write_text(DOCKERFILE.replace("CMD", "COPY nginx /usr/local/bin/nginx\nCMD"))
    for tag in ("latest", "1.29-bookworm"):
        api.build("nginx", context, tag)
