"""A project of three regions on a real local platform, rolled out by the flyo command as a child process."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.daemon import control
from tests.flyo_process import Computer, Ran
from tests.platform_client import Api, fleet_of
from tests.waiting import eventually

APP = "rollout-test"

# The first line says how a release behaves; the tests rewrite it.
SERVER = """
BEHAVIOUR = "good"
import json, os, random, signal, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

region = os.environ["FLY_REGION"]
if BEHAVIOUR == "exits":
    print("no database", flush=True); sys.exit(4)
if BEHAVIOUR == "deaf":
    threading.Event().wait()

luck = random.Random(BEHAVIOUR + region)

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if BEHAVIOUR == "ends":
            # The first to ask sees it well.
            threading.Timer(2.0, os._exit, (1,)).start()
        bad = BEHAVIOUR == "broken" or BEHAVIOUR == "broken-" + region
        # The platform's own check never sees what only the world outside sees.
        outside = self.path == "/up"
        said = {"region": "ams" if BEHAVIOUR == "lost" else region, "machine": os.environ["FLY_MACHINE_ID"]}
        said["secret"] = len(os.environ.get("PLANTED", ""))
        body = json.dumps(said).encode()
        page = {"half": luck.choice((200, 500)), "missing": 404}.get(BEHAVIOUR, 200) if self.path == "/" else 200
        page = 500 if BEHAVIOUR == "unsold" and self.path == "/buy" else page
        self.send_response(500 if bad and outside else page)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        print("asked for", self.path, flush=True)

# As a process it is told where; in a container it listens where fly.toml says.
address = os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8080"))
server = ThreadingHTTPServer(address, Handler)
signal.signal(signal.SIGTERM, lambda *args: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""
DOCKERFILE = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCMD ["python3", "-S", "server.py"]\n'
FLY_TOML = """
app = "rollout-test"
primary_region = "iad"
kill_signal = "SIGTERM"

[http_service]
internal_port = 8080
auto_start_machines = true

[[http_service.checks]]
path = "/alive"
interval = "2s"
timeout = "1s"
grace_period = "1s"
"""
FLYO_TOML = """
[regions]
iad = 1
fra = 1
nrt = 1

[rollout]
timeout = "15s"
watch = "0s"

[probe]
path = "/up"
"""


class RolloutProject(Computer):
    """A project directory and the daemon it is deployed to."""

    dockerfile = DOCKERFILE
    contained = False

    def write(self) -> RolloutProject:
        """Write the files of a good release."""
        self.project.mkdir(parents=True, exist_ok=True)
        files = {"server.py": SERVER, "Dockerfile": self.dockerfile, "fly.toml": FLY_TOML, "flyo.toml": FLYO_TOML}
        files[".dockerignore"] = "*.toml\n*.json\n"
        for name, text in files.items():
            (self.project / name).write_text(text)
        self.behave("good")
        return self

    def behave(self, behaviour: str) -> None:
        """Change what the next release does."""
        _, _, rest = SERVER.lstrip().partition("\n")
        (self.project / "server.py").write_text(f'BEHAVIOUR = "{behaviour}"\n{rest}')

    def add_worker(self) -> None:
        """Add a process group without a service, in two of the regions."""
        (self.project / "worker.py").write_text("import threading\nthreading.Event().wait()\n")
        fly = self.project / "fly.toml"
        text = fly.read_text().replace("[http_service]\n", '[http_service]\nprocesses = ["app"]\n')
        fly.write_text(text + '\n[processes]\napp = "python3 -S server.py"\nworker = "python3 -S worker.py"\n')
        flyo = self.project / "flyo.toml"
        flyo.write_text(flyo.read_text() + "\n[groups.worker.regions]\niad = 1\nfra = 1\n")

    def drop_worker(self) -> None:
        """Take that process group out of the files again."""
        for name in ("fly.toml", "flyo.toml"):
            text = (self.project / name).read_text().replace('worker = "python3 -S worker.py"\n', "")
            (self.project / name).write_text(text.partition("\n[groups.worker.regions]")[0])

    def add_volumes(self) -> None:
        """Have each machine of group "app" mount a volume."""
        fly = self.project / "fly.toml"
        fly.write_text(fly.read_text() + '\n[mounts]\nsource = "data"\ndestination = "/data"\ninitial_size = "2gb"\n')

    def drop_volumes(self) -> None:
        """Have it mount none any more."""
        fly = self.project / "fly.toml"
        fly.write_text(fly.read_text().partition("\n[mounts]")[0])

    def make_volume(self, region: str) -> str:
        """Make a volume that no machine has; gives its id."""
        wanted = {"name": "data", "region": region, "size_gb": 2}
        return str(self.api.call("POST", f"/v1/apps/{APP}/volumes", wanted).body["id"])

    def volumes(self) -> list[dict[str, Any]]:
        """The volumes that are there to stay."""
        answer = self.api.call("GET", f"/v1/apps/{APP}/volumes")
        return [body for body in answer.body if body["state"] == "created"]

    def deploy(self, *args: str) -> Ran:
        """`flyo deploy --local`."""
        return self.flyo("deploy", "--local", *args)

    def deploy_and(self, when: Callable[[dict[str, Any]], bool], then: Callable[[subprocess.Popen[str]], None]) -> Ran:
        """`flyo deploy --local --json`, doing something the first time an event answers to `when`."""
        return self.start_and(("deploy", "--local", "--json"), when, then)

    # --- what is there

    def machines(self) -> dict[str, dict[str, Any]]:
        """Region -> machine; there is one in each here."""
        answer = self.api.call("GET", f"/v1/apps/{APP}/machines")
        return {body["region"]: body for body in fleet_of(answer.body)}

    def what_matters(self) -> dict[str, Any]:
        """What a rollback must bring back."""
        return {
            region: (
                body["id"],
                body["image_ref"]["digest"],
                body["state"],
                {key: value for key, value in body["config"].items() if key != "image"},
            )
            for region, body in self.machines().items()
        }

    def versions(self) -> dict[str, str]:
        """Region -> version of its machine."""
        return {region: body["instance_id"] for region, body in self.machines().items()}

    def wait_for(self, region: str, state: str) -> None:
        """Wait until a region's machine is in a state."""
        eventually(lambda: self.machines()[region]["state"], lambda now: now == state)

    def journals(self) -> list[Path]:
        """Every rollout's journal, oldest first."""
        return sorted((self.root / "state").rglob("*.jsonl"), key=lambda path: path.stat().st_mtime)


def interrupt(child: subprocess.Popen[str]) -> None:
    """Ctrl-C."""
    child.send_signal(signal.SIGINT)


def now() -> float:
    """Seconds, for durations."""
    return time.monotonic()


def start_over(running: control.Running) -> None:
    """Empty a platform, and give it the documented rate limits."""
    api = Api(running)
    assert api.call("POST", "/_local/reset").status == 200
    usual = {"delays": False, "rate_limits": True, "autostop_tick_seconds": 300, "boot_seconds": 0}
    assert api.call("PUT", "/_local/settings", usual).status == 200


def with_a_release(fresh: RolloutProject) -> RolloutProject:
    """The same project, with a first release running in three regions; the tests themselves are under no rate limit."""
    fresh.plant(APP)
    ran = fresh.deploy()
    assert ran.status == 0, ran.stderr
    assert fresh.api.call("PUT", "/_local/settings", {"rate_limits": False}).status == 200
    return fresh
