"""Commands against a server in the place of the Machines API that answers anything but what was asked."""

from __future__ import annotations

import gzip
import json
import os
import random
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment, SystemClock
from tests.unit.fleet.socket_server import server

APP = b'{"id": "a1", "name": "web"}'
PAGE = b"<!DOCTYPE html><title>Sign in</title>\x1b]0;gotcha\x07::add-mask::x"
FILES = {
    "fly.toml": 'app = "web"\nprimary_region = "iad"\n[http_service]\ninternal_port = 8080\n',
    "flyo.toml": "[regions]\niad = 1\n",
    "Dockerfile": "FROM scratch\n",
}


# All that it is asked before the API is: for its version, and for its word on fly.toml.
FLYCTL = """
import sys
print('{"Version": "0.4.87"}' if sys.argv[1] == "version" else "✓ Configuration is valid")
"""


class FastClock(SystemClock):
    """Real time, but nobody has to wait for it to pass."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        self._skipped += seconds


def http(body: bytes, status: int = 200, head: bytes = b"") -> bytes:
    """An answer after which the connection is gone, and says so: nobody sends the next request into its end."""
    head += b"Connection: close\r\n"
    return b"HTTP/1.1 %d OK\r\n%sContent-Length: %d\r\n\r\n%s" % (status, head, len(body), body)


BOMB = gzip.compress(bytes(2**26), mtime=0)
STRANGE = {
    "a page": http(PAGE),
    "null": http(b"null"),
    "204": b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    "a redirect": http(PAGE, 302, b"Location: https://login.test/\r\n"),
    "half": http(b'[{"id": "148e21d7", "state": "star'),
    "an object": http(b'{"machines": []}'),
    "a 404 of somebody else": http(PAGE, 404),
    "deep": http(b"[" * 300_000),
    "NaN": http(b"[NaN]"),
    "a bomb": http(BOMB, head=b"Content-Encoding: gzip\r\n"),
    "64 MB": http(b"[" + b" " * 2**26 + b"]"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
}


@dataclass
class Fly:
    """Where commands believe Fly.io to be."""

    directory: Path
    url: str

    def flyo(self, *arguments: str) -> int:
        """Run a command in this process; its exit status."""
        flyctl = self.directory / "flyctl"
        flyctl.write_text(f"#!{sys.executable}\n{FLYCTL}")
        flyctl.chmod(flyctl.stat().st_mode | stat.S_IXUSR)
        bases = dict.fromkeys(("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL"), self.url)
        variables = {"PATH": os.defpath, "HOME": str(self.directory), "FLYO_FLYCTL": str(flyctl), **bases}
        variables |= {"FLY_API_TOKEN": "fo1_test-token", "FLYO_STATE_DIR": str(self.directory / "state")}
        return run(list(arguments), Environment(variables, self.directory, FastClock(), random.Random(1)))


@contextmanager
def fly(directory: Path, *answers: bytes) -> Iterator[Fly]:
    """A server that gives these answers one after the other, and the last one for ever."""
    for name, text in FILES.items():
        (directory / name).write_text(text)
    left = list(answers)

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(left.pop(0) if len(left) > 1 else left[0])
        connection.shutdown(socket.SHUT_RDWR)

    with server(talk) as (port, _):
        yield Fly(directory, f"http://127.0.0.1:{port}")


COMMANDS = [["status"], ["status", "--json"], ["plan"], ["deploy", "--yes"], ["scale", "--yes"], ["secrets", "list"]]


@pytest.mark.parametrize("strange", STRANGE)
def test_a_strange_list_is_no_empty_app(strange: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fly(tmp_path, http(APP), STRANGE[strange]) as there:
        assert there.flyo("status", "--app", "web", "--no-probe") == 8
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith("flyo: app web: could not list the machines: ")
    assert line.isprintable() and len(line) < 500
    assert said.out == ""


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_says_so_in_one_sentence(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fly(tmp_path, http(PAGE)) as there:
        assert there.flyo(*words) == 8
    said = capsys.readouterr()
    line = said.err.splitlines()[-1]
    assert "cannot be read: it is not JSON; it begins with <!DOCTYPE html>" in line
    assert line.endswith("[api.unreadable]")
    if "--json" in words:
        assert json.loads(said.out)["code"] == "api.unreadable"


def test_a_header_that_drips_is_not_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Hasty(FastClock):
        """Ten times as fast, so that the time for an answer is over before pytest's is."""

        def monotonic(self) -> float:
            return super().monotonic() * 10

    for name, text in FILES.items():
        (tmp_path / name).write_text(text)

    def drip(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not over.wait(0.07):
            connection.sendall(b"x")

    with server(drip) as (port, _):
        url = f"http://127.0.0.1:{port}"
        bases = dict.fromkeys(("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL"), url)
        variables = {"PATH": os.defpath, "FLY_API_TOKEN": "fo1_test-token", **bases}
        environment = Environment(variables, tmp_path, Hasty(), random.Random(1))
        assert run(["status", "--app", "web"], environment) == 8
    (line,) = capsys.readouterr().err.splitlines()
    assert f"no whole answer from 127.0.0.1:{port} within 30 s" in line
    assert line.endswith("[api.timeout]")
