"""The habit app, served from this process on a clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread

from flask import Response
from werkzeug.http import http_date
from werkzeug.serving import WSGIRequestHandler, make_server

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


@contextmanager
def serve(directory: Path) -> Iterator[Site]:
    """The app for as long as the block lasts, its data in `directory`, at noon UTC on Friday 30 January 2026."""
    clock, database = Moved(), directory / "habits.db"
    with app_at(directory / "instance", clock, DATABASE_URL=f"sqlite://{database}") as app:
        # The server's Date is the clock's too, and not this computer's.
        app.after_request(partial(dated, clock))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Site(f"http://localhost:{server.port}", clock, database)
        server.shutdown()
        thread.join()
        server.server_close()
