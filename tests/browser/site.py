"""The habit app, served from this process on a clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

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


def handler(clock: Moved) -> type[WSGIRequestHandler]:
    """Answers requests without a line for each; the date of every answer is the clock's, not this computer's."""

    class Dated(WSGIRequestHandler):
        def send_header(self, keyword: str, value: str) -> None:
            if keyword.lower() != "date":
                super().send_header(keyword, value)

        def end_headers(self) -> None:
            super().send_header("Date", http_date(clock.now))
            super().end_headers()

        def log(self, type: str, message: str, *args: object) -> None:
            pass

    return Dated


@contextmanager
def serve(directory: Path) -> Iterator[Site]:
    """The app for as long as the block lasts, its data in `directory`, at noon UTC on Friday 30 January 2026."""
    clock, database = Moved(), directory / "habits.db"
    with app_at(directory / "instance", clock, DATABASE_URL=f"sqlite://{database}") as app:
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=handler(clock))
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Site(f"http://localhost:{server.port}", clock, database)
        server.shutdown()
        thread.join()
        server.server_close()
