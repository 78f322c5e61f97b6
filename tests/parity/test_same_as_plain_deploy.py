"""A rollout leaves the machines that a plain `flyctl deploy` of everything would leave.

The orchestrator lets flyctl do the first wave and does the others itself, through the Machines API. For each fly.toml,
two apps of three regions go from one image to the next and from one configuration to the next: one with
`flyctl deploy`, one with `flyo deploy`. Their configs must be equal, but for the orchestrator's own marks.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.daemon import control
from tests.parity.parity_clients import QUICK_DEPLOY, Client, environment
from tests.parity.parity_normal import configs, differences
from tests.platform_client import fleet_of

pytestmark = pytest.mark.real_flyctl

FLYO = Path(sysconfig.get_path("scripts")) / "flyo"
PATIENCE_SECONDS = 90
SERVER = """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
    do_HEAD = do_GET

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
DOCKERFILE = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY *.py ./\nCMD ["python3", "-S", "server.py"]\n'
FLYO_TOML = """
[regions]
iad = 1
fra = 1
nrt = 1
[rollout]
watch = "0s"
[probe]
path = "/"
identity = "off"
"""
HTTP = """
[http_service]
internal_port = 8080
force_https = true
auto_start_machines = true
processes = {processes}
[http_service.concurrency]
type = "requests"
soft_limit = 10
[[http_service.checks]]
path = "/{path}"
interval = "2s"
timeout = "1s"
[http_service.checks.headers]
X-One = "1"
X-Two = "2"
"""
ONE_GROUP = HTTP.replace("{processes}", '["app"]')
TOP = 'app = "{app}"\nprimary_region = "iad"\nkill_signal = "SIGTERM"\nkill_timeout = "7s"\n'
# Each: what the first release is deployed with, and the second.
FILES = {
    "services, checks, env": (
        TOP + ONE_GROUP.replace("{path}", "") + '[env]\nA = "1"\nGONE = "soon"\n',
        TOP
        + ONE_GROUP.replace("{path}", "up")
        + '[env]\nA = "2"\nNEW = "yes"\n[checks.top]\ntype = "tcp"\nport = 8080\ninterval = "2s"\ntimeout = "1s"\n',
    ),
    "statics, metrics, sizes, restart": (
        TOP + ONE_GROUP.replace("{path}", "") + '[[vm]]\nmemory = "512mb"\n',
        TOP
        + ONE_GROUP.replace("{path}", "")
        + '[[vm]]\nsize = "shared-cpu-2x"\nmemory = "1gb"\n[metrics]\nport = 9091\npath = "/metrics"\n'
        + '[[statics]]\nguest_path = "/app"\nurl_prefix = "/static"\n[[restart]]\npolicy = "on-failure"\nretries = 2\n'
        + '[[files]]\nguest_path = "/app/extra.txt"\nraw_value = "hello"\n',
    ),
    "process groups": (
        TOP
        + '[processes]\nweb = "python3 -S server.py"\nworker = "python3 -S server.py --old"\n'
        + HTTP.replace("{path}", "").replace("{processes}", '["web"]'),
        TOP
        + '[processes]\nweb = "python3 -S server.py"\nworker = "python3 -S server.py --new"\n'
        + HTTP.replace("{path}", "").replace("{processes}", '["web"]')
        + '[[vm]]\nmemory = "1gb"\nprocesses = ["worker"]\n[checks.work]\ntype = "tcp"\nport = 8080\n'
        + 'processes = ["web", "worker"]\ninterval = "2s"\n',
    ),
    "mounts": (
        TOP + ONE_GROUP.replace("{path}", "") + '[mounts]\nsource = "data"\ndestination = "/data"\n',
        TOP
        + ONE_GROUP.replace("{path}", "")
        + '[mounts]\nsource = "data"\ndestination = "/data"\nauto_extend_size_threshold = 80\n'
        + 'auto_extend_size_increment = "1GB"\nauto_extend_size_limit = "5GB"\n',
    ),
}


class Place:
    """A daemon, and the real flyctl in a project of its own for each app."""

    def __init__(self, flyctl: str, running: control.Running, root: Path) -> None:
        self.running = running
        self.root = root
        self.flyctl = flyctl

    def client(self, app: str) -> Client:
        """flyctl in the app's project, which is made when it is first asked for."""
        home = self.root / app
        if not home.exists():
            home.mkdir()
            for name, text in {"server.py": SERVER, "Dockerfile": DOCKERFILE, "flyo.toml": FLYO_TOML}.items():
                (home / name).write_text(text)
        return Client((self.flyctl,), home, environment(self.running.port, self.running.token, home))

    def build(self, app: str, label: str) -> str:
        """Build the app's project; the image's reference."""
        wanted = {"app": app, "context": str(self.root / app), "dockerfile": None, "label": label, "build": None}
        events = self._post("/_local/builds", wanted | {"inputs": None, "target": None})
        assert events[-1]["event"] == "built", events
        ref: str = events[-1]["image"]
        return ref

    def _post(self, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=PATIENCE_SECONDS)
        headers = {"Authorization": f"Bearer {self.running.token}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        lines = connection.getresponse().read().splitlines()
        connection.close()
        return [json.loads(line) for line in lines]

    def start(self, app: str, text: str) -> Client:
        """The app on its first release in three regions, made by flyctl alone."""
        client = self.client(app)
        client.write_toml(text.replace("{app}", app))
        client.ok("apps", "create", app, "-o", "personal")
        client.ok("deploy", "--image", self.build(app, "v1"), "--ha=false", *QUICK_DEPLOY)
        groups = ["web=1", "worker=1"] if "[processes]" in text else ["1"]
        for region in ("fra", "nrt"):
            client.ok("scale", "count", *groups, "--region", region, "-y")
        return client

    def roll_out(self, app: str, ref: str) -> None:
        """`flyo deploy` with the real flyctl."""
        client = self.client(app)
        own = {"FLYO_LOCAL_DIR": str(self.running.state), "FLYO_STATE_DIR": str(self.root / "journals")}
        done = subprocess.run(
            [FLYO, "deploy", "--local", "--image", ref, "-y"],
            cwd=client.home,
            env={**client.env, **own, "FLYO_FLYCTL": self.flyctl},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def place(flyctl: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("plain")
    running = control.start(root / "platform", 0)
    yield Place(flyctl, running, root)
    control.stop(running.state)


def _comparable(machines: list[dict[str, Any]], app: str) -> list[Any]:
    """The machines' configs without the orchestrator's marks, and with one name for both apps."""
    for machine in machines:
        metadata = machine["config"]["metadata"]
        machine["config"]["metadata"] = {key: metadata[key] for key in metadata if not key.startswith("flyo_")}
    text = json.dumps(machines).replace(app, "app-of-either")
    return configs(json.loads(text))


@pytest.mark.parametrize("name", FILES)
def test_a_rollout_leaves_what_a_plain_deploy_leaves(name: str, place: Place) -> None:
    with ThreadPoolExecutor(2) as both:
        theirs, ours = both.map(lambda who: _second_release(place, name, who), ("theirs", "ours"))
    assert differences(ours, theirs) == []


def _second_release(place: Place, name: str, who: str) -> list[Any]:
    """The configs of an app after its second release, made by flyctl ("theirs") or by flyo ("ours")."""
    before, after = FILES[name]
    app = f"{who}-{list(FILES).index(name)}"
    client = place.start(app, before)
    client.write_toml(after.replace("{app}", app))
    ref = place.build(app, "v2")
    if who == "theirs":
        client.ok("deploy", "--image", ref, "--ha=false", *QUICK_DEPLOY)
    else:
        place.roll_out(app, ref)
    machines = fleet_of(client.machines(app))
    assert {machine["region"] for machine in machines} == {"iad", "fra", "nrt"}
    assert {machine["config"]["image"].partition("@")[0] for machine in machines} == {ref}
    return _comparable(machines, app)
