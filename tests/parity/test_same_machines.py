"""Machines come out the same, whoever deploys them: flyctl, or its stand-in.

For each fly.toml, one app is deployed by each: first onto nothing, then over machines that are there. What the
platform then holds as machine configs must be equal.
"""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.local.platform import Platform
from tests.parity.parity_clients import QUICK_DEPLOY, Client
from tests.parity.parity_normal import configs, differences
from tests.parity.served_platform import ServedPlatform

pytestmark = pytest.mark.real_flyctl

HTTP = """
[http_service]
internal_port = 8080
force_https = true
"""
FILES = {
    "nothing": "",
    "http_service": HTTP,
    "autostop": HTTP
    + """
auto_stop_machines = "stop"
auto_start_machines = false
min_machines_running = 0
[http_service.concurrency]
type = "requests"
soft_limit = 20
hard_limit = 25
[http_service.http_options]
compress = true
h2_backend = true
[http_service.http_options.response]
pristine = true
[http_service.http_options.response.headers]
X-One = "1"
X-Off = false
[http_service.tls_options]
alpn = ["h2", "http/1.1"]
versions = ["TLSv1.2", "TLSv1.3"]
""",
    "service checks": HTTP
    + """
[[http_service.checks]]
grace_period = "10s"
interval = "90s"
method = "GET"
timeout = "2s"
path = "/up"
protocol = "http"
tls_skip_verify = false
[http_service.checks.headers]
X-Forwarded-Proto = "https"
X-Another = "one"
""",
    "services": """
[[services]]
protocol = "tcp"
internal_port = 5432
auto_stop_machines = "suspend"
auto_start_machines = true
[services.concurrency]
hard_limit = 5
[[services.ports]]
port = 5432
handlers = ["pg_tls"]
[[services.ports]]
start_port = 6000
end_port = 6010
proxy_proto_options = { version = "v2" }
[[services.tcp_checks]]
interval = 15000
timeout = "2s"
grace_period = "1s"
[[services]]
internal_port = "8080"
concurrency = "20,25"
protocol = "tcp"
[[services.ports]]
port = "80"
handlers = ["http"]
force_https = false
[[services.http_checks]]
interval = 10000
path = "/"
headers = [{ name = "X-Old", value = "spelling" }]
""",
    "checks": HTTP
    + """
[checks.alive]
type = "tcp"
port = 8080
interval = "15s"
timeout = "10s"
grace_period = "30s"
[checks.page]
type = "http"
method = "get"
path = "/status"
interval = "1m"
headers = { X-Check = "yes", B = "2" }
tls_server_name = "example.com"
protocol = "https"
""",
    "processes": """
[processes]
web = "gunicorn -b 0.0.0.0:8080 'app:make()' --log \\"a b\\""
worker = "python -m worker # not said"
cron = ""
[http_service]
internal_port = 8080
processes = ["web"]
[checks.work]
type = "tcp"
port = 9000
processes = ["worker"]
[[vm]]
memory = "512mb"
[[vm]]
size = "performance-2x"
memory = "8gb"
processes = ["worker"]
[[restart]]
policy = "always"
retries = 3
processes = ["worker"]
[[restart]]
policy = "never"
processes = ["cron"]
[[metrics]]
port = 9091
path = "/metrics"
processes = ["web"]
[[metrics]]
port = 9092
path = "/other"
processes = ["worker"]
[[files]]
guest_path = "/etc/web.conf"
raw_value = "hello = 1"
processes = ["web"]
[[files]]
guest_path = "/etc/secret"
secret_name = "CERTIFICATE"
processes = ["worker"]
""",
    "env and stop": HTTP
    + """
[env]
TEXT = "a <b> & c"
NUMBER = 7
SWITCH = true
EMPTY = ""
[build]
dockerfile = "Dockerfile"
build-target = "x"
[deploy]
wait_timeout = "3m"
max_unavailable = 2
""".replace("[env]", "", 0),
    "statics": HTTP
    + """
[[statics]]
guest_path = "/app/public"
url_prefix = "/public"
[[statics]]
guest_path = "/app/docs"
url_prefix = "/docs"
index_document = "index.html"
tigris_bucket = "bucket"
""",
    "sizes": HTTP
    + """
[vm]
cpu_kind = "shared"
cpus = 2
memory_mb = 1024
kernel_args = ["quiet"]
persist_rootfs = "always"
""",
    "old sizes": HTTP + '[compute]\nmemory = 1536\ncpus = 4\n[metrics]\nport = 9090\npath = "/metrics"\nhttps = true\n',
    "experimental": HTTP
    + """
[experimental]
cmd = "serve"
entrypoint = ["/bin/tini", "--"]
metrics_port = 9100
metrics_path = "/m"
auto_rollback = true
""",
}
TOP = """
app = "demo"
primary_region = "iad"
kill_signal = "SIGTERM"
kill_timeout = 45
swap_size_mb = 512
console_command = "/bin/sh"
"""
MOUNTS = """
app = "demo"
primary_region = "iad"
[mounts]
source = "data"
destination = "/data"
initial_size = "2gb"
snapshot_retention = 7
scheduled_snapshots = false
auto_extend_size_threshold = 80
auto_extend_size_increment = "1GB"
auto_extend_size_limit = "5GB"
"""


def toml(name: str) -> str:
    top = TOP if name == "env and stop" else 'app = "demo"\nprimary_region = "iad"\n'
    return top + FILES[name]


def deployed(client: Client, app: str, text: str, refs: list[str], *flags: str) -> list[object]:
    """The configs an app's machines have after being deployed once for each image."""
    client.ok("apps", "create", app, "-o", "personal")
    client.write_toml(text)
    for ref in refs:
        client.deploy(ref, "-a", app, *flags)
    return configs(client.machines(app))


def _definition(platform: Platform, app: str) -> dict[str, Any]:
    """The definition in an app's newest release, but for the app's name."""
    release = platform.releases.current(app)
    assert release is not None, f"{app} has no release"
    return {**release.definition, "app": ""}


@pytest.mark.parametrize("name", FILES)
def test_machines_of(name: str, served: ServedPlatform, real: Client, stand_in: Client) -> None:
    refs = [served.push("demo", "v1"), served.push("demo", "v2")]
    theirs = deployed(real, "theirs", toml(name), refs, "--ha=false")
    ours = deployed(stand_in, "ours", toml(name), refs, "--ha=false")
    assert differences(ours, theirs) == []
    definitions = served.inside(lambda platform: [_definition(platform, app) for app in ("theirs", "ours")])
    assert differences(definitions[1], definitions[0]) == []


def test_machines_with_volumes(served: ServedPlatform, real: Client, stand_in: Client) -> None:
    refs = [served.push("demo", "v1"), served.push("demo", "v2")]
    assert deployed(stand_in, "ours", MOUNTS, refs) == deployed(real, "theirs", MOUNTS, refs)
    volumes = served.inside(
        lambda platform: [
            [
                (
                    v.name,
                    v.region,
                    v.size_gb,
                    v.snapshot_retention,
                    v.auto_backup_enabled,
                    v.attached_machine_id is None,
                )
                for v in platform.volumes.list(app)
            ]
            for app in ("theirs", "ours")
        ]
    )
    assert volumes[0] == volumes[1] == [("data", "iad", 2, 7, False, False)]


def test_a_moved_mount_keeps_its_volume(served: ServedPlatform, real: Client, stand_in: Client) -> None:
    refs = [served.push("demo", "v1")]
    found = []
    for client, app in ((real, "theirs"), (stand_in, "ours")):
        deployed(client, app, MOUNTS, refs)
        before = [machine["config"]["mounts"][0]["volume"] for machine in client.machines(app)]
        client.write_toml(MOUNTS.replace('"/data"', '"/elsewhere"').replace('"5GB"', '"6GB"'))
        client.deploy(refs[0], "-a", app)
        after = client.machines(app)
        assert [machine["config"]["mounts"][0]["volume"] for machine in after] == before
        found.append(configs(after))
    assert differences(found[1], found[0]) == []
    assert found[0][0]["config"]["mounts"][0]["path"] == "/elsewhere"


def test_a_volume_of_another_name_is_refused(served: ServedPlatform, real: Client, stand_in: Client) -> None:
    refs, renamed = [served.push("demo", "v1")], MOUNTS.replace('"data"', '"files"')
    for client, app in ((real, "theirs"), (stand_in, "ours")):
        deployed(client, app, MOUNTS, refs)
        before = client.machines(app)
        client.write_toml(renamed)
        ran = client.run("deploy", "--image", refs[0], *QUICK_DEPLOY, "-a", app)
        volume = before[0]["config"]["mounts"][0]["volume"]
        said = f"machine {before[0]['id']} [app] can't update the attached volume files with name '{volume}' by 'data'"
        assert ran.status == 1 and f"Error: {said}" in ran.err, ran
        assert client.machines(app) == before


@pytest.mark.parametrize("flags", [(), ("--ha=false",), ("--strategy", "immediate"), ("--deploy-retries", "1")])
def test_flags_make_the_same_machines(
    flags: tuple[str, ...], served: ServedPlatform, real: Client, stand_in: Client
) -> None:
    refs = [served.push("demo", "v1"), served.push("demo", "v2")]
    text = toml("http_service")
    assert deployed(stand_in, "ours", text, refs, *flags) == deployed(real, "theirs", text, refs, *flags)


def test_what_a_machine_has_of_its_own_stays(served: ServedPlatform, real: Client, stand_in: Client) -> None:
    refs, text = [served.push("demo", "v1")], toml("http_service")
    found = []
    for client, app in ((real, "theirs"), (stand_in, "ours")):
        deployed(client, app, text, refs, "--ha=false")
        (machine,) = client.machines(app)
        real.ok("machine", "update", machine["id"], "-a", app, "-y", "--metadata", "mine=1", "--schedule", "daily")
        client.deploy(served.push("demo", "v2"), "-a", app)
        found.append(configs(client.machines(app)))
    assert differences(found[1], found[0]) == []
    assert found[0][0]["config"]["metadata"]["mine"] == "1"
    assert found[0][0]["config"]["schedule"] == "daily"


def test_groups_that_come_and_go(served: ServedPlatform, real: Client, stand_in: Client) -> None:
    refs = [served.push("demo", "v1")]
    found = []
    for client, app in ((real, "theirs"), (stand_in, "ours")):
        deployed(client, app, toml("processes"), refs)
        renamed = toml("processes").replace("cron", "clock")
        client.write_toml(renamed)
        client.deploy(refs[0], "-a", app)
        found.append(configs(client.machines(app)))
    assert differences(found[1], found[0]) == []
    groups = {row["config"]["metadata"]["fly_process_group"] for row in found[0]}
    assert groups == {"web", "worker", "clock"}


def test_regions_and_update_only(served: ServedPlatform, real: Client, stand_in: Client) -> None:
    first, second = served.push("demo", "v1"), served.push("demo", "v2")
    text, found = toml("http_service"), []
    for client, app in ((real, "theirs"), (stand_in, "ours")):
        deployed(client, app, text, [first], "--ha=false")
        real.ok("scale", "count", "2", "--region", "fra,nrt", "-y", "-a", app)
        client.deploy(second, "-a", app, "--regions", "fra,syd", "--update-only")
        machines = client.machines(app)
        assert {m["region"]: m["config"]["image"] for m in machines} == {"iad": first, "fra": second, "nrt": first}
        found.append(configs(machines))
    assert differences(found[1], found[0]) == []


def test_a_sleeping_machine_stays_asleep(served: ServedPlatform, real: Client, stand_in: Client) -> None:
    first, second = served.push("demo", "v1"), served.push("demo", "v2")
    text, found = toml("autostop"), []
    for client, app in ((real, "theirs"), (stand_in, "ours")):
        deployed(client, app, text, [first], "--ha=false")
        (machine,) = client.machines(app)
        real.ok("machine", "stop", machine["id"], "-a", app, "--wait-timeout", "20s")
        client.deploy(second, "-a", app)
        (after,) = client.machines(app)
        assert (after["state"], after["config"]["image"]) == ("stopped", second)
        found.append(configs([after]))
    assert differences(found[1], found[0]) == []
