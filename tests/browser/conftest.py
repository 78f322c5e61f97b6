"""One browser for all tests of a process; the habit app in this process, with a clock the test moves, or in three regions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from flask import Response
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.http import http_date
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.browser.chrome import PATIENCE, chrome, executable
from tests.functional.habit_app.habit_client import Moved, app_at


@dataclass(frozen=True)
class Site:
    """The app, served from this process.

    Attributes:
        url: where.
        clock: what it takes for the time.
        database: its SQLite file.
    """

    url: str
    clock: Moved
    database: Path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    path = executable()
    if path is None:
        pytest.skip("no Chromium on this computer (Debian: apt-get install chromium)")
    with chrome(path) as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without cookies or memories, in London, where it is UTC in January."""
    made = browser.new_context(timezone_id="Europe/London", locale="en-GB")
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Its first tab."""
    return context.new_page()


def dated(clock: Moved, response: Response) -> Response:
    """The response, given at the time the clock shows."""
    response.headers["Date"] = http_date(clock.now)
    return response


class Quiet(WSGIRequestHandler):
    """Leaves the date to the app, and writes no line for each request."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """The status line, without headers of its own."""
        self.send_response_only(code, message)

    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The app, at noon UTC on Friday 30 January 2026."""
    clock, database = Moved(), tmp_path / "habits.db"
    with app_at(tmp_path / "instance", clock, DATABASE_URL=f"sqlite://{database}") as app:
        # The server's Date is the clock's too, and not this computer's.
        app.after_request(partial(dated, clock))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Site(f"http://localhost:{server.port}", clock, database)
        server.shutdown()
        thread.join()
        server.server_close()
