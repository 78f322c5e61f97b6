"""A repository with [mounts] in three regions, with real machines: first, again, more, fewer, and refused."""

from __future__ import annotations

import json
import re

import pexpect
import pytest

from tests.functional.rollout.rollout_project import APP, RolloutProject


@pytest.fixture
def mounted(fresh: RolloutProject) -> RolloutProject:
    """A project with volumes that was never deployed."""
    fresh.add_volumes()
    return fresh


def owners(project: RolloutProject) -> dict[str, tuple[str, str | None]]:
    """Volume id -> its region, and the machine that has it."""
    return {each["id"]: (each["region"], each["attached_machine_id"]) for each in project.volumes()}


def test_three_regions_at_the_first_try_and_more_later(mounted: RolloutProject) -> None:
    planned = mounted.flyo("plan", "--local")
    assert planned.status == 0 and planned.stdout.count("; new volume data, 2 GB  +$") == 3, planned.stderr
    ran = mounted.deploy()
    assert ran.status == 0, ran.stderr
    first = owners(mounted)
    assert sorted(first.values()) == sorted((region, body["id"]) for region, body in mounted.machines().items())
    mounted.behave("good two")
    assert mounted.deploy().status == 0 and owners(mounted) == first
    ran = mounted.flyo("scale", "--local", "syd=1", "--yes")
    assert ran.status == 0, ran.stderr
    ran = mounted.flyo("scale", "--local", "syd=0", "--yes")
    (spare,) = set(owners(mounted)) - set(first)
    assert ran.status == 0 and f"{spare} (data, 2 GB, syd)" in ran.stderr and "$0.30 a month" in ran.stderr
    status = mounted.flyo("status", "--local")
    assert f"volume {spare} (data, 2 GB) in syd has no machine" in status.stdout
    ran = mounted.flyo("scale", "--local", "nrt=0", "--with-volumes")
    assert ran.status == 2 and "[scale.volumes]" in ran.stderr
    assert mounted.flyo("scale", "--local", "nrt=0", "--with-volumes", "--yes").status == 0
    assert {region for region, _ in owners(mounted).values()} == {"iad", "fra", "syd"}


def test_a_release_that_fails_at_first_keeps_its_volumes_for_the_next(mounted: RolloutProject) -> None:
    mounted.behave("broken-nrt")
    ran = mounted.deploy()
    kept = set(owners(mounted))
    assert ran.status == 3 and mounted.machines() == {} and len(kept) == 3, ran.stderr
    assert all(volume in ran.stderr for volume in kept)
    mounted.behave("good")
    assert mounted.deploy().status == 0
    assert set(owners(mounted)) == kept and all(machine for _, machine in owners(mounted).values())


def test_what_cannot_be_is_said_before_there_is_an_app(mounted: RolloutProject) -> None:
    ran = mounted.deploy("--strategy", "surge")
    assert ran.status == 2 and "process group app has volumes" in ran.stderr
    assert mounted.api.call("GET", f"/v1/apps/{APP}").status == 404


def test_a_volume_that_comes_later_needs_one_for_each_machine(deployed: RolloutProject) -> None:
    before, machines = deployed.what_matters(), deployed.machines()
    deployed.add_volumes()
    made = {deployed.make_volume(region): region for region in ("iad", "fra")}
    ran = deployed.deploy()
    assert ran.status == 2 and "volumes missing: nrt 1" in ran.stderr and "[plan.volume_missing]" in ran.stderr
    (advised,) = re.findall(rf"'flyo (local exec -- flyctl volumes create data -a {APP} -r nrt -n 1)'", ran.stderr)
    assert deployed.what_matters() == before
    deployed.ok(*advised.split())
    made |= {volume: region for volume, (region, _) in owners(deployed).items() if region == "nrt"}
    ran = deployed.deploy()
    assert ran.status == 0, ran.stderr
    after = deployed.machines()
    assert not {body["id"] for body in after.values()} & {body["id"] for body in machines.values()}
    assert owners(deployed) == {volume: (region, after[region]["id"]) for volume, region in made.items()}
    assert "Nothing to change" in deployed.deploy().stdout


def test_a_volume_that_goes_is_asked_about_kept_and_comes_back(mounted: RolloutProject) -> None:
    assert mounted.deploy().status == 0
    before, machines = owners(mounted), mounted.versions()
    mounted.drop_volumes()
    planned = mounted.flyo("plan", "--local")
    assert planned.status == 0 and planned.stdout.count("note: a machine is replaced by one without its volume") == 3
    ran = mounted.deploy()
    assert ran.status == 7 and "[plan.volume_detached]" in ran.last_line, ran.stderr
    assert all(f"{volume} (data, 2 GB, {region})" in ran.last_line for volume, (region, _) in before.items())
    assert (owners(mounted), mounted.versions()) == (before, machines)
    ran = mounted.deploy("--yes")
    assert ran.status == 0, ran.stderr
    assert not any(body["config"].get("mounts") for body in mounted.machines().values())
    assert not set(mounted.versions().values()) & set(machines.values())
    assert owners(mounted) == {volume: (region, None) for volume, (region, _) in before.items()}
    assert all(volume in ran.stderr for volume in before)
    assert "Nothing to change" in mounted.deploy().stdout
    ran = mounted.flyo("rollback", "--local", "--yes")
    assert ran.status == 0, ran.stderr
    after = mounted.machines()
    assert owners(mounted) == {volume: (region, after[region]["id"]) for volume, (region, _) in before.items()}


def test_a_person_is_asked_before_volumes_go(mounted: RolloutProject) -> None:
    assert mounted.deploy().status == 0
    before, machines = owners(mounted), mounted.versions()
    mounted.drop_volumes()
    child = mounted.at_terminal("deploy", "--local")
    child.expect("without their volumes")
    child.sendline("n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus not in (0, None)
    assert (owners(mounted), mounted.versions()) == (before, machines)


def test_a_process_group_that_is_gone_is_retired_and_named(fresh: RolloutProject) -> None:
    fresh.add_worker()
    assert fresh.deploy().status == 0
    fresh.drop_worker()
    planned = json.loads(fresh.flyo("plan", "--local", "--json").stdout)
    gone = [lane for lane in planned["waves"][-1]["lanes"] if lane["reasons"] == ["removed_group"]]
    assert [lane["group"] for lane in gone] == ["worker", "worker"]
    ran = fresh.deploy()
    assert ran.status == 0 and "2 destroyed" in ran.stdout, ran.stderr
    assert len(fresh.machines()) == 3
