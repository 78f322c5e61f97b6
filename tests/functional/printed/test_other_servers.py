"""What is told where something else answers than the platform, and what Fly's proxy has written into the logs."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.catalog.error_pages import load_pages
from flyctl_orchestrator.local.daemon.state_dir import Locator, write_locator
from tests.functional.printed.in_process import nobody, said
from tests.unit.fleet.fleet_doubles import machine

READY = {"pid": os.getpid()}
PROXY = [code for code, page in load_pages().items() if page.topic == "proxy"]


@contextmanager
def serving(answers: Mapping[str, Any]) -> Iterator[int]:
    """A server that has an answer for some paths, and a page of HTML for all others; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = answers.get(self.path.partition("?")[0])
            said = json.dumps(known).encode() if known is not None else b"<html>It works!</html>"
            self.send_response(200)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "local fault list",
            "local platform: its answer (200) cannot be read: it is not JSON. Start it anew: 'flyo local down', then "
            "'flyo local up' [local.unreadable]",
        ),
        (
            "run --local -a shop true",
            "local platform: it does not say where the machine runs. 'flyo local status' shows what runs "
            "[local.unreadable]",
        ),
    ],
)
def test_something_else_where_the_local_platform_was(tmp_path: Path, words: str, line: str) -> None:
    state = tmp_path / "local"
    state.mkdir()
    answers = {
        "/_local/ready": READY,
        "/_local/apps/shop/machines/148e21d7/surroundings": {"directory": None},
        "/v1/apps/shop/machines": [machine()],
    }
    with serving(answers) as port:
        write_locator(state, Locator(os.getpid(), port, "token", "0", time.time()))
        ran = said(words, tmp_path, nobody(tmp_path))
    assert (ran.status, ran.line, ran.out) == (8, f"flyo: {line}", "")


@pytest.mark.parametrize("code", PROXY)
def test_a_code_of_flys_proxy_is_shown_as_it_came_and_explained(tmp_path: Path, code: str) -> None:
    message = f"[{code}] could not serve the request"
    attributes = {"timestamp": "2026-11-30T07:00:00Z", "level": "error", "instance": "148e", "region": "fra"}
    page = {"data": [{"attributes": {**attributes, "message": message}}], "meta": {"next_token": None}}
    with serving({"/api/v1/apps/shop/logs": page}) as port:
        bases = dict.fromkeys(
            ("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL"), f"http://127.0.0.1:{port}"
        )
        ran = said("logs -a shop", tmp_path, {**nobody(tmp_path), **bases, "FLY_API_TOKEN": "fo1_x"})
    assert (ran.status, ran.out, ran.err) == (0, f"2026-11-30T07:00:00Z fra 148e [error] {message}\n", "")
    told = said(["explain", f"[{code}]"], tmp_path, nobody(tmp_path) | {"COLUMNS": "200"})
    one = load_pages()[code]
    assert one.topic == "proxy"
    assert (told.status, told.out) == (
        0,
        f"{code}\n\nWhat it means\n  {one.means}\n\nWhy it happens\n  {one.why}\n\nWhat to do\n  {one.do}\n",
    )
