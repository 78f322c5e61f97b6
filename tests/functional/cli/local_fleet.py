"""An app of two regions on a real local platform, driven by the flyo command as a child process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.flyo_process import Computer
from tests.platform_client import fleet_of

APP = "fleet-test"

# A request for /slow is under way until the server is asked to stop.
SERVER = """
import json, os, signal, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

stopping = threading.Event()

class Server(ThreadingHTTPServer):
    daemon_threads = False

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/slow"):
            Path(os.environ["SWITCHES"], "slow-began").touch()
            stopping.wait(60)
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
        # Without what is asked: that may be a secret, which is not to be in logs that others read.
        print("asked for", self.path.partition("?")[0], flush=True)

server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
def stop(*args):
    stopping.set()
    threading.Thread(target=server.shutdown).start()
for each in (signal.SIGINT, signal.SIGTERM):
    signal.signal(each, stop)
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
watch = "0s"

[probe]
path = "/up"
identity = "required"
""",
}


class LocalFleet(Computer):
    """A project of two regions, and the platform it is deployed to."""

    @property
    def switches(self) -> Path:
        return self.root / "switches"

    def write(self) -> LocalFleet:
        """Write the project's files."""
        for directory in (self.project, self.switches):
            directory.mkdir(parents=True, exist_ok=True)
        for name, text in FILES.items():
            filled = text.replace("{app}", APP).replace("{switches}", str(self.switches))
            (self.project / name).write_text(filled)
        return self

    def machines(self) -> list[dict[str, Any]]:
        """Every machine, by region."""
        found: list[dict[str, Any]] = self.manage("GET", f"/v1/apps/{APP}/machines")
        return sorted(fleet_of(found), key=lambda each: (each["region"], each["id"]))

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
        self.manage("POST", f"{path}/{action}")
        self.manage("GET", f"{path}/wait?state={state}&timeout=30&instance_id={machine['instance_id']}")
