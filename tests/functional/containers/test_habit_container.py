"""The habit app in a container of its Dockerfile's last stage, stopped as Fly.io stops a machine.

The base image is this computer's Python, and the packages are those installed here: nothing is fetched. What the last
stage says of user, directory, environment and command is the Dockerfile's own.
"""

from __future__ import annotations

import http.client
import importlib.metadata
import os
import re
import shutil
import socket
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from tests.engine_bases import PYTHON, TestEngine, needed_by
from tests.functional.habit_app.habit_server import PASSWORD, ROOT, SECRET
from tests.waiting import eventually

# It builds; see test_container_builds.py.
pytestmark = [pytest.mark.containers, pytest.mark.xdist_group("container-builds"), pytest.mark.timeout(240)]

PORT = 8080
GUNICORN = """#!/usr/local/bin/python3
import sys
sys.path.insert(0, "/venv/packages")
from gunicorn.app.wsgiapp import run
run()
"""
# What the packages are linked with, where this computer has it elsewhere than its Python does.
LIBRARIES = "ENV LD_LIBRARY_PATH=/venv/lib"
INSTANCE = """RUN ["python3", "-c", "import os; os.mkdir('instance'); os.chown('instance', 10001, 10001)"]"""


@dataclass(frozen=True)
class Container:
    """One that runs.

    Attributes:
        id: the engine's.
        address: where it is reached from this computer.
    """

    id: str
    address: str

    def connect(self) -> socket.socket:
        """A connection of our own, to be used byte by byte."""
        return socket.create_connection((self.address, PORT), timeout=20)

    def health(self) -> int:
        """The status of its health; 0 when nobody is there."""
        link = http.client.HTTPConnection(self.address, PORT, timeout=20)
        try:
            link.request("GET", "/api/health")
            return link.getresponse().status
        except OSError:
            return 0
        finally:
            link.close()

    def refuses(self) -> bool:
        """Whether it lets nobody new in."""
        try:
            self.connect().close()
        except OSError:
            return True
        return False


def docker(engine: TestEngine, *words: str) -> str:
    """What the command prints."""
    environment = {**os.environ, **engine.variables, "DOCKER_BUILDKIT": "0"}
    ran = subprocess.run(["docker", *words], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return (ran.stdout + ran.stderr if words[0] == "logs" else ran.stdout).strip()


def last_stage() -> str:
    """The Dockerfile, begun on this computer's Python; what installs and takes away is replaced by what is here."""
    _, separator, last = (ROOT / "Dockerfile").read_text("utf-8").rpartition("\nFROM base\n")
    assert separator
    ran = re.compile(r"^RUN (?:.*\\\n)*.*$", re.MULTILINE)
    assert len(ran.findall(last)) == 1
    return f"FROM {PYTHON} AS build\nCOPY venv /venv\nFROM {PYTHON}\n{LIBRARIES}\n{ran.sub(lambda _: INSTANCE, last)}"


def copy_packages(place: Path) -> None:
    """Of this Python's packages those that the image installs."""
    lock = (ROOT / "habit_app/requirements.lock").read_text("utf-8")
    for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE):
        try:
            files = importlib.metadata.files(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # of another platform or Python
        for file in files:
            if ".." not in file.parts and "__pycache__" not in file.parts:
                target = place / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)


@pytest.fixture
def image(engine: TestEngine, tmp_path: Path) -> Iterator[str]:
    """Built."""
    engine.ensure(PYTHON)
    context = tmp_path / "context"
    shutil.copytree(ROOT / "habit_app", context / "habit_app", ignore=shutil.ignore_patterns("__pycache__", "instance"))
    packages, libraries = context / "venv/packages", context / "venv/lib"
    copy_packages(packages)
    libraries.mkdir()
    for library in needed_by([str(path) for path in packages.rglob("*.so")]):
        shutil.copyfile(library, libraries / library.name)
    gunicorn = context / "venv/bin/gunicorn"
    gunicorn.parent.mkdir()
    gunicorn.write_text(GUNICORN)
    gunicorn.chmod(0o755)
    (context / "Dockerfile").write_text(last_stage())
    name = f"flyo-test/habit:{uuid4().hex[:12]}"
    docker(engine, "build", "--network", "none", "--tag", name, str(context))
    yield name
    docker(engine, "image", "rm", "--force", name)


@pytest.fixture
def network(engine: TestEngine) -> Iterator[str]:
    """One of the test's own: the engine makes a second one of the same name without a word."""
    name = f"flyo-test-habit-{uuid4().hex[:12]}"
    docker(engine, "network", "create", name)
    yield name
    docker(engine, "network", "rm", name)


@pytest.fixture
def container(engine: TestEngine, image: str, network: str) -> Iterator[Container]:
    """Started, and well."""
    id = docker(engine, "run", "--detach", "--network", network, "--env", f"SECRET_KEY={SECRET}", image)
    try:
        found: Any = engine.call("GET", f"/containers/{id}/json")
        assert found["State"]["Running"], docker(engine, "logs", id)
        made = Container(id, found["NetworkSettings"]["Networks"][network]["IPAddress"])
        eventually(lambda: made.health() == 200)
        yield made
    finally:
        docker(engine, "rm", "--force", "--volumes", id)


def test_a_machine_that_is_stopped_answers_what_is_under_way_and_ends_well(
    engine: TestEngine, container: Container
) -> None:
    settings = tomllib.loads((ROOT / "fly.toml").read_text("utf-8"))
    patience = settings["kill_timeout"].removesuffix("s")
    form = urlencode({"name": "ada", "password": PASSWORD}).encode()
    slow = container.connect()
    head = f"POST /signup HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(form)}\r\n"
    kind = "Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n"
    slow.sendall((head + kind).encode())
    assert slow.recv(100).startswith(b"HTTP/1.1 100 ")

    # The engine sends the signal, waits, and kills what is still there then, as Fly.io does.
    words = ["docker", "stop", "--signal", settings["kill_signal"], "--time", patience, container.id]
    stopping = subprocess.Popen(words, env={**os.environ, **engine.variables}, stdout=subprocess.DEVNULL)
    eventually(container.refuses)
    slow.sendall(form)
    answer = slow.makefile("rb").read()
    slow.close()
    assert answer.startswith(b"HTTP/1.1 303 ") and b"\r\nLocation: /dashboard\r\n" in answer

    assert stopping.wait(60) == 0
    ended: Any = engine.call("GET", f"/containers/{container.id}/json")["State"]
    # A process that had to be killed ends with 137.
    assert (ended["Status"], ended["ExitCode"], ended["OOMKilled"]) == ("exited", 0, False)
    assert "Traceback" not in docker(engine, "logs", container.id)


def test_the_app_runs_as_the_user_of_the_image_who_owns_one_directory(engine: TestEngine, container: Container) -> None:
    assert docker(engine, "exec", container.id, "/bin/id", "-u") == "10001"
    listed = docker(engine, "exec", container.id, "/bin/busybox", "find", "/app", "-user", "10001", "-maxdepth", "1")
    assert listed == "/app/instance"
