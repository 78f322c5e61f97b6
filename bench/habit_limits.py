"""What the habit app takes at its limits: starting, health while nobody answers for the database, and memory.

    python bench/habit_limits.py [--waiting 100] [--users 2000] [--starts 9] [--write]

First how long it takes from the begin of its process until health is well. Then a database that takes connections and
never says a word, with many requests for it at once; meanwhile health is asked again and again. Then a SQLite file with
many users of eight habits, each of whom loads their page once. --write puts the figures into docs/habit-app.md.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.aims import PAGE, Row, table, write_section  # noqa: E402
from bench.asking import processes  # noqa: E402
from habit_app.sessions import _signer  # noqa: E402
from habit_app.store.address import Address  # noqa: E402
from habit_app.store.database import open_database  # noqa: E402
from habit_app.store.migrations import migrate  # noqa: E402

SECRET = "a secret for measuring only, 32 bytes"
DAYS = 90
HEADING = "## At its limits"


def cookie(user: str) -> str:
    """A session of that user."""
    now = int(time.time())
    return f"session={_signer([SECRET.encode()], 'session').dumps([user, 1, now, now])}"


@contextmanager
def served(place: Path, database: str) -> Iterator[tuple[int, int]]:
    """The app as the image runs it; gives its port and the id of its first process."""
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": "0", "SECRET_KEY": SECRET, "DATABASE_URL": database}
    command = [sys.executable, "-m", "gunicorn", "-c", "habit_app/gunicorn_conf.py", "habit_app.wsgi:app"]
    environment["INSTANCE_DIR"] = str(place / "instance")
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr
        for line in process.stderr:
            if found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line):
                Thread(target=process.stderr.read, daemon=True).start()
                yield int(found[1]), process.pid
                return
        raise SystemExit("the app did not start")
    finally:
        process.terminate()
        process.wait(30)


def get(port: int, path: str, user: str = "") -> int:
    """Ask once on a connection of its own, and give the status."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    request.add_header("Accept-Encoding", "gzip")
    if user:
        request.add_header("Cookie", cookie(user))
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as problem:
        return problem.code


def outage(place: Path, waiting: int) -> Row:
    """The longest time that health takes while requests wait for a database that says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=1000)) as silent:
        url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/nothing"
        with served(place, url) as (port, _), ThreadPoolExecutor(waiting) as pool:
            get(port, "/api/health")
            began = time.monotonic()
            answers = [pool.submit(get, port, "/settings", "bench") for _ in range(waiting)]
            times = []
            while not all(answer.done() for answer in answers):
                asked = time.monotonic()
                assert get(port, "/api/health") == 200
                times.append((time.monotonic() - asked) * 1000)
                time.sleep(0.02)
            spent = time.monotonic() - began
    statuses = sorted({answer.result() for answer in answers})
    middle = statistics.median(times)
    note = f"longest of {len(times)}, median {middle:.0f} ms; the requests: {statuses} within {spent:.1f} s"
    return Row(
        f"health while {waiting} requests wait for a database that says nothing", 100, max(times), " ms", note=note
    )


def fill(file: Path, users: int) -> None:
    """Users with eight habits, ticked on most of the last days; written in one go."""
    database = open_database(Address("sqlite", str(file)))
    migrate(database)
    database.close()
    at, today = "2026-01-01T00:00:00.000000Z", datetime.now(UTC).date()
    days = [(today - timedelta(days=back)).isoformat() for back in range(DAYS) if back % 9 != 4]
    with closing(sqlite3.connect(file)) as link, link:
        for number in range(users):
            name = f"user{number:06}"
            link.execute(
                "INSERT INTO users (id, name, name_key, password_hash, zone, day_start, created_at)"
                " VALUES (?, ?, ?, 'x', 'UTC', 0, ?)",
                (name, name, name, at),
            )
            for habit in range(8):
                id = f"{name}h{habit}"
                row = (id, name, f"Habit {habit}", "daily", at)
                link.execute("INSERT INTO habits (id, user_id, name, schedule, created_at) VALUES (?, ?, ?, ?, ?)", row)
                link.executemany("INSERT INTO entries VALUES (?, ?, ?)", [(id, day, at) for day in days])


def proportional(pid: int) -> float:
    """Megabytes of a process and its children, shared pages counted in part."""
    total = 0
    for each in processes(pid):
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{each}/smaps_rollup").read_text(), re.M)
        total += int(found[1]) if found else 0
    return total / 1024


def start(place: Path, times: int) -> Row:
    """From the moment the app's process is begun until it says that it is well."""
    taken = []
    for number in range(times):
        began = time.monotonic()
        with served(place, f"sqlite://{place / f'start-{number}.db'}") as (port, _):
            assert get(port, "/api/health") == 200
            taken.append(time.monotonic() - began)
    note = f"median of {times}, longest {max(taken):.2f} s"
    return Row("exec to healthy", 0.45, statistics.median(taken), " s", note=note)


def memory(place: Path, users: int) -> Row:
    """What pages of many users take."""
    file = place / "habits.db"
    fill(file, users)
    with served(place, f"sqlite://{file}") as (port, pid):
        assert get(port, "/dashboard", "user000000") == 200
        before = proportional(pid)
        with ThreadPoolExecutor(4) as pool:
            statuses = set(pool.map(lambda number: get(port, "/dashboard", f"user{number:06}"), range(users)))
        assert statuses == {200}, statuses
        note = f"both processes; {before:.0f} MB with one user's page"
        return Row(f"memory, {users:,} users' pages kept", 70, proportional(pid), " MB", note=note)


def main() -> None:
    """Measure, print, and write when told to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--waiting", type=int, default=100)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--starts", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/habit-app.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        rows = [
            start(Path(place), chosen.starts),
            outage(Path(place), chosen.waiting),
            memory(Path(place), chosen.users),
        ]
    text = table(rows)
    print(text)
    if chosen.write:
        write_section(PAGE, HEADING, f"Taken on {datetime.now(UTC).date()}.\n\n{text}")


if __name__ == "__main__":
    main()
