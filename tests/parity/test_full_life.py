"""The whole life of an app, by the real flyctl alone: nothing goes wrong, and nothing leaves this computer."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.parity.parity_clients import QUICK_DEPLOY, Client
from tests.parity.served_platform import ServedPlatform

pytestmark = pytest.mark.real_flyctl

TOML = """
app = "demo"
primary_region = "iad"
[env]
LOG_FORMAT = "json"
[http_service]
internal_port = 8080
force_https = true
auto_stop_machines = "suspend"
auto_start_machines = true
min_machines_running = 1
[[http_service.checks]]
path = "/api/health"
interval = "5s"
timeout = "2s"
"""
_ADDRESS = re.compile(r"inet_(?:addr|pton)\((?:AF_INET6, )?\"([^\"]+)\"")


def test_create_deploy_scale_update_and_destroy_without_a_complaint(served: ServedPlatform, real: Client) -> None:
    first, second = served.push("demo", "v1"), served.push("demo", "v2")
    real.write_toml(TOML)
    life = [
        real.ok("apps", "create", "demo", "-o", "personal"),
        real.ok("config", "validate"),
        real.ok("ips", "allocate-v6"),
        real.ok("ips", "allocate-v4", "--shared"),
        real.ok("secrets", "import", "--stage", stdin='DATABASE_URL="sqlite:///data.db"\nKEY=1\n'),
        real.ok("deploy", "--image", first, "--ha=false", *QUICK_DEPLOY),
        real.ok("scale", "count", "1", "--region", "fra", "-y"),
        real.ok("scale", "count", "1", "--region", "nrt", "-y"),
        real.ok("scale", "count", "1", "--region", "nrt", "-y"),
        real.ok("deploy", "--image", second, "--strategy", "rolling", "--deploy-retries", "0", *QUICK_DEPLOY),
        real.ok("status"),
        real.ok("releases", "--image"),
        real.ok("checks", "list"),
        real.ok("secrets", "list"),
        real.ok("machine", "list"),
    ]
    assert Counter(machine["region"] for machine in real.machines()) == {"iad": 1, "fra": 1, "nrt": 1}
    assert {machine["config"]["image"] for machine in real.machines()} == {second}
    life.append(real.ok("apps", "destroy", "demo", "-y"))
    complaints = {" ".join(ran.argv): ran.complaints() for ran in life if ran.complaints()}
    assert complaints == {}
    assert served.inside(lambda platform: platform.apps.list()) == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("deploy_retries", ["auto", "0", "1"])
def test_nothing_leaves_this_computer(
    deploy_retries: str, served: ServedPlatform, real: Client, tmp_path: Path
) -> None:
    """Every connection that flyctl and its children open goes to loopback, feature flags and traces included."""
    trace = tmp_path / "connections"
    watched = replace(
        real, program=("strace", "-f", "-qq", "-e", "trace=connect", "-A", "-o", str(trace), *real.program)
    )
    real.write_toml(TOML)
    first = served.push("demo", "v1")
    watched.ok("apps", "create", "demo", "-o", "personal")
    for _ in range(2):
        watched.ok("deploy", "--image", first, "--ha=false", "--deploy-retries", deploy_retries, *QUICK_DEPLOY)
    watched.ok("machine", "update", real.machines()[0]["id"], "--image", first, "-y")
    watched.ok("status")
    addresses = set(_ADDRESS.findall(trace.read_text()))
    assert {address for address in addresses if not address.startswith("127.")} == set()
    assert "127.0.0.1" in addresses


def test_launching_an_app_leaves_the_others_alone(served: ServedPlatform, real: Client) -> None:
    oldest, image = "oldest", served.push("newest", "v1")
    real.ok("apps", "create", oldest, "-o", "personal")
    real.ok(
        "launch", "--image", image, "--name", "newest", "--org", "personal", "--region", "iad", "--ha=false",
        "--no-github-workflow", *QUICK_DEPLOY[:2], "--yes",
    )  # fmt: skip
    names = served.inside(lambda platform: [app.name for app in platform.apps.list()])
    assert names == [oldest, "newest"]
    deleted = [one.path for one in served.asked if one.method == "DELETE" and one.path.count("/") == 3]
    # flyctl makes a builder, finds that it does not work, and takes it away: the app of that role, and no other.
    assert all(path.startswith("/v1/apps/fly-builder-") for path in deleted), deleted
