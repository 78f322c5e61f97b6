"""A worker with a standby machine whose [mounts] come and get another name, with real machines."""

from __future__ import annotations

import copy
import shutil
from typing import Any

import pytest

from tests.functional.rollout.rollout_project import APP, RolloutProject
from tests.platform_client import fleet_of
from tests.waiting import eventually

REAL = [pytest.mark.real_flyctl, pytest.mark.skipif(shutil.which("flyctl") is None, reason="no flyctl on PATH")]
MOUNTS = '\n[mounts]\nsource = "{}"\ndestination = "/data"\ninitial_size = "1gb"\nprocesses = ["worker"]\n'


def mount(project: RolloutProject, name: str) -> list[str]:
    """Have the worker mount a volume of that name; makes two, which no machine has."""
    fly = project.project / "fly.toml"
    fly.write_text(fly.read_text().partition("\n[mounts]")[0] + MOUNTS.format(name))
    wanted = {"name": name, "region": "iad", "size_gb": 1}
    return sorted(project.api.call("POST", f"/v1/apps/{APP}/volumes", wanted).body["id"] for _ in range(2))


def workers(project: RolloutProject) -> tuple[dict[str, Any], dict[str, Any]]:
    """The worker, and the one that stands in for it."""
    listed = fleet_of(project.api.call("GET", f"/v1/apps/{APP}/machines").body)
    found = [body for body in listed if body["config"]["metadata"]["fly_process_group"] == "worker"]
    main, standby = sorted(found, key=lambda body: bool(body["config"].get("standbys")))
    return main, standby


def volumes_of(*machines: dict[str, Any]) -> list[str]:
    return sorted(mounted["volume"] for body in machines for mounted in body["config"].get("mounts") or ())


@pytest.fixture(params=["stand-in", pytest.param("real", marks=REAL)])
def project(request: pytest.FixtureRequest, fresh: RolloutProject) -> RolloutProject:
    """An app and a worker in one region, and a standby for the worker, as flyctl makes it."""
    if request.param == "real":
        fresh.extra["FLYO_FLYCTL"] = shutil.which("flyctl") or ""
    fresh.add_worker()
    flyo = fresh.project / "flyo.toml"
    flyo.write_text(flyo.read_text().replace("fra = 1\n", "").replace("nrt = 1\n", ""))
    ran = fresh.deploy()
    assert ran.status == 0, ran.stderr
    (main,) = (
        body
        for body in fleet_of(fresh.api.call("GET", f"/v1/apps/{APP}/machines").body)
        if body["config"]["metadata"]["fly_process_group"] == "worker"
    )
    config = copy.deepcopy(main["config"])
    config |= {"standbys": [main["id"]], "env": {**config["env"], "FLY_STANDBY_FOR": main["id"]}}
    config["metadata"] = {key: config["metadata"][key] for key in ("fly_platform_version", "fly_process_group")}
    body = {"config": config, "region": "iad", "skip_launch": True}
    assert fresh.api.call("POST", f"/v1/apps/{APP}/machines", body).status == 200
    eventually(lambda: workers(fresh)[1]["state"], lambda state: state == "stopped")
    return fresh


def test_the_standby_is_replaced_without_being_started_and_names_the_new_worker(project: RolloutProject) -> None:
    before = {body["id"] for body in workers(project)}
    volumes = mount(project, "data")
    ran = project.deploy()
    assert ran.status == 0, ran.stderr
    main, standby = workers(project)
    assert not before & {main["id"], standby["id"]} and volumes_of(main, standby) == volumes
    assert (main["state"], standby["state"]) == ("started", "stopped")
    assert not any(event["type"] == "start" for event in standby["events"])
    assert standby["config"]["standbys"] == [main["id"]]
    assert standby["config"]["env"]["FLY_STANDBY_FOR"] == main["id"]
    assert "Nothing to change" in project.deploy().stdout


@pytest.mark.parametrize("project", [pytest.param("real", marks=REAL)], indirect=True)
def test_volumes_get_another_name_and_come_back(project: RolloutProject) -> None:
    volumes = mount(project, "data")
    ran = project.deploy()
    assert ran.status == 0, ran.stderr
    renamed = mount(project, "files")
    refused = project.deploy()
    assert refused.status == 7 and "[plan.volume_detached]" in refused.last_line, refused.stderr
    assert all(volume in refused.last_line for volume in volumes)
    ran = project.deploy("--yes")
    assert ran.status == 0, ran.stderr
    main, standby = workers(project)
    assert volumes_of(main, standby) == renamed and standby["config"]["standbys"] == [main["id"]]
    assert standby["state"] == "stopped" and "Nothing to change" in project.deploy().stdout
    ran = project.flyo("rollback", "--local", "--yes")
    assert ran.status == 0, ran.stderr
    main, standby = workers(project)
    assert volumes_of(main, standby) == volumes and standby["config"]["standbys"] == [main["id"]]
    assert standby["state"] == "stopped"


@pytest.mark.parametrize("project", [pytest.param("real", marks=REAL)], indirect=True)
def test_flyctl_replaces_the_same_machines_leaves_the_name_behind_and_refuses_another_volume(
    project: RolloutProject,
) -> None:
    main, standby = workers(project)
    flyctl = [project.extra["FLYO_FLYCTL"], "deploy", "--image", main["config"]["image"], "--process-groups", "worker"]
    flyctl += ["--dns-checks=false", "--smoke-checks=false", "--yes"]
    volumes = mount(project, "data")
    ran = project.flyo("local", "exec", "--", *flyctl)
    assert ran.status == 0, ran.stderr + ran.stdout
    after, spare = workers(project)
    assert not {main["id"], standby["id"]} & {after["id"], spare["id"]}
    assert volumes_of(after, spare) == volumes and spare["state"] == "stopped"
    assert spare["config"]["standbys"] == [main["id"]]
    mount(project, "files")
    refused = project.flyo("local", "exec", "--", *flyctl)
    assert refused.status == 1 and "can't update the attached volume files with name" in refused.stderr, refused.stderr
