"""One volume, machine, lease, address or certificate at a time: what advice names, by flyctl and by its stand-in."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.local.platform import Platform
from tests.parity.parity_clients import Client
from tests.parity.served_platform import ServedPlatform

TOML = """
app = "demo"
primary_region = "iad"
[http_service]
internal_port = 8080
"""


@pytest.fixture(params=["stand_in", pytest.param("real", marks=pytest.mark.real_flyctl)])
def client(request: pytest.FixtureRequest, served: ServedPlatform) -> Client:
    """Each of the two programs, with an app of one machine."""
    found: Client = request.getfixturevalue(request.param)
    ref = served.push("demo", "v1")
    found.ok("apps", "create", "demo", "-o", "personal")
    found.write_toml(TOML)
    found.deploy(ref, "--ha=false")
    return found


def volumes(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.json("volumes", "list", "-a", "demo") or []
    return found


def test_volumes_are_made_changed_and_destroyed(client: Client) -> None:
    client.ok("volumes", "create", "data", "-a", "demo", "-r", "nrt", "-n", "2", "--yes")
    assert [(each["name"], each["region"], each["size_gb"]) for each in volumes(client)] == [("data", "nrt", 1)] * 2
    first, second = (each["id"] for each in volumes(client))
    client.ok("volumes", "update", first, "-a", "demo", "--snapshot-retention", "9", "--scheduled-snapshots=false")
    changed = next(each for each in volumes(client) if each["id"] == first)
    assert (changed["snapshot_retention"], changed["auto_backup_enabled"]) == (9, False)
    assert client.run("volumes", "destroy", second, "-a", "demo").status == 1
    client.ok("volumes", "destroy", second, "-a", "demo", "--yes")
    assert [each["id"] for each in volumes(client)] == [first]


def test_a_volume_needs_a_region_and_a_sensible_number(client: Client) -> None:
    for wrong in (("data",), ("data", "-r", "nrt", "-s", "much"), ("-r", "nrt")):
        assert client.run("volumes", "create", *wrong, "-a", "demo", "--yes").status == 1
    assert volumes(client) == []


def test_a_machine_is_stopped_started_and_cordoned(client: Client) -> None:
    (machine,) = client.machines()
    id = machine["id"]
    for action, state in (("stop", "stopped"), ("start", "started"), ("restart", "started")):
        client.ok("machine", action, id, "-a", "demo")
        assert client.machines()[0]["state"] in (state, f"{state[:-3]}ing", "stopping", "starting")
    client.ok("machine", "cordon", id, "-a", "demo")
    client.ok("machine", "uncordon", id, "-a", "demo")
    assert id in client.ok("machine", "status", id, "-a", "demo").out
    client.ok("machine", "destroy", id, "-a", "demo", "--force")
    assert client.machines() == []


def lease_for_long(platform: Platform, id: str) -> None:
    machine = platform.machines.get("demo", id)
    platform.leases.acquire(machine, ttl=600, nonce="", owner="local@flyo.localhost")


def test_a_lease_is_seen_and_cleared(client: Client, served: ServedPlatform) -> None:
    id = client.machines()[0]["id"]
    served.inside(lambda platform: lease_for_long(platform, id))
    assert "local@flyo.localhost" in client.ok("machine", "leases", "view", id, "-a", "demo").out
    client.ok("machine", "leases", "clear", id, "-a", "demo")
    assert "No leases found" in client.ok("machine", "leases", "view", id, "-a", "demo").out
    client.ok("machine", "leases", "clear", id, "-a", "demo")


def test_addresses_come_and_go(client: Client) -> None:
    client.ok("ips", "allocate-v6", "--private", "-a", "demo")
    private = [each["Address"] for each in client.json("ips", "list", "-a", "demo") if each["Type"] == "private_v6"]
    client.ok("ips", "release", *private, "-a", "demo")
    assert "private_v6" not in {each["Type"] for each in client.json("ips", "list", "-a", "demo")}
    client.ok("ips", "allocate-v4", "--shared", "-a", "demo")
    assert "shared_v4" in {each["Type"] for each in client.json("ips", "list", "-a", "demo")}


def test_a_certificate_is_asked_for_checked_and_removed(client: Client) -> None:
    assert "www.example.com" in client.ok("certs", "add", "www.example.com", "-a", "demo").out
    client.ok("certs", "check", "www.example.com", "-a", "demo")
    (row,) = client.json("certs", "list", "-a", "demo")
    assert (row["hostname"], row["configured"]) == ("www.example.com", False)
    client.ok("certs", "add", "shop.localhost", "-a", "demo")
    assert "verified and active" in client.ok("certs", "check", "shop.localhost", "-a", "demo").out
    for hostname in ("www.example.com", "shop.localhost"):
        client.ok("certs", "remove", hostname, "-a", "demo", "--yes")
    assert client.json("certs", "list", "-a", "demo") == []
