"""The app that the pages speak of, in three regions, and the computer on which their commands are typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests import planted
from tests.e2e.laptop import ROOT
from tests.flyo_process import FLYO, Computer, Ran
from tests.functional.docs.blocks import Block

SERVER = """
import json, os, signal, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

answer = Path("answer").read_text().strip()
if answer == "crash":
    sys.exit(1)

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        region = os.environ["FLY_REGION"]
        said = {"region": region, "machine": os.environ["FLY_MACHINE_ID"], "release": os.environ["FLY_MACHINE_VERSION"]}
        # Checks ask the machine itself; what comes through the proxy has an id.
        bad = answer in ("bad", "bad-" + region) and "fly-request-id" in self.headers
        body = b"" if bad else json.dumps(said).encode()
        self.send_response(500 if bad else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        print("asked for", self.path, flush=True)

for each in (signal.SIGINT, signal.SIGTERM):
    signal.signal(each, lambda *args: os._exit(0))
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
FILES = {
    "server.py": SERVER,
    "answer": "good\n",
    "Dockerfile": 'FROM python:3.12-slim\nWORKDIR /app\nCOPY server.py answer ./\nCMD ["python3", "server.py"]\n',
    "fly.toml": """app = "shop"
primary_region = "iad"

[http_service]
internal_port = 8080
auto_stop_machines = "suspend"
auto_start_machines = true
min_machines_running = 1

[[http_service.checks]]
path = "/up"
interval = "2s"
timeout = "1s"
grace_period = "1s"

[[vm]]
size = "shared-cpu-1x"
memory_mb = 512
""",
    "flyo.toml": """[regions]
iad = 1
fra = 1
nrt = 1

[rollout]
timeout = "6s"
watch = "0s"

[probe]
path = "/up"
""",
}
# What the runner has on PATH besides flyo: dependencies without a package index, and no watch.
BORROW = f"""#!{sys.executable}
import json, pathlib
path = pathlib.Path("flyo.toml")
text = path.read_text()
offline = json.dumps({f"{sys.executable} {ROOT / 'tests/e2e/borrow_packages.py'}"!r})
text = text.replace('"pip install -r habit_app/requirements.txt"', offline)
path.write_text(text.replace("[rollout]\\n", '[rollout]\\nwatch = "0s"\\n'))
"""


class Typist(Computer):
    """A computer on which a page's commands are typed, one block after the other."""

    def write(self, project: str) -> None:
        """What is there when the page begins."""
        bin_ = self.root / "bin"
        for directory in (self.project, bin_):
            directory.mkdir(parents=True)
        (bin_ / "borrow-packages").write_text(BORROW)
        (bin_ / "borrow-packages").chmod(0o755)
        for name, text in FILES.items() if project == "shop" else ():
            (self.project / name).write_text(text)

    def type(self, block: Block, directory: Path) -> tuple[Ran, Path]:
        """Type a block in a directory; gives how it ended, with all that was shown as stdout, and where it left off."""
        path = os.pathsep.join((str(self.root / "bin"), str(Path(FLYO).parent), self.variables["PATH"]))
        left = self.root / "left"
        script = f"set -eu -o pipefail\ntrap 'pwd > {left}' EXIT\n{block.commands}"
        if block.before:
            before = self._bash(f"set -eu\n{block.before}", directory, path, block.variables)
            assert before.status == 0, f"{block.place}: before it\n{before.stdout}"
        ran = self._bash(self._here(script), directory, path, block.variables)
        return ran, Path(left.read_text().strip())

    def _here(self, script: str) -> str:
        """With the port that the platform has on this computer."""
        if ":4280" not in script:
            return script
        return re.sub(r"localhost:4280", f"localhost:{self.running.port}", script)

    def _bash(self, script: str, directory: Path, path: str, more: dict[str, str]) -> Ran:
        planted.watch(self.root, but=(self.local,))
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=directory,
            env={**self.variables, "LANG": "C.UTF-8", "PATH": path, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self.patience,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, "")
