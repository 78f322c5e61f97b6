"""The same promises with an unmodified flyctl, where there is one."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.functional.rollout.rollout_project import APP, RolloutProject, interrupt
from tests.platform_client import fleet_of

pytestmark = [
    pytest.mark.real_flyctl,
    pytest.mark.skipif(shutil.which("flyctl") is None, reason="no flyctl on PATH"),
]


@pytest.fixture
def real(fresh: RolloutProject) -> RolloutProject:
    """Three regions deployed with the real flyctl, under the documented rate limits."""
    fresh.extra["FLYO_FLYCTL"] = shutil.which("flyctl") or ""
    fresh.plant(APP)
    ran = fresh.deploy()
    assert ran.status == 0, ran.stderr
    return fresh


def test_forward_and_nothing_left_to_do(real: RolloutProject) -> None:
    real.behave("good two")
    ran = real.deploy()
    assert ran.status == 0, ran.stderr
    assert len({body["config"]["metadata"]["fly_release_id"] for body in real.machines().values()}) == 1
    assert "Nothing to change" in real.deploy().stdout


def test_volumes_in_three_regions_and_a_group_that_goes(fresh: RolloutProject) -> None:
    fresh.extra["FLYO_FLYCTL"] = shutil.which("flyctl") or ""
    fresh.add_worker()
    fresh.add_volumes()
    fly = fresh.project / "fly.toml"
    fly.write_text(fly.read_text().replace("[mounts]", '[mounts]\nprocesses = ["app", "worker"]'))
    ran = fresh.deploy()
    assert ran.status == 0, ran.stderr
    attached = [body["attached_machine_id"] for body in fresh.volumes()]
    fleet = fleet_of(fresh.api.call("GET", f"/v1/apps/{APP}/machines").body)
    assert sorted(attached) == sorted(body["id"] for body in fleet) and len(attached) == 5
    fresh.drop_worker()
    fly.write_text(fly.read_text().replace(', "worker"]', "]"))
    ran = fresh.deploy()
    assert ran.status == 0 and "2 destroyed" in ran.stdout, ran.stderr
    assert len(fresh.volumes()) == 5 and len(fresh.machines()) == 3


def test_a_volume_that_comes_later_and_goes_again(real: RolloutProject) -> None:
    before = {body["id"] for body in real.machines().values()}
    real.add_volumes()
    refused = real.deploy()
    assert refused.status == 2 and "volumes missing: fra 1, iad 1, nrt 1" in refused.stderr
    volumes = sorted(real.make_volume(region) for region in ("iad", "fra", "nrt"))
    ran = real.deploy()
    assert ran.status == 0, ran.stderr
    fleet = real.machines()
    assert sorted(body["config"]["mounts"][0]["volume"] for body in fleet.values()) == volumes
    assert {body["config"]["mounts"][0]["path"] for body in fleet.values()} == {"/data"}
    assert not {body["id"] for body in fleet.values()} & before
    assert len({body["config"]["metadata"]["fly_release_id"] for body in fleet.values()}) == 1
    assert len(real.volumes()) == 3 and "Nothing to change" in real.deploy().stdout
    real.drop_volumes()
    before = {body["id"] for body in real.machines().values()}
    refused = real.deploy()
    assert refused.status == 7 and "[plan.volume_detached]" in refused.last_line, refused.stderr
    ran = real.deploy("--yes")
    assert ran.status == 0, ran.stderr
    fleet = real.machines()
    assert not before & {body["id"] for body in fleet.values()}
    assert not any(body["config"].get("mounts") for body in fleet.values())
    assert sorted(body["id"] for body in real.volumes() if body["attached_machine_id"] is None) == volumes
    assert "Nothing to change" in real.deploy().stdout


@pytest.mark.parametrize(("behaviour", "words"), [("exits", "exit code 4"), ("broken", "answered 500")])
def test_back(real: RolloutProject, behaviour: str, words: str) -> None:
    before = real.what_matters()
    real.behave(behaviour)
    ran = real.deploy()
    assert ran.status == 3 and words in ran.last_line, ran.stderr
    assert real.what_matters() == before


def test_interrupted_while_flyctl_runs(real: RolloutProject) -> None:
    before = real.what_matters()
    real.behave("deaf")
    ran = real.deploy_and(lambda line: line["event"] == "step.finished", interrupt)
    assert ran.status == 130, ran.stderr
    assert real.what_matters() == before


def test_a_sleeping_canary(real: RolloutProject) -> None:
    iad = real.machines()["iad"]["id"]
    assert real.api.on(APP, iad, "/suspend").status == 200
    real.wait_for("iad", "suspended")
    real.behave("good two")
    ran = real.deploy()
    assert ran.status == 0, ran.stderr
    assert {code: body["state"] for code, body in real.machines().items()} == {
        "iad": "suspended", "fra": "started", "nrt": "started",
    }  # fmt: skip


def test_a_new_process_group(real: RolloutProject) -> None:
    real.add_worker()
    ran = real.deploy()
    assert ran.status == 0, ran.stderr
    answer = fleet_of(real.api.call("GET", "/v1/apps/rollout-test/machines").body)
    found = sorted((body["region"], body["config"]["metadata"]["fly_process_group"]) for body in answer)
    assert found == [("fra", "app"), ("fra", "worker"), ("iad", "app"), ("iad", "worker"), ("nrt", "app")]


def test_surge_touches_no_serving_machine_with_it_and_comes_back(real: RolloutProject) -> None:
    first = {code: body["id"] for code, body in real.machines().items()}
    real.behave("good two")
    ran = real.deploy("--strategy", "surge")
    assert ran.status == 0, ran.stderr
    second = real.machines()
    assert not {body["id"] for body in second.values()} & set(first.values())
    assert len({body["config"]["metadata"]["fly_release_id"] for body in second.values()}) == 1
    before = real.what_matters()
    real.behave("broken-nrt")
    assert real.deploy("--strategy", "surge").status == 3
    assert real.what_matters() == before


@pytest.mark.timeout(300)
def test_flyctl_leaves_the_machine_that_keeps_the_lock_alone(real: RolloutProject) -> None:
    """Whatever people do with flyctl between two deploys; and it goes with its app."""
    answer = real.flyo("local", "env", "--shell", "sh").stdout
    lines = [line.removeprefix("export ").partition("=") for line in answer.splitlines() if line.startswith("export ")]
    env = {**real.variables, **{name: value.strip("'") for name, _, value in lines}}

    def flyctl(*arguments: str) -> str:
        argv = [real.extra["FLYO_FLYCTL"], *arguments, "--app", APP]
        ran = subprocess.run(argv, cwd=real.project, env=env, capture_output=True, text=True, timeout=90, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def lock_machine() -> tuple[str, str, str]:
        listed = real.api.call("GET", f"/v1/apps/{APP}/machines").body
        (body,) = [each for each in listed if each not in fleet_of(listed)]
        return body["id"], body["instance_id"], body["state"]

    before = lock_machine()
    image = real.machines()["iad"]["config"]["image"]
    flyctl("scale", "count", "2", "--region", "fra", "--yes")
    flyctl("scale", "memory", "512")
    flyctl("deploy", "--image", image, "--yes", "--dns-checks=false", "--smoke-checks=false")
    flyctl("secrets", "set", "COLOUR=green", "--dns-checks=false")
    flyctl("scale", "count", "1", "--region", "fra", "--yes")
    assert lock_machine() == before
    assert before[0] not in flyctl("scale", "show") + flyctl("status", "--json")
    assert real.flyo("lock", "status", "--local").stdout.strip() == "The lock is free."
    argv = [real.extra["FLYO_FLYCTL"], "apps", "destroy", APP, "--yes"]
    assert subprocess.run(argv, env=env, capture_output=True, timeout=90, check=False).returncode == 0
    assert real.api.call("GET", f"/v1/apps/{APP}/machines").status == 404


def test_a_file_that_names_no_region(fresh: RolloutProject) -> None:
    fresh.extra["FLYO_FLYCTL"] = shutil.which("flyctl") or ""
    (fresh.project / "flyo.toml").unlink()
    fly = fresh.project / "fly.toml"
    fly.write_text(fly.read_text().replace('primary_region = "iad"\n', ""))
    ran = fresh.deploy("--watch", "0s")
    assert ran.status == 0 and sorted(fresh.machines()) == ["iad"], ran.stderr
    assert "Nothing to change" in fresh.deploy("--watch", "0s").stdout
