"""`flyo deploy` and `flyo plan` against real machines."""

from __future__ import annotations

import json

from tests import planted
from tests.functional.rollout.rollout_project import APP, RolloutProject
from tests.platform_client import fleet_of


def test_three_regions_are_deployed_proved_and_shown(fresh: RolloutProject) -> None:
    fresh.plant(APP)
    ran = fresh.deploy()
    assert ran.status == 0, ran.stderr
    rows = [line.split() for line in ran.stdout.splitlines()[:4]]
    assert [row[0] for row in rows] == ["region", "iad", "fra", "nrt"]
    machines = fresh.machines()
    for row in rows[1:]:
        assert row[1] == machines[row[0]]["id"]
        assert "healthy" in row and "new" in row and row[-1] == "ms"
    assert f"http://{APP}.localhost:{fresh.api.running.port}" in ran.stdout
    for region, body in machines.items():
        assert fresh.api.visit(APP, "/", region=region).body["machine"] == body["id"]


def test_a_second_deploy_changes_nothing_and_says_so(deployed: RolloutProject) -> None:
    before = deployed.versions()
    ran = deployed.deploy()
    assert ran.status == 0, ran.stderr
    assert "Nothing to change" in ran.stdout
    assert deployed.versions() == before


def test_what_was_deployed_again_is_unchanged_until_something_changes(deployed: RolloutProject) -> None:
    ran = deployed.deploy("--again")
    assert ran.status == 0 and "Nothing to change" not in ran.stdout, ran.stderr
    again = deployed.versions()
    ran = deployed.deploy()
    assert ran.status == 0 and "Nothing to change" in ran.stdout, ran.stderr
    assert deployed.versions() == again
    deployed.behave("good two")
    ran = deployed.deploy()
    assert ran.status == 0 and "Nothing to change" not in ran.stdout, ran.stderr
    assert not set(deployed.versions().values()) & set(again.values())


def test_a_new_release_reaches_every_machine_as_one_release(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    before = {region: body["id"] for region, body in deployed.machines().items()}
    ran = deployed.deploy()
    assert ran.status == 0, ran.stderr
    after = deployed.machines()
    assert {region: body["id"] for region, body in after.items()} == before
    assert len({body["image_ref"]["digest"] for body in after.values()}) == 1
    assert len({body["config"]["metadata"]["fly_release_version"] for body in after.values()}) == 1


def test_a_suspended_machine_is_proved_and_sleeps_again(deployed: RolloutProject) -> None:
    nrt = deployed.machines()["nrt"]["id"]
    assert deployed.api.on(APP, nrt, "/suspend").status == 200
    deployed.wait_for("nrt", "suspended")
    asked = len([line for line in deployed.api.logs(APP) if "/up" in line])
    deployed.behave("good two")
    ran = deployed.deploy("--json")
    assert ran.status == 0, ran.stderr
    after = deployed.machines()
    assert (after["nrt"]["id"], after["nrt"]["state"]) == (nrt, "suspended")
    assert after["nrt"]["image_ref"]["digest"] == after["iad"]["image_ref"]["digest"]
    probes = [line for line in ran.lines if line["event"] == "probe.answered" and line["region"] == "nrt"]
    assert probes and probes[-1]["ok"] and probes[-1]["answered_machine"] == nrt
    assert len([line for line in deployed.api.logs(APP) if "/up" in line]) > asked
    rows = {row["region"]: row for row in ran.lines[-1]["machines"]}
    assert (rows["nrt"]["health"], rows["nrt"]["fate"]) == ("asleep", "new")
    assert "Nothing to change" in deployed.deploy().stdout


def test_a_broken_release_in_a_sleeping_region_is_found_and_taken_back(deployed: RolloutProject) -> None:
    nrt = deployed.machines()["nrt"]["id"]
    assert deployed.api.on(APP, nrt, "/suspend").status == 200
    deployed.wait_for("nrt", "suspended")
    before = deployed.what_matters()
    deployed.behave("broken-nrt")
    ran = deployed.deploy()
    assert ran.status == 3, ran.stderr
    assert deployed.what_matters() == before


def test_json_is_json_and_nothing_else(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    ran = deployed.deploy("--json")
    assert ran.status == 0
    assert all(line["schema"] == "flyo.event/1" for line in ran.lines)
    names = [line["event"] for line in ran.lines]
    assert names[-1] == "rollout.finished" and "wave.passed" in names
    last = ran.lines[-1]
    assert (last["result"], last["exit"]) == ("done", 0)
    assert [row["region"] for row in last["machines"]] == ["iad", "fra", "nrt"]


def test_a_staged_secret_goes_out_with_the_next_deploy_and_is_nowhere_to_be_read(deployed: RolloutProject) -> None:
    newer = f"{planted.SECRET}-two"
    deployed.manage("POST", f"/v1/apps/{APP}/secrets", {"values": {planted.NAME: newer}})
    ran = deployed.deploy("--json", "--verbose")
    assert ran.status == 0, ran.stderr
    for region in ("iad", "fra", "nrt"):
        assert deployed.api.visit(APP, "/", region=region).body["secret"] == len(newer)
    assert "Nothing to change" in deployed.deploy().stdout
    # That it can be read nowhere, the end of every test makes sure of.
    journal = deployed.journals()[-1].read_text()
    assert planted.SECRET not in journal + ran.stdout + ran.stderr and planted.NAME not in journal


def test_missing_machines_are_added_and_others_left_alone(deployed: RolloutProject) -> None:
    before = deployed.versions()
    flyo = deployed.project / "flyo.toml"
    flyo.write_text(flyo.read_text().replace("nrt = 1", "nrt = 1\nsyd = 1"))
    assert deployed.deploy().status == 0
    after = deployed.versions()
    assert set(after) == {"iad", "fra", "nrt", "syd"}
    assert {region: after[region] for region in before} == before


def test_two_deploys_right_after_each_other_keep_within_the_limits(fresh: RolloutProject) -> None:
    fresh.plant(APP)
    assert fresh.deploy().status == 0
    fresh.behave("good two")
    ran = fresh.deploy()
    assert ran.status == 0, ran.stderr


def test_the_plan_says_what_a_deploy_does(deployed: RolloutProject) -> None:
    ran = deployed.flyo("plan", "--local", "--detailed-exit-code")
    assert (ran.status, ran.stdout.strip()) == (0, "Nothing to do: 3 machines as wanted.")
    deployed.behave("good two")
    before = deployed.versions()
    ran = deployed.flyo("plan", "--local", "--detailed-exit-code", "--json", "--out", "plan.json")
    assert ran.status == 7
    made = json.loads(ran.stdout)
    assert [[lane["region"] for lane in wave["lanes"]] for wave in made["waves"]] == [["iad"], ["fra", "nrt"]]
    assert json.loads((deployed.project / "plan.json").read_text()) == made
    assert deployed.versions() == before
    text = deployed.flyo("plan", "--local").stdout
    assert "canary (iad; 1 at once per region)" in text and "3 to change" in text


def test_drift_is_told(deployed: RolloutProject) -> None:
    fra = deployed.machines()["fra"]
    config = {**fra["config"], "env": {**fra["config"].get("env", {}), "EDITED": "yes"}}
    assert deployed.api.on(APP, fra["id"], "", {"config": config}).status == 200
    deployed.wait_for("fra", "started")
    ran = deployed.flyo("plan", "--local", "--json")
    assert [drift["kind"] for drift in json.loads(ran.stdout)["drift"]] == ["edited"]
    ran = deployed.deploy()
    assert ran.status == 0 and "was edited" in ran.stderr
    assert "EDITED" not in deployed.machines()["fra"]["config"]["env"]


def test_process_groups_come_and_are_rolled_out_together(deployed: RolloutProject) -> None:
    """A group that is new starts in the primary region, without a service it is judged by staying up."""
    deployed.add_worker()
    ran = deployed.deploy()
    assert ran.status == 0, ran.stderr
    answer = fleet_of(deployed.api.call("GET", f"/v1/apps/{APP}/machines").body)
    found = sorted((body["region"], body["config"]["metadata"]["fly_process_group"]) for body in answer)
    assert found == [("fra", "app"), ("fra", "worker"), ("iad", "app"), ("iad", "worker"), ("nrt", "app")]
    assert all(body["state"] == "started" for body in answer)
    assert len({body["image_ref"]["digest"] for body in answer}) == 1
    assert "Nothing to change" in deployed.deploy().stdout


def test_one_machine_is_changed_and_no_other(deployed: RolloutProject) -> None:
    fra, before = deployed.machines()["fra"]["id"], deployed.versions()
    deployed.behave("good two")
    ran = deployed.deploy("--only-machines", fra)
    assert ran.status == 0, ran.stderr
    assert "1 machine is new and verified, 2 unchanged, but what was left out" in ran.stdout
    assert {region for region, version in deployed.versions().items() if version != before[region]} == {"fra"}
    for option, region in (("--exclude-regions", "frq"), ("--regions", "frq")):
        ran = deployed.deploy(option, region)
        assert ran.status == 2 and f"{option}: 'frq' is no region of app" in ran.stderr
    ran = deployed.deploy("--abort", "--only-machines", fra)
    assert ran.status == 2 and "--abort says itself what it is about, and cannot be used with --only-m" in ran.stderr
