"""A Postgres server of our own, from the binaries of the system, gone when the tests are."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg


def binaries() -> Path | None:
    """Where `initdb`, `postgres` and `pg_ctl` are, the newest version first, or None."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    on_path = shutil.which("initdb")
    found = [*packaged, *([Path(on_path).parent] if on_path else [])]
    needed = ("initdb", "postgres", "pg_ctl")
    return next((place for place in found if all((place / name).exists() for name in needed)), None)


def someone() -> str | None:
    """Whom to run as: Postgres refuses to be root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@dataclass(frozen=True)
class Cluster:
    """A server that runs."""

    place: Path
    data: Path
    user: str | None
    port: int
    password: str

    def new_database(self) -> str:
        """Make an empty database and give its URL."""
        name = f"habits_{secrets.token_hex(4)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def url(self, database: str) -> str:
        """Where a database is."""
        return f"postgresql://habits:{self.password}@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """Stop at once, as in a power cut."""
        self.control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        options = f"-h 127.0.0.1 -p {self.port} -k '' -c fsync=off -c max_connections=100"
        self.control("start", "-t", "30", "-l", str(self.data.parent / "log"), "-o", options)

    def control(self, *arguments: str) -> None:
        """Run pg_ctl and wait for it."""
        command: list[str | Path] = [self.place / "pg_ctl", "-D", self.data, "-w", *arguments]
        _run(command, self.user, self.data.parent)


@contextmanager
def cluster(place: Path) -> Iterator[Cluster]:
    """A new server with a password, on loopback only, for as long as the block lasts."""
    home, user, password = Path(tempfile.mkdtemp(prefix="habits-postgres-")), someone(), secrets.token_hex(8)
    try:
        (home / "password").write_text(password)
        if user:
            for path in (home, home / "password"):
                shutil.chown(path, user)
        choices = ["-A", "scram-sha-256", "-U", "habits", "-E", "UTF8", "--no-sync", "--no-locale"]
        _run([place / "initdb", "-D", home / "data", "--pwfile", home / "password", *choices], user, home)
        made = Cluster(place, home / "data", user, _free_port(), password)
        made.start()
        try:
            yield made
        finally:
            if (made.data / "postmaster.pid").exists():
                made.stop()
    finally:
        shutil.rmtree(home)


def _run(command: list[str | Path], user: str | None, home: Path) -> None:
    done = subprocess.run(
        command,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd=home,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
