"""The real flyctl deploys: strategies, both update engines, release commands, failures, Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.core.model import Release
from flyctl_orchestrator.local.platform import Platform
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from tests.parity.parity_clients import QUICK_DEPLOY, TIMEOUT_SECONDS, Client, Ran
from tests.parity.served_platform import QUICK, ServedPlatform

pytestmark = pytest.mark.real_flyctl

TOML = """
app = "demo"
primary_region = "iad"
[http_service]
internal_port = 8080
[[http_service.checks]]
path = "/api/health"
interval = "5s"
timeout = "2s"
"""
SICK = Behaviour(boot_seconds=0.05, healthy_seconds=None, stop_seconds=0.02)
CRASHING = Behaviour(boot_seconds=0.05, exit_after_seconds=0.05, exit_code=1)


def started(client: Client, served: ServedPlatform, toml: str = TOML, regions: str = "") -> tuple[str, str]:
    """An app on its first image, in more regions if asked for; the references of this image and the next."""
    first, second = served.push("demo", "v1"), served.push("demo", "v2")
    client.ok("apps", "create", "demo", "-o", "personal")
    client.write_toml(toml)
    client.deploy(first, "--ha=false")
    if regions:
        client.ok("scale", "count", str(len(regions.split(","))), "--region", regions, "-y")
    return first, second


def images(client: Client) -> list[str]:
    return sorted(machine["config"]["image"] for machine in client.machines())


def newest(served: ServedPlatform) -> Release:
    release: Release | None = served.inside(lambda platform: platform.releases.current("demo"))
    assert release is not None
    return release


@pytest.mark.parametrize("engine", ["0", "2"])
@pytest.mark.parametrize("strategy", ["rolling", "immediate", "canary"])
def test_a_strategy_brings_every_machine_to_the_new_image(
    strategy: str, engine: str, served: ServedPlatform, real: Client
) -> None:
    _, second = started(real, served, regions="fra")
    real.deploy(second, "--strategy", strategy, "--deploy-retries", engine)
    assert images(real) == [second] * 2
    release = newest(served)
    assert (release.version, release.status, release.strategy) == (2, "complete", strategy.upper())
    marks = {machine["config"]["metadata"]["fly_release_version"] for machine in real.machines()}
    assert marks == {"2"}


def test_bluegreen_replaces_the_fleet_and_leaves_one_image(served: ServedPlatform, real: Client) -> None:
    _, second = started(real, served)
    before = {machine["id"] for machine in real.machines()}
    real.deploy(second, "--strategy", "bluegreen")
    after = real.machines()
    assert {machine["id"] for machine in after}.isdisjoint(before)
    assert images(real) == [second]
    assert [(machine["state"], machine["cordoned"]) for machine in after] == [("started", False)]


def test_bluegreen_goes_back_when_the_new_fleet_is_sick(served: ServedPlatform, real: Client) -> None:
    first, _ = started(real, served)
    sick = served.push("demo", "sick", SICK)
    ran = _deploy(real, sick, "--strategy", "bluegreen", "--wait-timeout", "3s")
    assert ran.status == 1
    assert images(real) == [first]
    assert newest(served).status == "failed"


def test_bluegreen_refuses_machines_that_launch_does_not_manage(served: ServedPlatform, real: Client) -> None:
    image = served.push("demo", "v1")
    real.ok("apps", "create", "demo", "-o", "personal")
    real.write_toml(TOML)
    real.ok("machine", "run", image, "--region", "iad", "-a", "demo")
    ran = _deploy(real, image, "--strategy", "bluegreen")
    assert ran.status == 1
    assert "outside Fly Launch management" in ran.err


def _deploy(client: Client, ref: str, *flags: str) -> Ran:
    return client.run("deploy", "--image", ref, *QUICK_DEPLOY, *flags)


@pytest.mark.parametrize("engine", ["0", "1"])
def test_a_sick_image_fails_the_deploy_and_stays_where_it_is(engine: str, served: ServedPlatform, real: Client) -> None:
    first, _ = started(real, served, regions="fra")
    sick = served.push("demo", "sick", SICK)
    ran = _deploy(real, sick, "--wait-timeout", "2s", "--deploy-retries", engine)
    assert ran.status == 1
    assert images(real) == sorted([first, sick])
    release = newest(served)
    assert release.status == "failed"
    assert release.metadata["post_deployment_info"]["error"]


def test_a_crashing_image_is_noticed_by_the_smoke_check(served: ServedPlatform, real: Client) -> None:
    started(real, served)
    crashing = served.push("demo", "crash", CRASHING)
    ran = real.run("deploy", "--image", crashing, "--dns-checks=false", "--wait-timeout", "20s", "-y")
    assert ran.status == 1
    assert "the app appears to be crashing" in ran.out + ran.err


def test_an_image_that_nobody_pushed_is_not_found(served: ServedPlatform, real: Client) -> None:
    started(real, served)
    ran = _deploy(real, "registry.fly.io/demo:never")
    assert ran.status == 1
    assert "could not find image" in ran.err
    assert newest(served).version == 1


def test_a_region_wave_touches_only_its_region(served: ServedPlatform, real: Client) -> None:
    first, second = started(real, served, regions="fra,nrt")
    real.deploy(second, "--regions", "fra", "--update-only", "--ha=false")
    by_region = {machine["region"]: machine["config"]["image"] for machine in real.machines()}
    assert by_region == {"iad": first, "fra": second, "nrt": first}


def test_only_machines_touches_only_them(served: ServedPlatform, real: Client) -> None:
    first, second = started(real, served, regions="fra,nrt")
    chosen = real.machines()[0]["id"]
    real.deploy(second, "--only-machines", chosen, "--update-only")
    found = {machine["id"]: machine["config"]["image"] for machine in real.machines()}
    assert found.pop(chosen) == second
    assert set(found.values()) == {first}


RELEASE = '[deploy]\nrelease_command = "migrate --to 0"\n'


def test_a_release_command_runs_before_anything_changes(served: ServedPlatform, real: Client) -> None:
    # flyctl first tries to stream the command's log through a tunnel. Over websockets it learns at once that there
    # is none, over UDP after five seconds.
    (real.home / "flyctl" / "config.yml").write_text("wire_guard_websockets: true\n")
    first, second = started(real, served, TOML + RELEASE)
    real.write_toml(TOML + RELEASE.replace("--to 0", "--to 3"))
    ran = _deploy(real, second)
    assert ran.status == 1
    assert "exited with non-zero status of 3" in ran.err
    assert "started as migrate --to 3" in ran.err
    assert images(real) == [first]
    assert newest(served).status == "failed"
    groups = {machine["config"]["metadata"]["fly_process_group"] for machine in real.machines()}
    assert groups == {"app"}


MOUNTS = '[mounts]\nsource = "data"\ndestination = "/data"\n'


def test_mounts_get_a_volume_and_keep_it(served: ServedPlatform, real: Client) -> None:
    _, second = started(real, served, TOML + MOUNTS)
    (machine,) = real.machines()
    (volume,) = real.json("volumes", "list")
    assert volume["attached_machine_id"] == machine["id"]
    real.deploy(second)
    (after,) = real.machines()
    assert after["config"]["mounts"][0]["volume"] == volume["id"]


def test_a_mount_that_is_added_needs_volumes_first(served: ServedPlatform, real: Client) -> None:
    _, second = started(real, served)
    real.write_toml(TOML + MOUNTS)
    ran = _deploy(real, second)
    assert ran.status == 1
    assert "needs volumes with name 'data'" in ran.err
    real.ok("volumes", "create", "data", "-r", "iad", "-s", "1", "-y")
    real.deploy(second)
    (after,) = real.machines()
    assert after["config"]["mounts"][0]["path"] == "/data"


def test_secrets_that_are_not_staged_are_released_at_once(served: ServedPlatform, real: Client) -> None:
    started(real, served)
    (before,) = real.machines()
    # A sleeping machine is updated without the ten seconds of watching that these commands have no flag against.
    real.ok("machine", "stop", before["id"], "--wait-timeout", "20s")
    real.ok("secrets", "set", "KEY=value", "--dns-checks=false")
    (after,) = real.machines()
    assert after["instance_id"] != before["instance_id"]
    assert secrets(real) == [("KEY", "Deployed")]
    real.ok("secrets", "unset", "KEY", "--stage")
    real.ok("secrets", "set", "OTHER=1", "--stage")
    assert secrets(real) == [("OTHER", "Staged")]
    real.ok("secrets", "deploy", "--dns-checks=false")
    assert secrets(real) == [("OTHER", "Deployed")]


def secrets(client: Client) -> list[tuple[str, str]]:
    return [(row["name"], row["status"]) for row in client.json("secrets", "list")]


def test_leases_of_somebody_else_stop_a_deploy_until_they_end(served: ServedPlatform, real: Client) -> None:
    _, second = started(real, served)
    (machine,) = real.machines()

    def take(platform: Platform) -> None:
        held = platform.machines.get("demo", machine["id"])
        platform.leases.acquire(held, ttl=2, nonce="", owner="somebody@else")

    served.inside(take)
    real.deploy(second)
    assert images(real) == [second]


@pytest.mark.parametrize("client", ["real", "stand_in"])
def test_ctrl_c_ends_with_127_and_marks_the_release_interrupted(
    client: str, served: ServedPlatform, request: pytest.FixtureRequest
) -> None:
    program: Client = request.getfixturevalue(client)
    started(program, served)
    never = served.push("demo", "never", Behaviour(boot_seconds=600))
    assert _interrupted_while_waiting(program, served, never).wait(TIMEOUT_SECONDS) == 127
    served.wait_until(lambda platform: _status(platform) == "interrupted", "the release is marked interrupted")
    # The real one says that it gives its leases back and does not get to it: they end after 13 seconds. The stand-in
    # does what flyctl means to do.
    held = served.inside(lambda platform: [platform.leases.held(one) for one in platform.machines.list("demo")])
    assert [lease is None for lease in held] == [client == "stand_in"]


def _status(platform: Platform) -> str:
    release = platform.releases.current("demo")
    return release.status if release is not None else ""


def _interrupted_while_waiting(program: Client, served: ServedPlatform, ref: str) -> subprocess.Popen[Any]:
    child = subprocess.Popen(
        [*program.program, "deploy", "--image", ref, *QUICK_DEPLOY, "--wait-timeout", "60s"],
        cwd=program.home,
        env=dict(program.env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    served.wait_until(
        lambda platform: any(machine.image == ref for machine in platform.machines.list("demo")),
        "the machine is being updated",
        TIMEOUT_SECONDS,
    )
    os.kill(child.pid, signal.SIGINT)
    return child


def test_a_manifest_is_exported_and_deployed_later(served: ServedPlatform, real: Client, tmp_path: Path) -> None:
    _, second = started(real, served)
    manifest = tmp_path / "deploy.json"
    real.deploy(second, "--export-manifest", str(manifest))
    assert newest(served).version == 1
    real.ok("deploy", "--from-manifest", str(manifest))
    assert images(real) == [second]


def test_healthy_machines_show_their_checks(served: ServedPlatform, real: Client) -> None:
    assert QUICK.healthy_seconds is not None
    started(real, served)
    ((checks,),) = [real.json("checks", "list").values()]
    assert [(check["name"], check["status"]) for check in checks] == [("servicecheck-00-http-8080", "passing")]
