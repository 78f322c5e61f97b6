"""Running the app for real: gunicorn in a process of its own, spoken to over HTTP."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import requests

ROOT = Path(__file__).parents[3]
SECRET = "a secret that only these tests know"
PASSWORD = "correct horse battery"
_LISTENING = re.compile(r"Listening at: http://127\.0\.0\.1:(\d+)")


class Server:
    """One machine of the app.

    Attributes:
        url: where it answers.
        log: what it has written so far, line by line.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Wait until `process` listens; what it wants to say after that is collected."""
        self.process = process
        self.log: list[str] = []
        self.port = self._listen()
        self.url = f"http://127.0.0.1:{self.port}"
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def terminate(self) -> None:
        """Ask it to stop, as Fly does."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Wait until it has stopped, and give its exit code."""
        status = self.process.wait(timeout=30)
        self._reader.join(timeout=10)
        return status

    def _listen(self) -> int:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.log.append(line)
            if found := _LISTENING.search(line):
                return int(found[1])
        raise AssertionError("it did not start:\n" + "".join(self.log))

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.log.extend(self.process.stdout)


def command() -> list[str]:
    """How the image starts the app, with this interpreter."""
    return [sys.executable, "-m", "gunicorn", "-c", "habit_app/gunicorn_conf.py", "habit_app.wsgi:app"]


def environment(instance: Path, **variables: str) -> dict[str, str]:
    """What the process gets to see: `variables` and the least it needs besides."""
    kept = {name: os.environ[name] for name in ("PATH", "COVERAGE_PROCESS_CONFIG") if name in os.environ}
    basics = {**kept, "HOST": "127.0.0.1", "PORT": "0", "PYTHONUNBUFFERED": "1"}
    return {**basics, "INSTANCE_DIR": str(instance), "SECRET_KEY": SECRET, **variables}


def on_fly(region: str, **variables: str) -> dict[str, str]:
    """The variables Fly sets, for a machine in `region` of an app whose primary region is iad."""
    fly = {
        "FLY_APP_NAME": "habit-tracker",
        "FLY_REGION": region,
        "FLY_MACHINE_ID": f"machine-{region}",
        "FLY_MACHINE_VERSION": "01HVERSION",
        "PRIMARY_REGION": "iad",
    }
    return {**fly, **variables}


@contextmanager
def running(instance: Path, variables: Mapping[str, str]) -> Iterator[Server]:
    """A server for as long as the block lasts."""
    process = subprocess.Popen(
        command(),
        cwd=ROOT,
        env=environment(instance, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Server(process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        finally:
            process.kill()
            process.wait()


class Visitor:
    """A browser: keeps cookies, says where its requests come from, follows nothing by itself."""

    def __init__(self, server: Server, cookies: requests.cookies.RequestsCookieJar | None = None) -> None:
        """Visit `server`, with another visitor's cookies if given."""
        self.server = server
        self.session = requests.Session()
        self.session.headers["Origin"] = server.url
        if cookies is not None:
            self.session.cookies.update(cookies)

    def elsewhere(self, server: Server) -> Visitor:
        """The same browser at another machine of the same app."""
        return Visitor(server, self.session.cookies)

    def get(self, path: str, **headers: str) -> requests.Response:
        """GET."""
        return self._send("GET", path, headers)

    def post(self, path: str, data: Mapping[str, object] | None = None, **headers: str) -> requests.Response:
        """POST a form."""
        return self._send("POST", path, headers, data=data or {})

    def put(self, path: str, body: object, **headers: str) -> requests.Response:
        """PUT JSON."""
        return self._send("PUT", path, headers, json=body)

    def sign_up(self, name: str = "ada", zone: str = "UTC") -> Visitor:
        """Make an account and stay signed in."""
        answer = self.post("/signup", {"name": name, "password": PASSWORD, "zone": zone})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard"), answer.text
        return self

    def add_habit(self, name: str = "Read", **schedule: object) -> str:
        """Add a habit and give its id."""
        before = set(self.habits())
        answer = self.post("/habits", {"name": name, **schedule})
        assert answer.status_code == 303, answer.text
        (added,) = set(self.habits()) - before
        return added

    def habits(self) -> list[str]:
        """Ids of the habits on the dashboard, in order."""
        return re.findall(r'data-habit="(\w+)"', self.dashboard())

    def dashboard(self) -> str:
        """The dashboard's HTML."""
        answer = self.get("/dashboard")
        assert answer.status_code == 200, answer.status_code
        return answer.text

    def today(self) -> str:
        """The user's date, as the page has it."""
        (first, *_) = re.findall(r'class="day[^"]* now"[^>]*data-day="([\d-]+)"', self.dashboard())
        return str(first)

    def done(self, habit: str) -> list[str]:
        """Days shown as done for a habit, oldest first."""
        form = self.dashboard().split(f'data-habit="{habit}"')[1].split("</form>")[0]
        return re.findall(r'class="day[^>]*data-day="([\d-]+)" aria-pressed="true"', form)

    def _send(self, method: str, path: str, headers: Mapping[str, str], **body: Any) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.request(
            method,
            self.server.url + path,
            headers=named,
            allow_redirects=False,
            timeout=20,
            **body,
        )
