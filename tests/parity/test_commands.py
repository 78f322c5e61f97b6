"""Everything else that the real flyctl does to an app: machines one by one, scaling, volumes, addresses, tokens."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.parity.parity_clients import Client
from tests.parity.served_platform import ServedPlatform

pytestmark = pytest.mark.real_flyctl

TOML = """
app = "demo"
primary_region = "iad"
[processes]
web = "serve"
worker = "work"
[http_service]
internal_port = 8080
processes = ["web"]
[[http_service.checks]]
path = "/up"
interval = "5s"
"""


@pytest.fixture
def app(served: ServedPlatform, real: Client) -> str:
    """An app with a web and a worker machine; the reference of its image."""
    ref = served.push("demo", "v1")
    real.ok("apps", "create", "demo", "-o", "personal")
    real.write_toml(TOML)
    real.deploy(ref, "--ha=false")
    return ref


def one(client: Client, group: str = "web") -> dict[str, Any]:
    """The first machine of a group."""
    machines = client.machines()
    return next(m for m in machines if m["config"]["metadata"]["fly_process_group"] == group)


def again(client: Client, machine: dict[str, Any]) -> dict[str, Any]:
    return next(found for found in client.machines() if found["id"] == machine["id"])


def test_who_and_where(real: Client) -> None:
    assert real.json("version")["Name"] == "flyctl"
    assert real.json("auth", "whoami") == {"email": "local@flyo.localhost"}
    assert real.json("orgs", "list") == {"personal": "Local"}
    codes = {region["code"] for region in real.json("platform", "regions")}
    assert {"iad", "fra", "nrt", "syd"} <= codes
    assert "bom" not in codes
    assert "shared-cpu-1x" in real.json("platform", "vm-sizes")


def test_apps_come_and_go(served: ServedPlatform, real: Client) -> None:
    for name in ("one", "two"):
        real.ok("apps", "create", name, "-o", "personal")
    assert [app["Name"] for app in real.json("apps", "list")] == ["one", "two"]
    assert [app["Name"] for app in real.json("apps", "list", "-o", "personal")] == ["one", "two"]
    taken = real.run("apps", "create", "one", "-o", "personal")
    assert taken.status == 1
    assert "Name has already been taken" in taken.err
    assert "App names are unique" in taken.err
    real.ok("apps", "destroy", "one", "two", "-y")
    assert real.json("apps", "list") == []
    gone = real.run("status", "-a", "one")
    assert gone.status == 1
    assert "Could not find App" in gone.err


def test_restart_of_an_app(app: str, real: Client) -> None:
    before = {machine["id"]: machine["events"][0]["timestamp"] for machine in real.machines()}
    real.ok("apps", "restart", "demo")
    after = {machine["id"]: machine["events"][0]["timestamp"] for machine in real.machines()}
    assert after.keys() == before.keys()
    assert all(after[machine] > before[machine] for machine in before)


def test_config_is_shown_validated_and_saved(app: str, real: Client) -> None:
    shown = json.loads(real.ok("config", "show").out)
    assert shown["app"] == "demo"
    assert shown["processes"] == {"web": "serve", "worker": "work"}
    assert "Configuration is valid" in real.ok("config", "validate").out
    (real.home / "fly.toml").unlink()
    real.ok("config", "save", "-a", "demo", "-y")
    saved = (real.home / "fly.toml").read_text()
    assert "[processes]" in saved
    assert "internal_port = 8080" in saved


def test_config_is_made_from_machines_when_there_is_no_release(served: ServedPlatform, real: Client) -> None:
    ref = served.push("demo", "v1")
    real.ok("apps", "create", "demo", "-o", "personal")
    real.ok("machine", "run", ref, "-a", "demo", "-r", "iad", "--metadata", "fly_platform_version=v2", "-e", "A=1")
    assert json.loads(real.ok("config", "show", "-a", "demo").out)["env"] == {"A": "1"}


def test_addresses(app: str, real: Client) -> None:
    (own,) = [row for row in real.json("ips", "list") if row["Type"] == "v6"]
    assert own["Region"] == "global"
    real.ok("ips", "allocate-v6", "--private")
    real.ok("ips", "allocate-v4", "-y")
    real.ok("ips", "allocate-v4", "--shared")
    kinds = Counter(row["Type"] for row in real.json("ips", "list"))
    assert kinds == {"v6": 1, "private_v6": 1, "v4": 1, "shared_v4": 1}
    real.ok("ips", "release", own["Address"])
    assert "v6" not in {row["Type"] for row in real.json("ips", "list")}


def test_scale_counts_and_sizes(app: str, real: Client) -> None:
    real.ok("scale", "count", "web=3", "worker=2", "--region", "iad,fra", "-y")
    groups = {row["Process"]: row for row in real.json("scale", "show")}
    assert (groups["web"]["Count"], groups["worker"]["Count"]) == (3, 2)
    assert set(groups["web"]["Regions"]) == {"iad", "fra"}
    real.ok("scale", "count", "web=1", "worker=1", "-y")
    assert len(real.machines()) == 2
    real.ok("scale", "vm", "shared-cpu-2x", "-g", "web")
    real.ok("scale", "memory", "1024", "-g", "worker")
    assert one(real)["config"]["guest"]["cpus"] == 2
    assert one(real, "worker")["config"]["guest"]["memory_mb"] == 1024
    real.ok("scale", "count", "worker=0", "-y")
    assert [machine["config"]["metadata"]["fly_process_group"] for machine in real.machines()] == ["web"]
    real.ok("scale", "count", "worker=1", "-y")
    assert len(real.machines()) == 2


def test_machines_stop_start_suspend_and_restart(app: str, real: Client) -> None:
    machine = one(real)
    wait = ("--wait-timeout", "20s")
    for verb, state in (("stop", "stopped"), ("start", "started"), ("suspend", "suspended"), ("start", "started")):
        real.ok("machine", verb, machine["id"], *(() if verb == "start" else wait))
        assert again(real, machine)["state"] == state
    real.ok("machine", "restart", machine["id"])
    assert again(real, machine)["state"] == "started"
    real.ok("machine", "kill", machine["id"])
    assert again(real, machine)["events"][0]["type"] != "launch"


def test_cordon_takes_a_machine_out_and_puts_it_back(app: str, real: Client) -> None:
    machine = one(real)
    real.ok("machine", "cordon", machine["id"])
    assert again(real, machine)["cordoned"]
    real.ok("machine", "uncordon", machine["id"])
    assert not again(real, machine)["cordoned"]


def test_a_machine_is_shown_with_its_config(app: str, real: Client) -> None:
    machine = one(real)
    assert machine["id"] in real.ok("machine", "status", machine["id"]).out
    config = json.loads(real.ok("machine", "status", machine["id"], "-d").out)
    assert config["image"] == app


def test_a_machine_is_found_without_its_app(app: str, real: Client) -> None:
    machine = one(real)
    (real.home / "fly.toml").unlink()
    assert "demo" in real.ok("machine", "status", machine["id"]).out


def test_update_clone_and_destroy(app: str, served: ServedPlatform, real: Client) -> None:
    second, machine = served.push("demo", "v2"), one(real)
    real.ok("machine", "update", machine["id"], "--image", second, "-y", "--metadata", "a=b", "--vm-memory", "512")
    updated = again(real, machine)
    assert updated["image_ref"]["tag"] == "v2"
    assert updated["config"]["metadata"]["a"] == "b"
    assert updated["config"]["guest"]["memory_mb"] == 512
    assert updated["instance_id"] != machine["instance_id"]
    real.ok("machine", "clone", machine["id"], "--region", "nrt")
    (clone,) = [found for found in real.machines() if found["region"] == "nrt"]
    assert clone["config"]["image"].partition("@")[0] == second
    refused = real.run("machine", "destroy", clone["id"])
    assert refused.status == 1
    real.ok("machine", "destroy", clone["id"], "--force")
    assert clone["id"] not in {found["id"] for found in real.machines()}


def test_leases_are_shown_and_cleared(app: str, served: ServedPlatform, real: Client) -> None:
    machine = one(real)
    served.inside(
        lambda platform: platform.leases.acquire(
            platform.machines.get("demo", machine["id"]), ttl=600, nonce="", owner="somebody@else"
        )
    )
    assert "somebody@else" in real.ok("machine", "leases", "view", machine["id"]).out
    real.ok("machine", "leases", "clear", machine["id"])
    real.ok("machine", "stop", machine["id"], "--wait-timeout", "20s")


def test_run_makes_the_machine_that_was_described(served: ServedPlatform, real: Client) -> None:
    ref = served.push("demo", "v1")
    real.ok("apps", "create", "demo", "-o", "personal")
    real.ok(
        *("machine", "run", ref, "-a", "demo", "--name", "solo", "-r", "fra", "-p", "80:8080/tcp:http"),
        *("-p", "443:8080/tcp:tls:http", "--autostart=false", "--autostop=suspend", "--restart", "always"),
        *("-e", "A=1", "--schedule", "hourly", "--rootfs-size", "10", "--rootfs-persist", "always"),
    )
    (machine,) = real.machines()
    assert (machine["name"], machine["region"]) == ("solo", "fra")
    config = machine["config"]
    assert (config["env"], config["schedule"], config["restart"]["policy"]) == ({"A": "1"}, "hourly", "always")
    assert config["rootfs"] == {"persist": "always", "size_gb": 10}
    (service,) = config["services"]
    assert (service["internal_port"], service["autostop"], service["autostart"]) == (8080, "suspend", False)
    assert [port["handlers"] for port in service["ports"]] == [["http"], ["tls", "http"]]


def test_standby_machines(served: ServedPlatform, real: Client) -> None:
    ref = served.push("demo", "v1")
    real.ok("apps", "create", "demo", "-o", "personal")
    real.ok("machine", "run", ref, "-a", "demo", "-r", "iad")
    (first,) = real.machines()
    real.ok("machine", "run", ref, "-a", "demo", "-r", "iad", "--standby-for", first["id"])
    (standby,) = [machine for machine in real.machines() if machine["id"] != first["id"]]
    assert standby["config"]["standbys"] == [first["id"]]
    assert standby["state"] in ("created", "stopped")


def test_volumes_and_their_snapshots(app: str, real: Client) -> None:
    real.ok("volumes", "create", "data", "-r", "fra", "-s", "2", "-y", "--snapshot-retention", "7")
    (volume,) = real.json("volumes", "list")
    assert (volume["name"], volume["region"], volume["size_gb"], volume["snapshot_retention"]) == ("data", "fra", 2, 7)
    real.ok("volumes", "extend", volume["id"], "-s", "4")
    real.ok("volumes", "update", volume["id"], "--snapshot-retention", "9")
    assert real.json("volumes", "show", volume["id"])["size_gb"] == 4
    real.ok("volumes", "snapshots", "create", volume["id"])
    (snapshot,) = real.json("volumes", "snapshots", "list", volume["id"])
    real.ok("volumes", "create", "copy", "-r", "fra", "-y", "--snapshot-id", snapshot["id"])
    real.ok("volumes", "fork", volume["id"])
    assert Counter(found["name"] for found in real.json("volumes", "list")) == {"data": 2, "copy": 1}
    real.ok("volumes", "destroy", volume["id"], "-y")
    assert volume["id"] not in {found["id"] for found in real.json("volumes", "list")}


def test_tokens_for_one_app(app: str, served: ServedPlatform, real: Client) -> None:
    token = real.json("tokens", "create", "deploy", "-n", "ci", "-x", "24h")["token"]
    listed = real.ok("tokens", "list").out
    assert 'Tokens for app "demo"' in listed
    assert "ci" in listed
    assert "Tokens for organization" in real.ok("tokens", "list", "-o", "personal", "-s", "org").out
    second = served.push("demo", "v2")
    limited = real.run("deploy", "--image", second, "--dns-checks=false", "--smoke-checks=false", FLY_API_TOKEN=token)
    assert limited.status == 0, str(limited)
    real.ok("apps", "create", "other", "-o", "personal")
    elsewhere = real.run("machine", "list", "-a", "other", FLY_API_TOKEN=token)
    assert elsewhere.status == 1
    number = next(word for word in listed.split() if word.startswith("token_"))
    real.ok("tokens", "revoke", number)
    assert real.run("machine", "list", FLY_API_TOKEN=token).status == 1


def test_status_checks_images_and_releases_in_words(app: str, real: Client) -> None:
    status = real.ok("status").out
    assert "demo" in status
    assert "1 total, 1 passing" in status
    assert "servicecheck-00-http-8080" in real.ok("checks", "list").out
    assert "registry.fly.io" in real.ok("image", "show").out
    assert "v1" in real.ok("releases", "--image").out
    assert "demo" in real.ok("services", "list").out or real.ok("services", "list").out


def test_logs(app: str, real: Client) -> None:
    machine = one(real)
    assert "started as serve" in real.ok("logs", "--no-tail").out
    assert machine["id"] in real.ok("logs", "--no-tail", "--machine", machine["id"]).out
    assert "worker" not in real.ok("logs", "--no-tail", "-r", "iad", "--machine", machine["id"]).out


def test_metadata_outlives_deploys_and_secrets(app: str, real: Client) -> None:
    machine = one(real)
    real.ok("machine", "update", machine["id"], "-y", "--metadata", "mine=kept", "--skip-health-checks")
    real.deploy(app)
    real.ok("machine", "stop", machine["id"], "--wait-timeout", "20s")
    real.ok("secrets", "set", "A=1", "--detach", "--stage")
    assert again(real, machine)["config"]["metadata"]["mine"] == "kept"


def test_a_fleet_of_several_machines_is_on_several_hosts(app: str, real: Client) -> None:
    real.ok("scale", "count", "web=3", "-y")
    hosts = {machine["private_ip"].split(":")[4] for machine in real.machines()}
    assert len(hosts) >= 2


def test_launch_with_an_image_makes_app_and_machine(served: ServedPlatform, real: Client) -> None:
    """`--no-public-ips` also spares the DNS check, for which launch has no flag."""
    ref = served.push("hello", "v1")
    where = ("--name", "hello", "--org", "personal", "--region", "fra", "--image", ref, "--internal-port", "80")
    real.ok("launch", "--now", "--detach", "--ha=false", "--no-public-ips", *where)
    (machine,) = real.machines("hello")
    assert (machine["region"], machine["config"]["image"]) == ("fra", ref)
    assert "internal_port = 80" in (real.home / "fly.toml").read_text()


@pytest.mark.parametrize(
    "command", ["orgs show personal", "wireguard list personal", "redis list", "machine exec {id} ls"]
)
def test_what_is_not_modelled_fails_and_says_so(command: str, app: str, real: Client) -> None:
    ran = real.run(*command.replace("{id}", one(real)["id"]).split())
    assert ran.status == 1
    assert "not modelled" in ran.err or "501" in ran.err
