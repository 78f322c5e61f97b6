"""The router in front of Flask, as a WSGI server sees it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from habit_app.edge.replay import Environ, ReplayWrites, StartResponse

INSTRUCTION = "region=iad;state=write;timeout=5s;fallback=prefer_self"


class Unread:
    """A body nobody may touch."""

    def read(self, *args: Any) -> bytes:
        raise AssertionError("the body was read")


def inner(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"inner"]


def ask(
    method: str,
    path: str = "/habits",
    headers: Mapping[str, str] | None = None,
    *,
    reads_too: bool = False,
    length: int = 0,
) -> tuple[str, dict[str, str], bytes]:
    environ = EnvironBuilder(path=path, method=method, headers=Headers(headers or {})).get_environ()
    environ |= {"wsgi.input": Unread(), "CONTENT_LENGTH": str(length)}
    app = ReplayWrites(inner, region="nrt", primary_region="iad", reads_too=reads_too)
    body, status, found = run_wsgi_app(app, environ)
    return status, dict(found), b"".join(body)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_is_sent_home(method: str) -> None:
    status, headers, body = ask(method, length=1_000_000)
    assert status.startswith("409 ")
    assert headers == {"Fly-Replay": INSTRUCTION, "Cache-Control": "no-store", "Content-Length": "0"}
    assert body == b""


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_anything_else_is_answered_here(method: str) -> None:
    assert ask(method)[2] == b"inner"


def test_a_write_that_was_replayed_already_is_not_sent_on_for_ever() -> None:
    status, headers, body = ask("POST", headers={"Fly-Replay-Src": "instance=1;region=fra;t=1;state=write"})
    assert status.startswith("503 ")
    assert headers["Retry-After"] == "5"
    assert "Fly-Replay" not in headers
    assert b"<h1>Not saved</h1>" in body


def test_when_home_cannot_be_reached_the_client_is_told() -> None:
    failed = {"Fly-Replay-Failed": "instance=1;app=a;region=iad;replay_source=b;reason=timeout;elapsed_ms=5000"}
    status, headers, body = ask("POST", headers=failed)
    assert (status[:3], headers["Retry-After"], headers["Cache-Control"]) == ("503", "5", "no-store")
    assert b"read-only" in body


def test_programs_are_told_in_json() -> None:
    _, headers, body = ask("PUT", "/api/habits/1/entries/2026-01-30", {"Fly-Replay-Failed": "reason=timeout"})
    assert headers["Content-Type"] == "application/json"
    assert "read-only" in json.loads(body)["error"]


@pytest.mark.parametrize(("length", "headers"), [(1_000_001, {}), (0, {"Transfer-Encoding": "chunked"})])
def test_what_the_proxy_could_not_replay_is_refused(length: int, headers: dict[str, str]) -> None:
    for path, said in (("/habits", b"At most 1 MB"), ("/api/ticks", b"Fly-Prefer-Region")):
        status, found, body = ask("POST", path, headers=headers, length=length)
        assert status.startswith("413 ")
        assert said in body
        assert "Fly-Replay" not in found


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_machine_without_the_data_sends_reads_home_too(method: str) -> None:
    assert ask(method, "/dashboard", reads_too=True)[1]["Fly-Replay"] == INSTRUCTION


@pytest.mark.parametrize("path", ["/api/health", "/api/ready", "/static/app.css"])
def test_but_answers_for_itself(path: str) -> None:
    assert ask("GET", path, reads_too=True)[2] == b"inner"


@pytest.mark.parametrize("headers", [{"Fly-Replay-Failed": "reason=timeout"}, {"Fly-Replay-Src": "instance=1"}])
def test_who_only_wanted_to_look_is_not_told_that_something_was_not_saved(headers: dict[str, str]) -> None:
    status, found, body = ask("GET", "/settings", headers, reads_too=True)
    assert (status[:3], found["Retry-After"]) == ("503", "5")
    assert b"<h1>Back in a moment</h1>" in body
    assert b"saved" not in body
