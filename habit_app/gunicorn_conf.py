"""How gunicorn runs the app: `gunicorn -c habit_app/gunicorn_conf.py habit_app.wsgi:app`."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from threading import Thread
from typing import Any

from habit_app.settings import SettingsError, read_settings


def _address() -> str:
    """Every address of the machine, unless HOST names one; IPv6 takes IPv4 along where it exists."""
    port = os.environ.get("PORT") or "8080"
    host = os.environ.get("HOST")
    if host:
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return f"0.0.0.0:{port}"
    return f"[::]:{port}"


# Twice within the minute for which a page counts as fresh, so that one question may fail.
FOLLOW_SECONDS = 25.0

bind = _address()
# One process, because each one has its own cache; threads, because a request mostly waits for the database.
worker_class = "habit_app.gunicorn_worker.DrainingWorker"
workers = 1
threads = 8
keepalive = 65
# On SIGTERM: finish what is under way. Must be shorter than kill_timeout in fly.toml.
graceful_timeout = 25
# No heartbeat between gunicorn's two processes. After a machine was suspended the worker would look stuck, and
# gunicorn would shoot it just as the request that woke the machine arrives.
timeout = 0
# On a disk that is slow for a moment even touching a file can block; memory never is.
if Path("/dev/shm").is_dir() and os.access("/dev/shm", os.W_OK):
    worker_tmp_dir = "/dev/shm"
# Nobody uses it, and it wants a home directory, which the user in the image does not have.
control_socket_disable = True
# The app writes a line for each request itself (observe/requests.py).
accesslog = None


def on_starting(server: Any) -> None:
    """Refuse to start with one clear line instead of a worker that dies with a traceback."""
    try:
        read_settings(os.environ)
    except SettingsError as problem:
        server.log.error("cannot start: %s", problem)
        raise SystemExit(1) from None


def post_worker_init(worker: Any) -> None:
    """In the worker, before its first request: get ready in the background."""
    services = worker.wsgi.extensions["habit_app"]
    if services.settings.migrates_at_start:
        Thread(target=services.store.prepare_quietly, name="prepare", daemon=True).start()
    Thread(target=_follow, args=(services,), name="follow", daemon=True).start()


def _follow(services: Any) -> None:
    """Keep what is in memory true: ask in one piece which users have moved on, so that no page load has to wait."""
    services.dashboards.prepare()
    if services.settings.primary:
        services.dashboards.reach_quietly()
    while not services.drain.draining:
        time.sleep(FOLLOW_SECONDS)
        services.dashboards.follow_quietly(idle_seconds=services.settings.follow_idle_seconds)


def worker_exit(server: Any, worker: Any) -> None:
    """After the last request: close the database."""
    app = getattr(worker, "wsgi", None)
    if app is not None:
        app.extensions["habit_app"].store.close()
