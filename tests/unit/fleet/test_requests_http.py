"""The real HTTP client against real sockets on this computer."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from flyctl_orchestrator.environment import SystemClock
from flyctl_orchestrator.fleet.http import HttpError
from flyctl_orchestrator.fleet.requests_http import RequestsHttp
from tests.unit.fleet.socket_server import OK, Conversation, say, server


@pytest.fixture
def http() -> RequestsHttp:
    return RequestsHttp(SystemClock(), {})


def failure(http: RequestsHttp, url: str, timeout: float = 5.0) -> str:
    with pytest.raises(HttpError) as caught:
        http.send("GET", url, headers={}, timeout=timeout)
    return caught.value.kind


def test_names_under_localhost_are_this_computer_and_keep_their_host(http: RequestsHttp) -> None:
    with server(say(OK)) as (port, heard):
        answer = http.send("GET", f"http://nrt.web.localhost:{port}/a?b=c", headers={"X-One": "1"}, timeout=5)
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.elapsed_seconds > 0
    assert heard[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert f"Host: nrt.web.localhost:{port}\r\n".encode() in heard[0]
    assert b"X-One: 1\r\n" in heard[0]


def test_a_body_is_sent_as_json(http: RequestsHttp) -> None:
    with server(say(OK)) as (port, heard):
        http.send("POST", f"http://127.0.0.1:{port}/", headers={}, json={"a": "ü"}, timeout=5)
    assert b"Content-Type: application/json" in heard[0]
    assert heard[0].endswith(b'{"a": "\\u00fc"}')


def test_connections_are_used_again(http: RequestsHttp) -> None:
    opened: list[object] = []

    def note_and_answer(connection: socket.socket, over: threading.Event) -> None:
        opened.append(connection.getpeername())
        connection.sendall(OK)

    with server(note_and_answer) as (port, _):
        for _ in range(5):
            http.send("GET", f"http://127.0.0.1:{port}/", headers={}, timeout=5)
    assert len(opened) == 5
    assert len(set(opened)) == 1


def test_a_redirect_is_an_answer_and_not_followed(http: RequestsHttp) -> None:
    with server(say(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")) as (port, heard):
        answer = http.send("GET", f"http://127.0.0.1:{port}/", headers={}, timeout=5)
    assert (answer.status, answer.headers["location"]) == (302, "/x")
    assert len(heard) == 1


def test_cookies_do_not_travel_from_one_app_to_another(http: RequestsHttp) -> None:
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1; Path=/\r\nContent-Length: 0\r\n\r\n"
    with server(say(cookie)) as (port, heard):
        http.send("GET", f"http://one.localhost:{port}/", headers={}, timeout=5)
        http.send("GET", f"http://two.localhost:{port}/", headers={}, timeout=5)
    assert b"ookie" not in heard[1]


ONE_REQUEST = """
import sys
from flyctl_orchestrator.environment import SystemClock
from flyctl_orchestrator.fleet.requests_http import RequestsHttp
from tests.unit.fleet.socket_server import OK, Conversation, say, server
RequestsHttp(SystemClock(), {}).send("GET", sys.argv[1], headers={"Authorization": "Bearer x"}, timeout=5)
"""


def test_neither_netrc_nor_proxies_are_taken_from_the_process_by_stealth(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    env = {"NETRC": str(netrc), "HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}
    with server(say(OK)) as (port, heard):
        url = f"http://127.0.0.1:{port}/"
        subprocess.run([sys.executable, "-c", ONE_REQUEST, url], env=env, check=True, timeout=60)
    assert b"Authorization: Bearer x\r\n" in heard[0]


def test_nobody_listens(http: RequestsHttp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert failure(http, f"http://127.0.0.1:{port}/") == "refused"


def test_a_name_that_does_not_exist(http: RequestsHttp) -> None:
    assert failure(http, "http://no-such-host.invalid/") == "dns"


@pytest.mark.parametrize(
    "talk",
    [
        say(hang_up=True),
        say(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf", hang_up=True),
        say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", hang_up=True),
        say(b"this is not HTTP\r\n\r\n", hang_up=True),
    ],
    ids=["before an answer", "within a body", "within a chunked body", "garbage"],
)
def test_a_connection_that_breaks_off(http: RequestsHttp, talk: Conversation) -> None:
    with server(talk) as (port, _):
        assert failure(http, f"http://127.0.0.1:{port}/") == "reset"


def test_a_server_that_never_answers(http: RequestsHttp) -> None:
    with server(say(b"", pause=10)) as (port, _):
        assert failure(http, f"http://127.0.0.1:{port}/", timeout=0.2) == "timeout"


def test_a_server_that_dribbles_cannot_stretch_the_time(http: RequestsHttp) -> None:
    # Each byte comes well within the time allowed; all of them together would take five minutes.
    dribble = [b"HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n", *[b"x"] * 6000]
    with server(say(*dribble, pause=0.05)) as (port, _):
        assert failure(http, f"http://127.0.0.1:{port}/", timeout=0.3) == "timeout"


def test_tls_where_there_is_none(http: RequestsHttp) -> None:
    with server(say(b"HTTP/1.1 400 Bad Request\r\n\r\n", hang_up=True)) as (port, _):
        assert failure(http, f"https://127.0.0.1:{port}/") == "tls"


def test_lines_arrive_while_the_answer_is_being_written(http: RequestsHttp) -> None:
    heard: list[str] = []
    first_line_heard = threading.Event()

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\none\ntw\r\n")
        # The second half is only sent once the first line has been handed out.
        assert first_line_heard.wait(10)
        connection.sendall(b"6\r\no\nlast\r\n0\r\n\r\n")

    def hear(line: str) -> None:
        heard.append(line)
        first_line_heard.set()

    with server(talk) as (port, _):
        answer = http.stream("POST", f"http://127.0.0.1:{port}/", headers={}, idle_timeout=5, on_line=hear)
    assert (answer.status, answer.body, heard) == (200, b"", ["one", "two", "last"])


def test_a_refusal_is_not_handed_out_as_lines(http: RequestsHttp) -> None:
    heard: list[str] = []
    with server(say(b"HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nno\n")) as (port, _):
        answer = http.stream("POST", f"http://127.0.0.1:{port}/", headers={}, idle_timeout=5, on_line=heard.append)
    assert (answer.status, answer.body, heard) == (401, b"no\n", [])


def test_many_threads_share_one_client(http: RequestsHttp) -> None:
    answers: list[int] = []

    def ask(port: int) -> None:
        answers.append(http.send("GET", f"http://127.0.0.1:{port}/", headers={}, timeout=10).status)

    # Announced, so that no thread takes up a connection that is about to end.
    last_words = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with server(say(last_words, hang_up=True)) as (port, _):
        threads = [threading.Thread(target=ask, args=(port,)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert answers == [200] * 16
