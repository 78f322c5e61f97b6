"""Base images for tests with a container engine, made of what this computer has: nothing is fetched."""

from __future__ import annotations

import functools
import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from filelock import FileLock

from flyctl_orchestrator.local.containers.endpoint import Endpoint, NoEngine, find_engine

SMALL = "flyo-test/busybox:1"
PYTHON = "flyo-test/python:1"
_APPLETS = ("cat", "echo", "env", "httpd", "id", "ls", "mkdir", "nslookup", "pwd", "sh", "sleep", "touch", "wget")
_LEFT_OUT = ("site-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3")
_PATIENCE = 60.0


class TestEngine:
    """The engine of this computer, as far as tests need it."""

    __test__ = False

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    @property
    def variables(self) -> dict[str, str]:
        """What leads the platform and the `docker` command to it."""
        return {"DOCKER_HOST": self.endpoint.address}

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """One call with JSON; its decoded answer."""
        return self.call("POST", path, json.dumps(body).encode(), "application/json")

    def call(self, method: str, path: str, body: bytes | None = None, kind: str = "application/x-tar") -> Any:
        """One call; its decoded answer."""
        connection = self.endpoint.connect(_PATIENCE)
        try:
            connection.request(method, path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        assert answer.status < 400, content
        try:
            return json.loads(content) if content else None
        except ValueError:
            return content

    def labelled(self, what: str, state: Path) -> list[dict[str, Any]]:
        """What the platform of a directory has in the engine: "containers", "networks" or "volumes"."""
        wanted = quote(json.dumps({"label": [f"flyctl-orchestrator.state={state}"]}))
        path = "/containers/json?all=1&" if what == "containers" else f"/{what}?"
        found = self.call("GET", f"{path}filters={wanted}")
        listed: list[dict[str, Any]] = found["Volumes"] or [] if what == "volumes" else found
        return listed

    def images_of(self, prefix: str) -> list[str]:
        """Names of images that begin so."""
        listed = self.call("GET", "/images/json")
        return [tag for image in listed for tag in image["RepoTags"] or [] if tag.startswith(prefix)]

    def ensure(self, name: str) -> str:
        """A base image; its name."""
        return self.ensure_made(name, lambda: _files(python=name == PYTHON))

    def ensure_made(self, name: str, files: Callable[[], Iterator[tuple[str, Path | str]]], *changes: str) -> str:
        """A base image of these files, made where it is not there; its name.

        Args:
            files: path in the image, and the file here or the target of a link.
            changes: lines of a Dockerfile that say how it is configured, such as "ENV A=b".
        """
        wanted = quote(json.dumps({"reference": [name]}))
        # Tests of several processes want it at the same time.
        with FileLock(Path(tempfile.gettempdir(), f"flyo-test-bases-{os.getuid()}.lock")):
            if not self.call("GET", f"/images/json?filters={wanted}"):
                repo, _, tag = name.rpartition(":")
                said = "".join(f"&changes={quote(change)}" for change in changes)
                self.call("POST", f"/images/create?fromSrc=-&repo={quote(repo)}&tag={tag}{said}", archive(files()))
        return name


@functools.cache
def engine_or_skip() -> TestEngine:
    """The engine; a test that asks for it is skipped where none answers, or no static busybox is there for images."""
    try:
        endpoint = find_engine(os.environ, 2.0)
    except NoEngine as problem:
        pytest.skip(f"needs a container engine: {problem}")
    if shutil.which("docker") is None or _busybox() is None:
        pytest.skip("needs the `docker` command and a static busybox (Debian: docker.io, busybox-static)")
    return TestEngine(endpoint)


def _busybox() -> str | None:
    path = shutil.which("busybox")
    if path is None:
        return None
    needed = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    return path if needed.returncode else None


def _files(*, python: bool) -> Iterator[tuple[str, Path | str]]:
    """Path in the image, and the file here or the target of a link."""
    busybox = _busybox()
    assert busybox is not None
    yield "bin/busybox", Path(busybox)
    yield from ((f"bin/{name}", "busybox") for name in _APPLETS)
    if python:
        yield from _python()


def _python() -> Iterator[tuple[str, Path | str]]:
    program = Path(sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    yield "usr/local/bin/python3", str(program)
    files = [program]
    for place, directories, names in os.walk(library):
        directories[:] = [one for one in directories if one not in _LEFT_OUT and not one.startswith("config-")]
        files += [Path(place, name) for name in names]
    compiled = [str(path) for path in files if path == program or path.suffix == ".so"]
    for path in (*files, *needed_by(compiled)):
        yield str(path).lstrip("/"), path


def needed_by(programs: list[str]) -> list[Path]:
    """The shared libraries that programs, or other libraries, are linked with."""
    said = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    words = {word for line in said.splitlines() for word in line.split() if word.startswith("/") and ":" not in word}
    return [Path(word) for word in sorted(words) if Path(word).is_file()]


def busybox_files() -> Iterator[tuple[str, Path | str]]:
    """A static busybox with all it can be called."""
    busybox = _busybox()
    assert busybox is not None, "a static busybox is needed (Debian: busybox-static)"
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    yield "bin/busybox", Path(busybox)
    yield from ((f"bin/{name}", "busybox") for name in listed if name != "busybox")


def archive(files: Iterator[tuple[str, Path | str]]) -> bytes:
    """A tar of an image's files: path in it, and the file here or the target of a link."""
    content = io.BytesIO()
    seen: set[str] = set()
    with tarfile.open(fileobj=content, mode="w", dereference=True) as tar:
        for directory in ("tmp", "etc", "root"):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if directory == "tmp" else 0o755
            tar.addfile(entry)
        for name, text in (("etc/passwd", _PASSWD), ("etc/group", _GROUP)):
            accounts = tarfile.TarInfo(name)
            accounts.size = len(text)
            tar.addfile(accounts, io.BytesIO(text))
        for name, what in files:
            if name in seen:
                continue
            seen.add(name)
            if isinstance(what, Path):
                tar.add(what, name, recursive=False)
            else:
                link = tarfile.TarInfo(name)
                link.type, link.linkname = tarfile.SYMTYPE, what
                tar.addfile(link)
    return content.getvalue()


_PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"
_GROUP = b"root:x:0:\nnode:x:1000:\nnogroup:x:65534:\n"
