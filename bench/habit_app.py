"""How fast the habit app serves pages: each figure beside the bare server with the same bytes, in one run, on one core.

    python bench/habit_app.py [--seconds 5] [--rounds 3]

Every app runs in the same gunicorn with the same settings, pinned to the first core where that can be done; this
process asks from eight connections. A round measures all of them one after the other, and the median of the rounds is
shown, so that a noisy moment does not fall on one of them alone.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from habit_app.schedule import Schedule  # noqa: E402
from habit_app.store import accounts, entries, habits  # noqa: E402
from habit_app.store.address import parse_address  # noqa: E402
from habit_app.store.database import open_database  # noqa: E402
from habit_app.store.migrations import migrate  # noqa: E402

SECRET = "a secret for measuring only, 32 bytes"
CONNECTIONS = 8
_BARE = """
import os
body = open(os.environ["BARE_BODY"], "rb").read()
headers = [tuple(line.split(": ", 1)) for line in open(os.environ["BARE_HEADERS"]).read().splitlines()]
def bare(environ, start_response):
    start_response("200 OK", list(headers))
    return [body]
from habit_app.app import create_app
app = create_app(os.environ)
app.wsgi_app = bare  # called in place of everything; the server's hooks still find what they expect
"""
_MISSES = """
import os
from habit_app.app import create_app
app = create_app(os.environ)
cache = app.extensions["habit_app"].dashboards.cache
inner = app.wsgi_app
def forgetting(environ, start_response):
    cache.forget(os.environ["BENCH_USER"])
    return inner(environ, start_response)
app.wsgi_app = forgetting
"""


@dataclass(frozen=True)
class Case:
    """One thing to measure."""

    name: str
    port: int
    cookie: str


def fill(url: str, days: int) -> str:
    """A user with eight habits, ticked on `days` days up to today; gives their id."""
    database, today = open_database(parse_address(url)), datetime.now(UTC).date()
    migrate(database)
    at = "2026-01-01T00:00:00.000000Z"
    with database.writing() as link:
        accounts.add(link, id="bench", name="bench", key="bench", password_hash="x", zone="UTC", at=at)
        for number in range(8):
            habits.add(link, id=f"h{number}", user_id="bench", name=f"Habit {number}", schedule=Schedule(), at=at)
    for number in range(8):
        for start in range(days, 0, -200):
            with database.writing() as link:
                for back in range(start - 1, max(start - 201, -1), -1):
                    entries.put(link, f"h{number}", today - timedelta(days=back), done=back % 9 != 4, at=at)
    database.close()
    return "bench"


def cookie() -> str:
    """A session of that user."""
    from habit_app.sessions import _signer

    now = int(time.time())
    return f"session={_signer([SECRET.encode()], 'session').dumps(['bench', 1, now, now])}"


@contextmanager
def served(target: str, place: Path, **variables: str) -> Iterator[int]:
    """gunicorn with the app's own settings; gives its port."""
    environment = {
        **os.environ,
        "HOST": "127.0.0.1",
        "PORT": "0",
        "SECRET_KEY": SECRET,
        "PYTHONPATH": f"{ROOT}:{place}",
    }
    environment.update(INSTANCE_DIR=str(place / "instance"), **variables)
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "habit_app/gunicorn_conf.py"), target]
    pinned = ["taskset", "-c", "0"] if os.access("/usr/bin/taskset", os.X_OK) else []
    # The habit app writes a line for each request itself; the others have gunicorn write one.
    lines = [] if target.startswith("habit_app") else ["--access-logfile", os.devnull]
    process = subprocess.Popen(
        [*pinned, *command, *lines],
        cwd=place,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr
        for line in process.stderr:
            if found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line):
                Thread(target=process.stderr.read, daemon=True).start()
                yield int(found[1])
                return
        raise SystemExit(f"{target} did not start")
    finally:
        process.terminate()
        process.wait(30)


class Link:
    """One kept connection that asks for the dashboard."""

    def __init__(self, case: Case) -> None:
        """Connect."""
        self.socket = socket.create_connection(("127.0.0.1", case.port), timeout=30)
        self.request = (
            f"GET /dashboard HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nCookie: {case.cookie}\r\n\r\n"
        ).encode()

    def ask(self) -> tuple[bytes, bytes]:
        """Head and body of one answer."""
        self.socket.sendall(self.request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
        while len(body) < length:
            body += self.socket.recv(65536)
        assert head.startswith(b"HTTP/1.1 200"), head
        return head, body


def rate(case: Case, seconds: float) -> float:
    """Answers a second."""
    counts = [0] * CONNECTIONS
    links = [Link(case) for _ in counts]
    until = time.monotonic() + seconds

    def work(number: int) -> None:
        while time.monotonic() < until:
            links[number].ask()
            counts[number] += 1

    threads = [Thread(target=work, args=(number,)) for number in range(CONNECTIONS)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.monotonic() - started
    for link in links:
        link.socket.close()
    return sum(counts) / spent


def cases(stack: ExitStack, place: Path) -> list[Case]:
    """Start everything there is to measure."""
    (place / "bare.py").write_text(_BARE)
    (place / "misses.py").write_text(_MISSES)
    signed_in, start = cookie(), stack.enter_context
    short, long = f"sqlite://{place}/short.db", f"sqlite://{place}/long.db"
    user = fill(short, 90)
    fill(long, 3650)
    kept = Case("cached dashboard", start(served("habit_app.wsgi:app", place, DATABASE_URL=short)), signed_in)
    Link(kept).ask()
    head, body = Link(kept).ask()
    (place / "body").write_bytes(body)
    own = ("server", "date", "connection")
    lines = [line for line in head.decode().split("\r\n")[1:] if line.split(":")[0].lower() not in own]
    (place / "headers").write_text("\n".join(lines))
    print(f"page on the wire: {len(body)} bytes, with its head {len(head) + 4 + len(body)}")
    bare = {"BARE_BODY": str(place / "body"), "BARE_HEADERS": str(place / "headers")}
    return [
        Case("bare WSGI app, the same bytes", start(served("bare:app", place, **bare)), signed_in),
        kept,
        Case("miss, 90 days", start(served("misses:app", place, DATABASE_URL=short, BENCH_USER=user)), signed_in),
        Case("miss, 10 years", start(served("misses:app", place, DATABASE_URL=long, BENCH_USER=user)), signed_in),
    ]


def show(found: dict[str, list[float]]) -> None:
    """The table."""
    median: Callable[[str], float] = lambda name: statistics.median(found[name])  # noqa: E731
    first = next(iter(found))
    for name in found:
        print(f"{name:32} {median(name):8.0f}/s   {median(name) / median(first):.2f} of the bare one")
    print(f"{'ten years cost':32} {median('miss, 90 days') / median('miss, 10 years'):8.2f} times 90 days")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=5, help="for each figure")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        measured = cases(stack, Path(place))
        for _ in range(chosen.rounds):
            for case in measured:
                found.setdefault(case.name, []).append(rate(case, chosen.seconds))
    show(found)


if __name__ == "__main__":
    main()
