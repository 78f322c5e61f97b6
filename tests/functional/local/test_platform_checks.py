"""Checks over real sockets: what servers of every kind make of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from flyctl_orchestrator.local.base.machine_config import CheckSpec, checks
from flyctl_orchestrator.local.core.seams import CheckAnswer
from flyctl_orchestrator.local.runtime.checks import NetworkProber

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Nobody:
    """A machine told to use port 1."""

    def main_port(self, machine_id: str) -> int | None:
        return 1

    def published(self, machine_id: str) -> bool:
        return False


class InContainer(Nobody):
    """A machine whose port an engine forwards."""

    def published(self, machine_id: str) -> bool:
        return True


def spec(**said: Any) -> CheckSpec:
    """A check of port 8080, HTTP unless said otherwise."""
    return checks({"checks": {"c": {"type": "http", "port": 8080, **said}}})[0]


def ask(check: CheckSpec, serve: Serve | None, lookup: Nobody | None = None) -> CheckAnswer:
    """Run one check against a server that does `serve`, or against a port nobody listens on."""

    async def scenario() -> CheckAnswer:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[CheckAnswer] = loop.create_future()
        prober = NetworkProber(loop, lookup or Nobody())
        if serve is None:
            with socket.socket() as unused:
                unused.bind(("127.0.0.1", 0))
                port = unused.getsockname()[1]
            prober.probe("m", check, port, answer.set_result)
            return await answer
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            prober.probe("m", check, server.sockets[0].getsockname()[1], answer.set_result)
            return await answer
        finally:
            server.close()

    return asyncio.run(asyncio.wait_for(scenario(), 20))


def saying(text: bytes) -> Serve:
    """A server that reads a request and says `text`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        writer.close()

    return serve


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that accepts, says nothing, and leaves when the client does."""
    await reader.read()
    writer.close()


@pytest.mark.parametrize(
    ("text", "passed", "output"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True, "200 OK"),
        (b"HTTP/1.0 204 No Content\r\n\r\n", True, "204 No Content"),
        (b"HTTP/1.1 301 Moved\r\nlocation: /x\r\n\r\n", False, "301 Moved from GET /up"),
        (b"HTTP/1.1 500 Oops\r\n\r\nthe database\nis down", False, "500 Oops from GET /up: the database"),
        (b"SSH-2.0-something\r\n", False, "answers, but not with HTTP"),
        (b"", False, "broke off"),
        (b"HTTP/1.1 503 Busy\r\nx: y", False, "broke off"),
    ],
)
def test_http_checks(text: bytes, passed: bool, output: str) -> None:
    answer = ask(spec(path="/up"), saying(text))
    assert answer.passed is passed and output in answer.output and "\n" not in answer.output


def test_the_request_is_the_configured_one() -> None:
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    headers = [{"name": "X-Forwarded-Proto", "values": ["https"]}, {"name": "Host", "values": ["example.com"]}]
    assert ask(spec(path="/deep?x=1", method="head", headers=headers), serve).passed
    assert seen[0].startswith("HEAD /deep?x=1 HTTP/1.1\r\nhost: example.com\r\n")
    assert "x-forwarded-proto: https\r\n" in seen[0]


def test_a_header_cannot_smuggle_another_request() -> None:
    headers = [{"name": "X", "values": ["1\r\nY: 2"]}]
    answer = ask(spec(headers=headers), saying(b"HTTP/1.1 200 OK\r\n\r\n"))
    assert not answer.passed and "line break" in answer.output


def test_a_silent_server_runs_into_the_timeout() -> None:
    answer = ask(spec(timeout="100ms"), silent)
    assert not answer.passed and answer.output == "no answer within 0.1 s"


def test_tcp_checks_only_connect() -> None:
    assert ask(spec(type="tcp"), silent) == CheckAnswer(True, "Success")


def test_nobody_listening_is_explained() -> None:
    answer = ask(spec(type="tcp"), None)
    assert not answer.passed
    assert "nothing listens on port" in answer.output and "($PORT_8080)" in answer.output
    assert answer.refused


async def hanging_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What an engine's forwarder does when nobody listens in the container."""
    writer.close()


@pytest.mark.parametrize("kind", ["tcp", "http"])
def test_a_forwarder_that_hangs_up_is_nobody_listening(kind: str) -> None:
    answer = ask(spec(type=kind), hanging_up, InContainer())
    assert answer == CheckAnswer(False, "nothing listens on 0.0.0.0:8080 in the container", refused=True)
    assert not ask(spec(type=kind), hanging_up).refused, "a process that does so took the connection"


def test_a_container_that_listens_passes() -> None:
    assert ask(spec(type="tcp"), silent, InContainer()) == CheckAnswer(True, "Success")
    assert ask(spec(), saying(b"HTTP/1.1 200 OK\r\n\r\n"), InContainer()).passed


def test_tls_to_a_server_without_it_fails_cleanly() -> None:
    check = spec(protocol="https", tls_skip_verify=True)
    answer = ask(check, saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert (not answer.passed and "broke off" in answer.output) or "no answer" in answer.output
