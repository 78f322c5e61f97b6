"""A small client for tests that talk to a real daemon of the local platform."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.daemon import control
from tests.waiting import eventually

# Seconds. Longer than any answer takes: the platform's own waits end after 60.
PATIENCE = 70.0

# Answers with what its environment says; does what a path asks for. Starts in well under a tenth of a second.
SERVER = """
import json, os, signal, socket, sys, time
listener = socket.socket(); listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(os.environ["PORT"]))); listener.listen(64)
print("listening", flush=True)
def on_signal(number, frame):
    print("signal", signal.Signals(number).name, flush=True)
    sys.exit(0)
for name in ("SIGINT", "SIGTERM"): signal.signal(getattr(signal, name), on_signal)
health = "200 OK"
while True:
    connection, _ = listener.accept()
    request = b""
    while b"\\r\\n\\r\\n" not in request:
        data = connection.recv(65536)
        if not data: break
        request += data
    if not request: connection.close(); continue
    path = request.split(b" ")[1].decode()
    status, body = "200 OK", ""
    if path == "/health": status = health
    elif path == "/sick": health = "500 Internal Server Error"
    elif path == "/well": health = "200 OK"
    elif path == "/exit": os._exit(3)
    elif path == "/env": body = json.dumps(dict(os.environ))
    elif path == "/cwd": body = json.dumps({"cwd": os.getcwd(), "files": sorted(os.listdir("."))})
    elif path.startswith("/write/"): open(path[7:].replace("%2F", "/"), "a").write("x")
    elif path.startswith("/say/"): print(path[5:], flush=True)
    else: body = json.dumps({"region": os.environ["FLY_REGION"], "machine": os.environ["FLY_MACHINE_ID"]})
    text = body.encode()
    head = f"HTTP/1.1 {status}\\r\\ncontent-length: {len(text)}\\r\\nconnection: close\\r\\n\\r\\n"
    connection.sendall(head.encode() + text)
    connection.close()
"""
DOCKERFILE = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCMD ["python3", "-S", "-E", "app.py"]\n'


class Answer:
    """One answer: status, headers (lower-case names), raw and decoded body (None when it is not JSON)."""

    def __init__(self, status: int, headers: Mapping[str, str], raw: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.raw = raw
        try:
            self.body: Any = json.loads(raw) if raw else None
        except (ValueError, RecursionError):
            self.body = None

    def __repr__(self) -> str:
        return f"{self.status} {self.raw[:300]!r}"


class Api:
    """Talks to one daemon: its APIs, and its apps through the proxy."""

    def __init__(self, running: control.Running) -> None:
        self.running = running

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One API request with the daemon's token; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send(method, path, body, {"Authorization": f"Bearer {self.running.token}", **named})

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = PATIENCE,
    ) -> Answer:
        """One request with exactly these headers; `timeout` in seconds, for each read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=timeout)
        try:
            data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, body=data, headers=dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def visit(self, app: str, path: str = "/", *, region: str = "", **headers: str) -> Answer:
        """A request to an app through the proxy, from a region if one is named."""
        host = f"{region}.{app}.localhost" if region else f"{app}.localhost"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("GET", path, headers={"Host": f"{host}:{self.running.port}", **named})

    def app(self, name: str) -> str:
        """A new app."""
        answer = self.call("POST", "/v1/apps", {"name": name, "org_slug": "personal"})
        assert answer.status == 201, answer
        return name

    def build(self, app: str, context: Path, label: str = "one", **wanted: Any) -> str:
        """An image from a directory; its reference."""
        asked = {"app": app, "context": str(context), "dockerfile": "Dockerfile", "label": label}
        answer = self.call("POST", "/_local/builds", {"build": None, "inputs": None, **asked, **wanted})
        last = json.loads(answer.raw.decode().splitlines()[-1])
        assert last.get("event") == "built", answer
        return str(last["image"])

    def create(self, app: str, image: str, config: dict[str, Any] | None = None, **wanted: Any) -> str:
        """A machine; its id."""
        full = {"image": image, **(config or {})}
        answer = self.call("POST", f"/v1/apps/{app}/machines", {"config": full, "region": "iad", **wanted})
        assert answer.status == 200, answer
        return str(answer.body["id"])

    def on(self, app: str, machine: str, action: str, body: Any = None, method: str = "POST", **headers: str) -> Answer:
        """A request about one machine."""
        return self.call(method, f"/v1/apps/{app}/machines/{machine}{action}", body, **headers)

    def machine(self, app: str, machine: str) -> Any:
        """A machine as the API shows it now."""
        return self.on(app, machine, "", method="GET").body

    def wait(self, app: str, machine: str, state: str, timeout: int = 20) -> None:
        """Wait for a state, as clients do; fails the test when it is not reached."""
        answer = self.on(app, machine, f"/wait?state={state}&timeout={timeout}", method="GET")
        assert answer.status == 200, (answer, self.logs(app))

    def wait_healthy(self, app: str, machine: str, seconds: float = 20.0) -> None:
        """Wait until every check of a machine passes."""
        eventually(
            lambda: [check["status"] for check in self.machine(app, machine).get("checks") or []],
            lambda statuses: bool(statuses) and set(statuses) == {"passing"},
            seconds,
        )

    def started(self, app: str, image: str, config: dict[str, Any] | None = None, **wanted: Any) -> str:
        """A machine that has started; its id."""
        machine = self.create(app, image, config, **wanted)
        self.wait(app, machine, "started")
        return machine

    def logs(self, app: str) -> list[str]:
        """The messages of an app's log."""
        lines = self.call("GET", f"/_local/logs?app={app}&limit=1000").raw.decode().splitlines()
        return [json.loads(line)["message"] for line in lines]


def fleet_of(listed: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The machines of the Machines API's list without the one that keeps flyo's lock."""
    return [body for body in listed if "flyo_lock" not in body["config"].get("metadata", {})]
