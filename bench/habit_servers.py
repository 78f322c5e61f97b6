"""The habit app's server, chosen by measurement: gunicorn with threads, as the image has it, beside granian.

    pip install granian
    python -m bench.habit_servers [--seconds 3] [--rounds 3] [--write]

Both serve the same app, pinned to the first core where that can be done. Rates are answers in a second of the server's
own processor time, which other programs do not change much; they are taken in turns, and their ratio is the median of
the rounds'. Then each is stopped while a request is under way, frozen as a machine is that sleeps, asked
for its health while others wait for a database that says nothing, and its memory is read. --write puts the figures into
docs/habit-app.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.aims import PAGE, figure, markdown, write_section
from bench.asking import Link, processes, work
from bench.habit_app import MISSES, ROOT, SECRET, cookie, fill
from bench.habit_limits import get, proportional

HEADING = "## The server"
THREADS = 8
WAITING = 100
FROZEN_SECONDS = 5.0
PATIENCE = 30.0
# What gunicorn's hooks do in the image, where no gunicorn is.
_WITHOUT_HOOKS = """
from threading import Thread
from habit_app.gunicorn_conf import _follow
from habit_app.wsgi import app
parts = app.extensions["habit_app"]
Thread(target=parts.store.prepare_quietly, daemon=True).start()
Thread(target=_follow, args=(parts,), daemon=True).start()
"""
_FORM = b"name=ada&password=correct+horse+battery"


@dataclass(frozen=True)
class Server:
    """One that runs.

    Attributes:
        process: its first process.
        port: where it listens on this computer.
        starting: seconds from its begin until its health was well.
    """

    process: subprocess.Popen[bytes]
    port: int
    starting: float


def command(kind: str, target: str, port: int) -> list[str]:
    """How a server is started; `target` is a module with an `app` in it."""
    if kind == "gunicorn":
        return [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "habit_app/gunicorn_conf.py"), f"{target}:app"]
    words = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    return [*words, "--workers", "1", "--blocking-threads", str(THREADS), "--no-log", f"{target}:app"]


@contextmanager
def served(kind: str, place: Path, url: str, target: str = "") -> Iterator[Server]:
    """A server of the app with the database at `url`, well, for as long as the block lasts."""
    (place / "without_hooks.py").write_text(_WITHOUT_HOOKS)
    port = free_port()
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "SECRET_KEY": SECRET, "DATABASE_URL": url}
    environment |= {"INSTANCE_DIR": str(place / "instance"), "PYTHONPATH": f"{ROOT}:{place}", "BENCH_USER": "bench"}
    module = target or ("habit_app.wsgi" if kind == "gunicorn" else "without_hooks")
    pinned = ["taskset", "-c", "0"] if os.access("/usr/bin/taskset", os.X_OK) else []
    began = time.monotonic()
    process = subprocess.Popen(
        [*pinned, *command(kind, module, port)],
        cwd=place,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not well(port):
            if process.poll() is not None or time.monotonic() > began + PATIENCE:
                sys.exit(f"{kind} did not start")
            time.sleep(0.005)
        yield Server(process, port, time.monotonic() - began)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def free_port() -> int:
    """One that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


def well(port: int) -> bool:
    """Whether health is."""
    try:
        return get(port, "/api/health") == 200
    except OSError:
        return False


def rates(place: Path, seconds: float, rounds: int) -> dict[str, list[float]]:
    """Answers in a second of processor time by "KIND cached" and "KIND miss", one for each round."""
    (place / "misses.py").write_text(MISSES)
    url = f"sqlite://{place}/rates.db"
    fill(url, 90)
    found: dict[str, list[float]] = {}
    with ExitStack() as stack:
        running = {}
        for kind in KINDS:
            running[f"{kind} cached"] = stack.enter_context(served(kind, place, url))
            running[f"{kind} miss"] = stack.enter_context(served(kind, place, url, "misses"))
        for _ in range(rounds):
            for name, server in running.items():
                found.setdefault(name, []).append(work(server.process.pid, server.port, cookie(), seconds))
    return found


def stopped(kind: str, place: Path) -> str:
    """What becomes of a request that is under way at SIGTERM, and how the server ends."""
    with served(kind, place, f"sqlite://{place}/stopped.db") as server:
        link = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        head = f"POST /signup HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(_FORM)}\r\n"
        link.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode() + _FORM[:5])
        time.sleep(0.3)
        answer = _end(server, link, _FORM[5:])
        return f"{answer}; ends with {_status(server)}"


def stopped_inside(kind: str, place: Path) -> str:
    """The same for one that waits for a database that says nothing, inside the app."""
    with silent() as url, served(kind, place, url) as server:
        link = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        head = f"GET /settings HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookie()}\r\n\r\n"
        link.sendall(head.encode())
        time.sleep(0.3)
        answer = _end(server, link, b"")
        return f"{answer}; ends with {_status(server)}"


def _end(server: Server, link: socket.socket, rest: bytes) -> str:
    server.process.terminate()
    time.sleep(0.3)
    try:
        if rest:
            link.sendall(rest)
        answer = link.makefile("rb").read()
    except OSError as problem:
        return f"lost ({type(problem).__name__})"
    finally:
        link.close()
    return f"answered {answer.split()[1].decode()}" if answer else "lost (closed)"


def _status(server: Server) -> str:
    began = time.monotonic()
    try:
        return f"{server.process.wait(PATIENCE)} after {time.monotonic() - began:.1f} s"
    except subprocess.TimeoutExpired:
        server.process.kill()
        return f"nothing within {PATIENCE:.0f} s"


def thawed(kind: str, place: Path) -> float:
    """Milliseconds from the end of a freeze until a request that came meanwhile, on a kept connection, is answered."""
    url = f"sqlite://{place}/thawed.db"
    fill(url, 10)
    with served(kind, place, url) as server:
        link = Link(server.port, cookie())
        link.ask()
        every = processes(server.process.pid)
        for pid in every:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(FROZEN_SECONDS)
        link.send()
        began = time.monotonic()
        for pid in every:
            os.kill(pid, signal.SIGCONT)
        while not link.read():
            pass
        spent = (time.monotonic() - began) * 1000
        link.socket.close()
        if not all(well(server.port) for _ in range(5)):
            sys.exit(f"{kind} does not answer any more after it was frozen")
        return spent


def health_in_trouble(kind: str, place: Path) -> float:
    """The longest that health takes while many wait for a database that says nothing, in milliseconds."""
    with silent() as url, served(kind, place, url) as server, ThreadPoolExecutor(WAITING) as pool:
        answers = [pool.submit(get, server.port, "/settings", "bench") for _ in range(WAITING)]
        times = []
        while not all(answer.done() for answer in answers):
            asked = time.monotonic()
            well(server.port)
            times.append((time.monotonic() - asked) * 1000)
            time.sleep(0.02)
    return max(times)


@contextmanager
def silent() -> Iterator[str]:
    """The address of a Postgres that takes connections and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=1000)) as listening:
        yield f"postgresql://nobody@127.0.0.1:{listening.getsockname()[1]}/nothing"


def memory(kind: str, place: Path, seconds: float) -> tuple[float, float, float]:
    """Megabytes at rest, megabytes after it was kept busy, and seconds until it was well."""
    url = f"sqlite://{place}/memory.db"
    fill(url, 90)
    with served(kind, place, url) as server:
        time.sleep(0.5)
        rest = proportional(server.process.pid)
        work(server.process.pid, server.port, cookie(), seconds)
        return rest, proportional(server.process.pid), server.starting


KINDS = ("gunicorn", "granian")


def lines(found: Mapping[str, Sequence[float]], each: Mapping[str, Mapping[str, str | float]]) -> list[tuple[str, ...]]:
    """The table: a line for each thing, gunicorn's, granian's, and the latter divided by the former."""
    table = []
    for what, name in (
        ("cached dashboard, answers in a second of processor", "cached"),
        ("SQLite miss, the same", "miss"),
    ):
        one, other = found[f"gunicorn {name}"], found[f"granian {name}"]
        ratio = statistics.median(b / a for a, b in zip(one, other, strict=True))
        cells = (f"{figure(statistics.median(values))}/s" for values in (one, other))
        table.append((what, *cells, f"{ratio:.2f}"))
    for what in each["gunicorn"]:
        one_value, other_value = each["gunicorn"][what], each["granian"][what]
        if isinstance(one_value, str) or isinstance(other_value, str):
            table.append((what, str(one_value), str(other_value), ""))
        else:
            table.append((what, figure(one_value), figure(other_value), f"{other_value / one_value:.2f}"))
    return table


def look_at(kind: str, place: Path, seconds: float) -> dict[str, str | float]:
    """Everything but the rates."""
    rest, busy, starting = memory(kind, place, seconds)
    return {
        "SIGTERM while a form arrives": stopped(kind, place),
        "SIGTERM while the app waits": stopped_inside(kind, place),
        f"frozen for {FROZEN_SECONDS:g} s, then answered, ms": thawed(kind, place),
        f"health while {WAITING} wait for the database, longest, ms": health_in_trouble(kind, place),
        "memory at rest, MB": rest,
        "memory after work, MB": busy,
        "exec to healthy, s": starting,
    }


def main() -> None:
    """Measure, print, and write when told to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=3, help="for each rate")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/habit-app.md")
    chosen = parser.parse_args()
    if importlib.util.find_spec("granian") is None:
        sys.exit("granian is not installed, and nothing but this needs it: pip install granian")
    each = {}
    with tempfile.TemporaryDirectory() as base:
        found = rates(Path(base), chosen.seconds, chosen.rounds)
        for kind in KINDS:
            with tempfile.TemporaryDirectory() as place:
                each[kind] = look_at(kind, Path(place), chosen.seconds)
    text = markdown(("", "gunicorn, 8 threads", "granian, 8 blocking threads", "ratio"), lines(found, each))
    print(text)
    if chosen.write:
        write_section(PAGE, HEADING, f"Taken on {datetime.now(UTC).date()}, {chosen.rounds} rounds.\n\n{text}")


if __name__ == "__main__":
    main()
