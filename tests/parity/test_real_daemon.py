"""The real flyctl against the real daemon: machines are processes, checks ask them, the proxy reaches them."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from flyctl_orchestrator.local.daemon import control
from tests.parity.parity_clients import QUICK_DEPLOY, Client, environment

pytestmark = pytest.mark.real_flyctl

APP = """
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        told = {"region": os.environ["FLY_REGION"], "machine": os.environ["FLY_MACHINE_ID"], "key": os.environ["KEY"]}
        body = json.dumps({**told, "release": "RELEASE"}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

print("listening", flush=True)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
DOCKERFILE = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY app.py .\nCMD ["python3", "app.py"]\n'
TOML = """
app = "demo"
primary_region = "iad"
[http_service]
internal_port = 8080
[[http_service.checks]]
path = "/"
interval = "2s"
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[control.Running]:
    state = tmp_path / "state"
    yield control.start(state, 0)
    control.stop(state)


def _build(daemon: control.Running, tmp_path: Path, label: str) -> str:
    context = tmp_path / label
    context.mkdir()
    (context / "app.py").write_text(APP.replace("RELEASE", label))
    (context / "Dockerfile").write_text(DOCKERFILE)
    wanted = {"app": "demo", "context": str(context), "dockerfile": None, "label": label, "build": None}
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=60)
    headers = {"Authorization": f"Bearer {daemon.token}", "Content-Type": "application/json"}
    connection.request("POST", "/_local/builds", json.dumps(wanted | {"inputs": None, "target": None}), headers)
    events = [json.loads(line) for line in connection.getresponse().read().splitlines()]
    connection.close()
    assert events[-1]["event"] == "built", events
    ref: str = events[-1]["image"]
    return ref


def _ask(daemon: control.Running, region: str) -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)
    connection.request("GET", "/", headers={"Host": f"{region}.demo.localhost:{daemon.port}"})
    answer: dict[str, str] = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def test_flyctl_drives_processes(flyctl: str, daemon: control.Running, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    real = Client((flyctl,), home, environment(daemon.port, daemon.token, home))
    first, second = _build(daemon, tmp_path, "v1"), _build(daemon, tmp_path, "v2")
    real.write_toml(TOML)
    life = [
        real.ok("apps", "create", "demo", "-o", "personal"),
        real.ok("secrets", "import", "--stage", stdin="KEY=first\n"),
        real.ok("deploy", "--image", first, "--ha=false", *QUICK_DEPLOY),
        real.ok("scale", "count", "1", "--region", "nrt", "-y"),
        real.ok("secrets", "import", "--stage", stdin="KEY=second\n"),
        real.ok("deploy", "--image", second, "--deploy-retries", "1", *QUICK_DEPLOY),
        real.ok("status"),
    ]
    machines = {machine["region"]: machine for machine in real.machines()}
    assert set(machines) == {"iad", "nrt"}
    for region, machine in machines.items():
        told = {"region": region, "machine": machine["id"], "key": "second", "release": "v2"}
        assert _ask(daemon, region) == told
    life += [
        real.ok("machine", "suspend", machines["nrt"]["id"], "--wait-timeout", "20s"),
        real.ok("machine", "start", machines["nrt"]["id"]),
        real.ok("machine", "stop", machines["nrt"]["id"], "--wait-timeout", "20s"),
    ]
    assert "listening" in real.ok("logs", "--no-tail").out
    life.append(real.ok("apps", "destroy", "demo", "-y"))
    assert {" ".join(ran.argv): ran.complaints() for ran in life if ran.complaints()} == {}


@pytest.mark.parametrize(
    "script",
    [
        'eval "$({flyo} local env --shell sh)"; "{flyctl}" apps list --json',
        '{flyo} local exec -- "{flyctl}" apps list --json',
    ],
    ids=["eval", "exec"],
)
def test_flyo_points_any_flyctl_at_it(script: str, flyctl: str, daemon: control.Running, tmp_path: Path) -> None:
    """Also in a shell that has an account of its own."""
    flyo = Path(sysconfig.get_path("scripts")) / "flyo"
    own = {"FLY_ACCESS_TOKEN": "fo1_of_a_real_account", "FLY_APP": "another", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["sh", "-c", script.format(flyo=flyo, flyctl=flyctl)],
        env={"PATH": os.defpath, "FLYO_LOCAL_DIR": str(daemon.state), **own},
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, json.loads(done.stdout or b"null")) == (0, []), done.stderr.decode()
