"""The stand-in for flyctl by itself: what it refuses, how it ends, what it loads. None of this needs flyctl."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from dataclasses import replace

import pytest

from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from tests.parity.parity_clients import QUICK_DEPLOY, Client
from tests.parity.served_platform import QUICK, TOKEN, ServedPlatform

TOML = """
app = "demo"
primary_region = "iad"
[http_service]
internal_port = 8080
[[http_service.checks]]
path = "/up"
interval = "5s"
"""
BASES = ("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL")


@pytest.fixture
def app(served: ServedPlatform, stand_in: Client) -> str:
    """An app with one machine; the reference of its image."""
    stand_in.ok("apps", "create", "demo", "-o", "personal")
    stand_in.write_toml(TOML)
    ref = served.push("demo", "v1")
    stand_in.deploy(ref, "--ha=false")
    return ref


def test_it_says_what_it_is(stand_in: Client) -> None:
    assert "stand-in" in stand_in.ok("version").out
    told = stand_in.json("version")
    assert "stand-in" in told["Name"]
    assert told["Version"] == importlib.metadata.version("flyctl-orchestrator")


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("ssh console", "ssh console"),
        ("scale count 3", "scale count"),
        ("machine update 1", "machine update"),
        ("machine list --quiet", "machine list --quiet"),
        ("deploy --strategy bluegreen", "deploy --strategy bluegreen"),
        ("deploy", "deploy without --image (building)"),
        ("logs", "logs without --no-tail"),
        ("", "no command at all"),
        ("--help", "no command at all"),
    ],
)
def test_what_it_lacks_it_names(stand_in: Client, command: str, what: str) -> None:
    stand_in.write_toml(TOML)
    ran = stand_in.run(*command.split())
    assert (ran.status, ran.out) == (1, "") or command == "deploy"
    assert f"Error: the stand-in does not offer `{what}`; install flyctl\n" in ran.err


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("value", ["", "https://api.fly.io", "http://192.0.2.1:80", "http://127.0.0.1.example.org"])
def test_it_talks_to_nobody_else(stand_in: Client, served: ServedPlatform, base: str, value: str) -> None:
    strayed = replace(stand_in, env={**stand_in.env, base: value})
    strayed.write_toml(TOML)
    for command in ("auth whoami", "platform regions --json", "deploy --image x", "secrets import --stage"):
        ran = strayed.run(*command.split(), stdin="KEY=value\n")
        assert ran.status == 1
        assert "only talks to the local platform on this computer" in ran.err
        assert base in ran.err
        assert TOKEN not in ran.out + ran.err
    assert served.asked == []


def test_a_base_that_is_not_there_is_named(stand_in: Client) -> None:
    nowhere = dict.fromkeys(BASES, "http://127.0.0.1:9")
    ran = replace(stand_in, env={**stand_in.env, **nowhere}).run("apps", "list", "--json")
    assert ran.status == 1
    assert "is the local platform up?" in ran.err


def test_a_wrong_token_is_refused(stand_in: Client) -> None:
    ran = stand_in.run("apps", "list", "--json", FLY_API_TOKEN="fo1_other")
    assert (ran.status, ran.out) == (1, "")
    assert "401" in ran.err


def test_a_broken_fly_toml_is_one_line(stand_in: Client) -> None:
    stand_in.write_toml("app = ")
    ran = stand_in.run("config", "validate")
    assert ran.status == 1
    assert ran.err.startswith("Error: failed loading app config from ")
    assert "Traceback" not in ran.err


def test_validation_says_what_is_wrong(stand_in: Client) -> None:
    stand_in.write_toml(TOML + '[deploy]\nstrategy = "quick"\n')
    ran = stand_in.run("config", "validate")
    assert ran.status == 1
    assert "unsupported deployment strategy 'quick'" in ran.out
    assert ran.err == "Error: App configuration is not valid\n"


def test_an_app_lives_and_ends(app: str, served: ServedPlatform, stand_in: Client) -> None:
    second = served.push("demo", "v2")
    ran = stand_in.run("deploy", "--image", second, *QUICK_DEPLOY, FLY_EMIT_RELEASE_JSON="1")
    told = json.loads(next(line for line in ran.out.splitlines() if line.startswith("{")))
    assert (told["version"], told["image_ref"]) == (2, second)
    (machine,) = stand_in.machines()
    assert machine["config"]["image"] == second
    assert [row["Version"] for row in stand_in.json("releases")] == [2, 1]
    assert stand_in.json("status")["Version"] == 2
    stand_in.ok("apps", "destroy", "demo", "-y")
    assert stand_in.json("apps", "list") == []


def test_a_sick_image_fails_and_says_so_in_the_release(app: str, served: ServedPlatform, stand_in: Client) -> None:
    sick = served.push("demo", "sick", replace(QUICK, healthy_seconds=None))
    ran = stand_in.run("deploy", "--image", sick, *QUICK_DEPLOY, "--wait-timeout", "1s")
    assert ran.status == 1
    assert "timeout reached waiting for health checks to pass" in ran.err
    assert stand_in.json("releases")[0]["Status"] == "failed"
    assert served.inside(_leases) == [None]


def _leases(platform: Platform) -> list[object]:
    return [platform.leases.held(machine) for machine in platform.machines.list("demo")]


def test_the_first_of_many_fails_and_the_others_are_left_alone(served: ServedPlatform, stand_in: Client) -> None:
    stand_in.ok("apps", "create", "demo", "-o", "personal")
    stand_in.write_toml(TOML)
    first = served.push("demo", "v1")
    stand_in.deploy(first)
    sick = served.push("demo", "sick", replace(QUICK, healthy_seconds=None))
    assert stand_in.run("deploy", "--image", sick, *QUICK_DEPLOY, "--wait-timeout", "1s").status == 1
    assert sorted(machine["config"]["image"] for machine in stand_in.machines()) == sorted([first, sick])


def test_a_crash_loop_is_noticed(app: str, served: ServedPlatform, stand_in: Client) -> None:
    crashing = served.push("demo", "crash", Behaviour(boot_seconds=0.02, exit_after_seconds=0.02))
    ran = stand_in.run("deploy", "--image", crashing, "--dns-checks=false", "-y", "--wait-timeout", "20s")
    assert ran.status == 1
    assert "the app appears to be crashing" in ran.err


def test_secrets_that_are_not_staged_restart_machines(app: str, stand_in: Client) -> None:
    (before,) = stand_in.machines()
    stand_in.ok("secrets", "set", "KEY=value", "--detach")
    (after,) = stand_in.machines()
    assert after["instance_id"] != before["instance_id"]
    assert [row["status"] for row in stand_in.json("secrets", "list")] == ["Deployed"]
    remembered = (stand_in.home / "flyctl" / "config.yml").read_text()
    assert "app_secrets_minvers:\n    demo: 1\n" in remembered
    assert "wire_guard_websockets: false" in remembered


def test_a_value_on_stdin_is_never_shown(app: str, served: ServedPlatform, stand_in: Client) -> None:
    ran = stand_in.run("secrets", "import", "--stage", stdin="hunter2 is no pair\n")
    assert ran.status == 1
    assert "hunter2" not in ran.out + ran.err
    stand_in.ok("secrets", "set", "KEY=-", "--stage", stdin="  hunter2\n")
    assert served.inside(lambda platform: platform.secrets.values("demo")) == {"KEY": "hunter2"}


def test_it_loads_nothing_heavy(stand_in: Client) -> None:
    told = replace(stand_in, program=(sys.executable, "-X", "importtime", *stand_in.program[1:])).ok("version")
    loaded = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in told.err.splitlines() if "|" in line}
    assert "flyctl_orchestrator" in loaded
    assert not loaded & {"aiohttp", "click", "graphql", "questionary", "requests", "rich", "sqlite3"}


def test_logs_end_when_there_is_nothing_to_say(stand_in: Client) -> None:
    stand_in.ok("apps", "create", "demo", "-o", "personal")
    assert stand_in.ok("logs", "--no-tail", "--json", "-a", "demo").out == ""
