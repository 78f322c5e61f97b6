"""The process as Fly handles it: how it starts, how it stops, and what it needs."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.functional.habit_app.conftest import Start
from tests.functional.habit_app.habit_server import PASSWORD, ROOT, Server, command, environment, on_fly
from tests.waiting import eventually


def test_sigterm_lets_a_request_finish_and_turns_health_red(start: Start) -> None:
    server = start()
    kept, slow = connect(server), connect(server)
    assert health(kept) == 200
    form = urlencode({"name": "ada", "password": PASSWORD}).encode()
    begin_request(slow, "/signup", len(form))

    server.terminate()
    until_refused(server)
    assert health(kept) == 503
    kept.close()
    slow.sendall(form)
    answer = slow.makefile("rb").read()
    slow.close()
    assert answer.startswith(b"HTTP/1.1 303 ")
    assert b"\r\nLocation: /dashboard\r\n" in answer
    assert server.wait() == 0
    assert not [line for line in server.log if "Traceback" in line]


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "too short"}, "SECRET_KEY has 9 bytes and needs at least 32"),
        ({"DATABASE_URL": "mysql://u:hunter2@h/d"}, "DATABASE_URL must look like"),
    ],
)
def test_what_it_cannot_run_without_is_said_in_one_line(
    tmp_path: Path, variables: dict[str, str], complaint: str
) -> None:
    ran = subprocess.run(
        command(),
        cwd=ROOT,
        env=environment(tmp_path, **on_fly("iad", **variables)),
        capture_output=True,
        text=True,
        timeout=30,
    )
    lines = [line for line in ran.stderr.splitlines() if "[ERROR]" in line]
    assert ran.returncode == 1
    assert len(lines) == 1
    assert complaint in lines[0]
    assert "Traceback" not in ran.stderr
    assert "hunter2" not in ran.stderr + ran.stdout


def test_half_a_request_for_health_does_not_keep_others_from_it(start: Start) -> None:
    server = start()
    half, whole = connect(server), connect(server)
    half.sendall(b"GET /api/health HTTP/1.1\r\nHost: local")
    assert health(whole) == 200
    half.sendall(b"host\r\n\r\n")
    answer = http.client.HTTPResponse(half)
    answer.begin()
    assert answer.status == 200
    half.close()
    whole.close()


def test_health_does_not_need_the_database_and_ready_does(start: Start, tmp_path: Path) -> None:
    (tmp_path / "not-a-directory").write_text("")
    server = start(DATABASE_URL=f"sqlite://{tmp_path}/not-a-directory/habits.db")
    assert get(server, "/api/health")[0] == 200
    status, headers, body = get(server, "/api/ready")
    assert (status, b'"not ready"' in body) == (503, True)
    status, headers, body = get(server, "/login")
    assert status == 200
    status, headers, body = post(server, "/login", {"name": "ada", "password": PASSWORD})
    assert (status, headers["Retry-After"]) == (503, "5")
    assert b"Nothing was changed" in body


def test_what_is_slow_to_load_is_left_until_it_is_needed(tmp_path: Path) -> None:
    program = "import sys, habit_app.wsgi; print(sorted({'psycopg', 'sqlite3', 'tzdata'} & set(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(tmp_path, DATABASE_URL=f"sqlite://{tmp_path}/habits.db"),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ran.stdout == "['sqlite3']\n", ran.stderr


def test_requests_are_logged_without_cookies(start: Start) -> None:
    server = start()
    post(server, "/signup", {"name": "ada", "password": PASSWORD})
    server.terminate()
    server.wait()
    written = "".join(server.log)
    assert "POST /signup 303" in written
    assert PASSWORD not in written
    assert "session=" not in written


def connect(server: Server) -> socket.socket:
    """A connection of our own, to be used byte by byte."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    return connection


def health(connection: socket.socket) -> int:
    """Ask for health on an open connection, and give the status."""
    connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status


def begin_request(connection: socket.socket, path: str, length: int) -> None:
    """Send a request without its body, and wait until the app has begun to ask for that."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n"
    kind = "Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n"
    connection.sendall((head + kind).encode())
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")


def until_refused(server: Server) -> None:
    """Wait until nobody new is let in."""

    def refused() -> bool:
        try:
            connect(server).close()
        except ConnectionRefusedError:
            return True
        return False

    eventually(refused)


def get(server: Server, path: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """GET on a connection of its own."""
    return _ask(server, "GET", path, None, {})


def post(server: Server, path: str, form: dict[str, str]) -> tuple[int, http.client.HTTPMessage, bytes]:
    """POST a form on a connection of its own."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return _ask(server, "POST", path, urlencode(form), kind)


def _ask(
    server: Server, method: str, path: str, body: str | None, headers: dict[str, str]
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
