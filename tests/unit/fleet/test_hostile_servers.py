"""Servers that send too much, too slowly or nonsense: each ends in an error that says so, in time and within bounds."""

from __future__ import annotations

import gzip
import random
import socket
import threading
import tracemalloc
from collections.abc import Callable

import pytest

from flyctl_orchestrator.environment import SystemClock
from flyctl_orchestrator.fleet.http import HttpError
from flyctl_orchestrator.fleet.requests_http import LARGEST_ANSWER, RequestsHttp
from tests.unit.fleet.socket_server import OK, Conversation, say, server

# Each drips for minutes, with every byte well within the time allowed for a whole answer.
MANY = 20_000
SPACES = [b" "] * MANY
DRIPPING: dict[str, list[bytes]] = {
    "status line": [b"HTTP/1.1 200 ", *[b"x"] * MANY],
    "headers": [b"HTTP/1.1 200 OK\r\nX-Slow: ", *[b"x"] * MANY],
    "many headers": [b"HTTP/1.1 200 OK\r\n", *[f"X-{number}: 1\r\n".encode() for number in range(MANY)]],
    "interim answers": [b"HTTP/1.1 100 Continue\r\n\r\n"] * MANY,
    "body": [b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n", *[b"x"] * MANY],
    "body without a length": [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", *[b"x"] * MANY],
    "chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * MANY],
    "the length of a chunk": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"0"] * MANY],
    "trailers": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", *[b"X: 1\r\n"] * MANY],
    "the body of a redirect": [b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 30000\r\n\r\n", *[b"x"] * MANY],
    "a compressed body": [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 30000\r\n\r\n",
        *[b"\x1f", b"\x8b", b"\x08", b"\x00", b"\x00", b"\x00", b"\x00", b"\x00", b"\x00", b"\x03"],
        # Blocks of no length.
        *[b"\x00\x00\x00\xff\xff"] * MANY,
    ],
}


@pytest.fixture
def http() -> RequestsHttp:
    return RequestsHttp(SystemClock(), {})


def failure(http: RequestsHttp, port: int, timeout: float = 5.0) -> HttpError:
    with pytest.raises(HttpError) as caught:
        http.send("GET", f"http://127.0.0.1:{port}/", headers={"Authorization": "Bearer t0p"}, timeout=timeout)
    assert "t0p" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("part", DRIPPING)
def test_the_time_is_for_the_whole_answer(part: str, http: RequestsHttp) -> None:
    with server(say(*DRIPPING[part], pause=0.03)) as (port, _):
        assert failure(http, port, timeout=0.2).kind == "timeout"


def test_a_stream_has_its_time_between_two_pieces_and_for_its_headers(http: RequestsHttp) -> None:
    def stream(port: int) -> None:
        http.stream("POST", f"http://127.0.0.1:{port}/", headers={}, idle_timeout=0.3, on_line=lambda line: None)

    # Five times as long as the longest silence, all in all.
    body = [b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n", *[b"x"] * 15]
    with server(say(*body, pause=0.1)) as (port, _):
        stream(port)
    with server(say(*DRIPPING["headers"], pause=0.03)) as (port, _), pytest.raises(HttpError) as caught:
        stream(port)
    assert caught.value.kind == "timeout"


def test_a_connection_that_is_used_again_has_all_of_its_time_again(http: RequestsHttp) -> None:
    opened = []

    def talk(connection: socket.socket, over: threading.Event) -> None:
        opened.append(connection.getpeername())
        over.wait(0.25)
        connection.sendall(OK)

    with server(talk) as (port, _):
        for _ in range(3):
            assert http.send("GET", f"http://127.0.0.1:{port}/", headers={}, timeout=30).body == b"ok"
            assert http.send("GET", f"http://127.0.0.1:{port}/", headers={}, timeout=0.4).body == b"ok"
    assert len(set(opened)) == 1


def pour(body: bytes, *, times: int, head: bytes = b"", length: int | None = None) -> Conversation:
    def talk(connection: socket.socket, over: threading.Event) -> None:
        size = len(body) * times if length is None else length
        connection.sendall(b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (head, size))
        for _ in range(times):
            connection.sendall(body)

    return talk


def test_an_answer_of_64_megabytes_is_refused_and_not_kept(http: RequestsHttp) -> None:
    tracemalloc.start()
    try:
        with server(pour(b"x" * 2**20, times=64)) as (port, _):
            assert failure(http, port, timeout=60).kind == "unreadable"
        assert tracemalloc.get_traced_memory()[1] < 2.5 * LARGEST_ANSWER
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_is_refused_before_it_is_unpacked(layers: int, http: RequestsHttp) -> None:
    # 256 MB, or with two layers 64 GB, of nothing.
    bomb = gzip.compress(bytes(2**28), mtime=0)
    encoding = b"gzip"
    if layers == 2:
        encoding, bomb = b"gzip, gzip", gzip.compress(bomb * 256, mtime=0)
    tracemalloc.start()
    try:
        with server(pour(bomb, times=1, head=b"Content-Encoding: %s\r\n" % encoding)) as (port, _):
            assert failure(http, port, timeout=60).kind == "unreadable"
        assert tracemalloc.get_traced_memory()[1] < 2.5 * LARGEST_ANSWER
    finally:
        tracemalloc.stop()


def test_a_compressed_answer_that_nobody_asked_for_is_unpacked(http: RequestsHttp) -> None:
    packed = gzip.compress(b'{"a": 1}', mtime=0)
    with server(pour(packed, times=1, head=b"Content-Encoding: gzip\r\n")) as (port, heard):
        assert http.send("GET", f"http://127.0.0.1:{port}/", headers={}, timeout=5).body == b'{"a": 1}'
    assert b"Accept-Encoding: identity" in heard[0]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\nno gzip", "unreadable"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", "reset"),
        (b"HTTP/1.1 two hundred\r\n\r\n", "reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "other"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\n", "reset"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"1" * 100_000 + b"\r\n\r\n", "reset"),
    ],
    ids=["no gzip", "no chunk", "no status", "two lengths", "200 headers", "a long header"],
)
def test_nonsense_is_an_error(said: bytes, kind: str, http: RequestsHttp) -> None:
    with server(say(said, hang_up=True)) as (port, _):
        assert failure(http, port).kind == kind


@pytest.mark.parametrize("location", [b"http://[", b"http://[::1", b"\xff\xfe\x00", b"http://" + b"a" * 300, b""])
def test_where_a_redirect_leads_is_not_even_looked_at(location: bytes, http: RequestsHttp) -> None:
    said = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    with server(say(said)) as (port, heard):
        answer = http.send("GET", f"http://127.0.0.1:{port}/", headers={"Authorization": "Bearer x"}, timeout=5)
    assert (answer.status, len(heard)) == (302, 1)


@pytest.mark.parametrize("url", ["http://[", "http://a:b/", "ftp://127.0.0.1/", "nothing", "http://\u2100.com\u2028/"])
def test_an_address_that_is_none(url: str, http: RequestsHttp) -> None:
    with pytest.raises(HttpError) as caught:
        http.send("GET", url, headers={}, timeout=1)
    assert caught.value.detail == "the address is not valid"


def test_certificates_that_are_not_there() -> None:
    http = RequestsHttp(SystemClock(), {"REQUESTS_CA_BUNDLE": "/no/such/file"})
    with pytest.raises(HttpError, match="REQUESTS_CA_BUNDLE") as caught:
        http.send("GET", "https://127.0.0.1:9/", headers={}, timeout=1)
    assert caught.value.kind == "tls"


def scrambled(chance: random.Random) -> bytes:
    """An answer of HTTP with some of its bytes changed, missing, doubled or new."""
    bodies: list[Callable[[], bytes]] = [
        lambda: b"Content-Length: 9\r\n\r\n[1, 2, 3]",
        lambda: b"Transfer-Encoding: chunked\r\n\r\n4\r\n[1, \r\n5\r\n2, 3]\r\n0\r\n\r\n",
        lambda: b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"[1, 2, 3]", mtime=0),
        lambda: b"Content-Encoding: deflate, gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"[1]", mtime=0),
    ]
    said = bytearray(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + chance.choice(bodies)())
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(said) + 1)
        change = chance.randrange(5)
        if change == 0:
            said[at : at + 1] = bytes([chance.randrange(256)])
        elif change == 1:
            del said[at : at + chance.randint(1, 8)]
        elif change == 2:
            said[at:at] = said[at : at + chance.randint(1, 20)]
        elif change == 3:
            said[at:at] = chance.choice([b"\r\n", b"\x00", b"\xff", b"-1", b"99999999999", b"HTTP/1.1 100 OK\r\n\r\n"])
        else:
            del said[at:]
    return bytes(said)


def test_whatever_the_bytes_are_there_is_an_answer_or_an_error(http: RequestsHttp) -> None:
    chance = random.Random(9)
    said: list[bytes] = []

    def talk(connection: socket.socket, over: threading.Event) -> None:
        said.append(scrambled(chance))
        connection.sendall(said[-1])
        connection.shutdown(socket.SHUT_RDWR)

    ends = {"answer": 0, "error": 0}
    with server(talk) as (port, _):
        for _ in range(400):
            try:
                http.send("GET", f"http://127.0.0.1:{port}/", headers={}, timeout=5)
                ends["answer"] += 1
            except HttpError:
                ends["error"] += 1
    assert min(ends.values()) > 40, ends
