"""An app of two regions on a real local platform, driven by the flyo command as a child process."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FLYO = Path(sysconfig.get_path("scripts")) / "flyo"
# Longer than anything here takes; a hang becomes a failure.
PATIENCE = 90
APP = "fleet-test"

SERVER = """
import json, os, signal, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

class Server(ThreadingHTTPServer):
    daemon_threads = False

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/slow"):
            Path(os.environ["SWITCHES"], "slow-began").touch()
            time.sleep(2)
        region = os.environ["FLY_REGION"]
        sick = Path(os.environ["SWITCHES"], "sick-" + region).exists()
        said = {"region": region, "machine": os.environ["FLY_MACHINE_ID"], "release": os.environ["FLY_MACHINE_VERSION"]}
        body = json.dumps(said).encode()
        self.send_response(500 if sick else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        print("asked for", self.path, flush=True)

server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
for each in (signal.SIGINT, signal.SIGTERM):
    signal.signal(each, lambda *args: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()
"""

FILES = {
    "server.py": SERVER,
    "Dockerfile": 'FROM python:3.12-slim\nWORKDIR /app\nCOPY server.py .\nCMD ["python3", "server.py"]\n',
    "fly.toml": """
app = "{app}"
primary_region = "iad"
kill_timeout = "8s"

[env]
SWITCHES = "{switches}"

[http_service]
internal_port = 8080
auto_stop_machines = "off"

[[http_service.checks]]
path = "/up"
interval = "2s"
timeout = "1s"
grace_period = "1s"
""",
    "flyo.toml": """
[regions]
iad = 1
fra = 1

[rollout]
timeout = "20s"

[probe]
path = "/up"
identity = "required"
""",
}


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


@dataclass
class LocalFleet:
    """A project directory, a platform directory, and nothing of the developer's own environment."""

    root: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def switches(self) -> Path:
        return self.root / "switches"

    @property
    def variables(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        own = {
            "HOME": str(self.root),
            "FLYO_LOCAL_DIR": str(self.root / "local"),
            "FLYO_STATE_DIR": str(self.root / "state"),
        }
        return kept | own | {"FLYO_FLYCTL": "stand-in", "FLYO_LOCAL_PORT": "0", "COLUMNS": "120"} | self.extra

    def write(self) -> LocalFleet:
        """Write the project's files."""
        for directory in (self.project, self.switches):
            directory.mkdir(parents=True, exist_ok=True)
        for name, text in FILES.items():
            filled = text.replace("{app}", APP).replace("{switches}", str(self.switches))
            (self.project / name).write_text(filled)
        return self

    def flyo(self, *arguments: str, cwd: Path | None = None, **env: str) -> Ran:
        """Run one command to its end."""
        ran = subprocess.run(
            [FLYO, *arguments],
            cwd=cwd or self.project,
            env=self.variables | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def ok(self, *arguments: str, **env: str) -> Ran:
        """Run one command that must succeed."""
        ran = self.flyo(*arguments, **env)
        assert ran.status == 0, f"flyo {' '.join(arguments)} exited {ran.status}\n{ran.stdout}\n{ran.stderr}"
        return ran

    @property
    def locator(self) -> dict[str, Any]:
        """What the daemon says of itself: pid, port, token."""
        located: dict[str, Any] = json.loads((self.root / "local" / "daemon.json").read_text())
        return located

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the Machines API."""
        link = http.client.HTTPConnection("127.0.0.1", self.locator["port"], timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {self.locator['token']}", "Content-Type": "application/json"}
        link.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        assert answer.status < 300, text
        return json.loads(text) if text else None

    def machines(self) -> list[dict[str, Any]]:
        """Every machine, by region."""
        found: list[dict[str, Any]] = self.api("GET", f"/v1/apps/{APP}/machines")
        return sorted(found, key=lambda each: (each["region"], each["id"]))

    def regions(self) -> list[str]:
        """The region of every machine."""
        return [machine["region"] for machine in self.machines()]

    def machine_in(self, region: str) -> dict[str, Any]:
        """The only machine of a region."""
        (machine,) = (each for each in self.machines() if each["region"] == region)
        return machine

    def act(self, machine: dict[str, Any], action: str, state: str) -> None:
        """Start, stop or suspend a machine and wait until it is so."""
        path = f"/v1/apps/{APP}/machines/{machine['id']}"
        self.api("POST", f"{path}/{action}")
        self.api("GET", f"{path}/wait?state={state}&timeout=30&instance_id={machine['instance_id']}")
