"""Whatever somebody makes of a good fly.toml or flyo.toml: read, or refused in one line. EXAMPLES sets how many."""

from __future__ import annotations

import io
import os
from pathlib import Path
from random import Random

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment
from tests.mutated import mutated

FLY = """app = "shop"
primary_region = "iad"
kill_signal = "SIGTERM"
kill_timeout = "30s"
swap_size_mb = 512

[build]
dockerfile = "Dockerfile"
[build.args]
LEVEL = "1"

[deploy]
release_command = "./migrate"
strategy = "rolling"

[processes]
app = "python app.py"
worker = "python worker.py"

[env]
LEVEL = "info"

[http_service]
internal_port = 8080
force_https = true
auto_stop_machines = "suspend"
auto_start_machines = true
min_machines_running = 1
processes = ["app"]
[http_service.concurrency]
type = "requests"
hard_limit = 40
soft_limit = 20
[[http_service.checks]]
path = "/up"
interval = "5s"
timeout = "2s"
grace_period = "5s"

[[services]]
internal_port = 9000
protocol = "tcp"
processes = ["worker"]
[[services.ports]]
port = 9000
handlers = ["tls"]

[mounts]
source = "data"
destination = "/data"
processes = ["worker"]
initial_size = "3gb"

[[vm]]
size = "shared-cpu-1x"
memory = "512mb"
processes = ["app"]

[[restart]]
policy = "on-failure"
retries = 5

[[statics]]
guest_path = "/app/static"
url_prefix = "/static"
"""
FLYO = """[regions]
iad = 2
fra = 1
nrt = 0

[groups.worker.regions]
iad = 1

[rollout]
strategy = "in-place"
canary = "iad"
width = 2
max_unavailable = 1
watch = "10s"
bake = "1m"
timeout = "5m"

[probe]
path = "/up"
paths = ["/", "/login"]
timeout = "5s"
passes = 2
identity = "auto"
latency_factor = 2.0
latency_floor = "50ms"

[local]
build = "make"
inputs = ["Makefile"]

[hooks]
pre-deploy = "make check"
timeout = "2m"

[budget]
monthly_usd = 40
hours = 8

[url]
template = "https://{app}.fly.dev"
"""
# They read both files, and ask no platform.
COMMANDS = ("cost", "doctor --files", "init --yes --dry-run", "status", "plan", "deploy --json")


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", ["fly.toml", "flyo.toml"])
def test_a_file_is_read_or_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    good = {"fly.toml": FLY, "flyo.toml": FLYO}
    refused, examples = 0, int(os.environ.get("EXAMPLES") or 200) // 2
    for number in range(examples):
        chance = Random(f"{os.environ.get('SEED') or 0} {name} {number}")
        for each, text in good.items():
            (tmp_path / each).write_bytes(mutated(text, chance) if each == name else text.encode())
        out, err = io.StringIO(), io.StringIO()
        known = {"PATH": "", "FLYO_STATE_DIR": str(tmp_path / "state"), "FLYO_LOCAL_DIR": str(tmp_path / "local")}
        command = chance.choice(COMMANDS)
        status = run(command.split(), Environment(known, tmp_path, stdin=io.StringIO(), stdout=out, stderr=err))
        told = f"{number}: {command}: {status}\n{err.getvalue()}"
        # 7: over its budget. 8: there is no flyctl, which is all that is missing.
        assert status in (0, 1, 2, 7, 8) and "[defect]" not in err.getvalue(), told
        assert status in (0, 1, 7) or err.getvalue().splitlines()[-1].startswith("flyo: "), told
        assert all(line.isprintable() for line in err.getvalue().splitlines()), told
        refused += status == 2
    assert 0 < refused < examples


def test_handlers_that_are_none_are_no_defect(tmp_path: Path) -> None:
    """One of them, kept."""
    (tmp_path / "fly.toml").write_text(FLY.replace('handlers = ["tls"]', "handlers = 1e308"))
    (tmp_path / "flyo.toml").write_text(FLYO)
    out, err = io.StringIO(), io.StringIO()
    run(["doctor", "--files"], Environment({"PATH": ""}, tmp_path, stdin=io.StringIO(), stdout=out, stderr=err))
    assert (err.getvalue(), "looked at files" in out.getvalue()) == ("", True)
