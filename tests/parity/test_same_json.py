"""Each command that the orchestrator uses prints the same JSON, whether flyctl or its stand-in runs it."""

from __future__ import annotations

import json

import pytest

from flyctl_orchestrator.local.platform import Platform
from tests.parity.parity_clients import Client
from tests.parity.served_platform import ServedPlatform

pytestmark = pytest.mark.real_flyctl

TOML = """
app = "demo"
primary_region = "iad"
[env]
GREETING = "<hello> & welcome"
[processes]
web = "serve"
worker = "work"
[http_service]
internal_port = 8080
processes = ["web"]
auto_stop_machines = "suspend"
auto_start_machines = true
min_machines_running = 1
[[http_service.checks]]
path = "/api/health"
interval = "5s"
timeout = "2s"
"""
READ_ONLY = (
    "auth whoami",
    "auth token",
    "orgs list",
    "apps list",
    "platform regions",
    "secrets list",
    "machine list",
    "status",
    "releases",
    "scale show",
    "checks list",
    "ips list",
    "image show",
)


@pytest.fixture
def deployed(served: ServedPlatform, real: Client, stand_in: Client) -> ServedPlatform:
    """An app with two groups, three releases, secrets and addresses, in three regions."""
    first, second = served.push("demo", "v1"), served.push("demo", "v2")
    for client in (real, stand_in):
        client.write_toml(TOML)
    stand_in.ok("apps", "create", "demo", "-o", "personal")
    stand_in.ok("secrets", "import", "--stage", stdin="A=1\nB=two\n")
    real.deploy(first)
    stand_in.deploy(second)
    real.ok("scale", "count", "web=4", "--region", "iad,fra", "-y")
    stand_in.ok("secrets", "set", "C=3", "--stage")
    _settle(served)
    return served


def _settle(served: ServedPlatform) -> None:
    """Wait until every check passes, so that two readings cannot differ."""

    def settled(platform: Platform) -> bool:
        machines = platform.machines.list("demo")
        return all(check.status == "passing" for machine in machines for check in machine.checks)

    served.wait_until(settled, "every check passes")


def test_reading_commands(deployed: ServedPlatform, real: Client, stand_in: Client) -> None:
    for words in READ_ONLY:
        command = words.split()
        theirs, ours = real.ok(*command, "--json"), stand_in.ok(*command, "--json")
        assert ours.json() == theirs.json(), words
        assert ours.out == theirs.out, f"{words}: the same JSON, but not written the same way"


def test_an_app_without_anything(served: ServedPlatform, real: Client, stand_in: Client) -> None:
    stand_in.ok("apps", "create", "demo", "-o", "personal")
    for client in (real, stand_in):
        client.write_toml(TOML)
    for words in READ_ONLY:
        command = words.split()
        theirs, ours = real.ok(*command, "--json"), stand_in.ok(*command, "--json")
        assert ours.out == theirs.out, words


def test_apps_create_prints_the_app(served: ServedPlatform, real: Client, stand_in: Client) -> None:
    theirs = real.json("apps", "create", "one-app", "-o", "personal")
    ours = stand_in.json("apps", "create", "two-app", "-o", "personal")
    blank = {"ID": "", "InternalNumericID": 0, "Name": "", "Hostname": "", "AppURL": "", "CNAMETarget": ""}
    assert list(ours) == list(theirs)
    assert ours | blank == theirs | blank
    assert served.inside(lambda platform: {app.name for app in platform.apps.list()}) == {"one-app", "two-app"}


def test_version_has_the_same_keys_and_says_who_it_is(real: Client, stand_in: Client) -> None:
    theirs, ours = real.json("version"), stand_in.json("version")
    assert list(ours) == list(theirs)
    assert (theirs["Name"], ours["Name"]) == ("flyctl", "flyctl stand-in (flyctl_orchestrator)")
    assert ours["OS"] == theirs["OS"]
    assert ours["Architecture"] == theirs["Architecture"]


def test_logs_of_one_page(deployed: ServedPlatform, real: Client, stand_in: Client) -> None:
    def messages(client: Client, *flags: str) -> list[str]:
        decoder, text = json.JSONDecoder(), client.ok("logs", "--no-tail", "--json", *flags).out.strip()
        found = []
        while text:
            entry, end = decoder.raw_decode(text)
            found.append(f"{entry['region']} {entry['instance']} {entry['level']} {entry['message']}")
            text = text[end:].strip()
        return found

    assert messages(stand_in) == messages(real)
    machine = stand_in.machines()[0]["id"]
    only = messages(stand_in, "--machine", machine)
    assert only == messages(real, "--machine", machine)
    assert only
    assert all(machine in line for line in only)


def test_release_json_of_a_deploy(served: ServedPlatform, real: Client, stand_in: Client) -> None:
    ref = served.push("demo", "v1")
    stand_in.ok("apps", "create", "demo", "-o", "personal")
    found = []
    for client in (real, stand_in):
        client.write_toml(TOML)
        ran = client.run(
            "deploy", "--image", ref, "--dns-checks=false", "--smoke-checks=false", FLY_EMIT_RELEASE_JSON="1"
        )
        assert ran.status == 0, str(ran)
        (line,) = [line for line in ran.out.splitlines() if line.startswith("{")]
        found.append(json.loads(line))
    theirs, ours = found
    assert list(ours) == list(theirs)
    assert (theirs["version"], ours["version"]) == (1, 2)
    assert theirs["image_ref"] == ours["image_ref"] == ref


@pytest.mark.parametrize(
    "command",
    [
        "status -a nobody --json",
        "machine list -a nobody --json",
        "releases -a nobody --json",
        "secrets list -a nobody --json",
        "secrets import -a nobody --stage",
        "ips list -a nobody --json",
        "apps destroy nobody -y",
        "apps create demo -o nowhere",
        "apps create taken -o personal",
        "deploy --image registry.fly.io/taken:none -a taken",
        "config validate -c missing.toml",
        "deploy --json",
        "frobnicate",
        "machine list --frobnicate",
    ],
)
def test_what_fails_fails_alike(real: Client, stand_in: Client, command: str) -> None:
    stand_in.ok("apps", "create", "taken", "-o", "personal")
    for client in (real, stand_in):
        client.write_toml('app = "taken"\nprimary_region = "iad"')
    theirs, ours = (client.run(*command.split(), stdin="A=1\n") for client in (real, stand_in))
    assert (theirs.status, ours.status) == (1, 1), f"{theirs}\n{ours}"
    assert theirs.err.rpartition("Error: ")[1] == ours.err.rpartition("Error: ")[1] == "Error: "


def test_without_a_token_both_ask_for_one(real: Client, stand_in: Client) -> None:
    for client in (real, stand_in):
        ran = client.run("apps", "list", "--json", FLY_API_TOKEN="")
        assert ran.status == 1
        assert "no access token available" in ran.err
