"""`flyo deploy --strategy surge` with real machines: who is replaced, proved, put back, and refused."""

from __future__ import annotations

from tests.functional.rollout.rollout_project import APP, RolloutProject, interrupt

SURGE = ("--strategy", "surge")


def ids(project: RolloutProject) -> dict[str, str]:
    """Region -> machine id."""
    return {region: body["id"] for region, body in project.machines().items()}


def test_every_machine_is_another_one_and_a_second_deploy_has_nothing_to_do(deployed: RolloutProject) -> None:
    before = ids(deployed)
    deployed.behave("good two")
    ran = deployed.deploy(*SURGE)
    assert ran.status == 0, ran.stderr
    after = ids(deployed)
    assert sorted(after) == sorted(before) and not set(after.values()) & set(before.values())
    for region, machine in after.items():
        assert deployed.api.visit(APP, "/", region=region).body["machine"] == machine
        assert f"{before[region]} " in ran.stdout and machine in ran.stdout
    assert "Nothing to change" in deployed.deploy(*SURGE).stdout
    assert "Nothing to change" in deployed.deploy().stdout


def test_the_plan_says_who_is_replaced_and_when_the_old_ones_go(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    ran = deployed.flyo("plan", "--local", *SURGE)
    assert ran.status == 0, ran.stderr
    assert "3 to replace" in ran.stdout and "retire" in ran.stdout
    for machine in ids(deployed).values():
        assert ran.stdout.count(machine) == 2


def test_a_broken_release_leaves_the_very_same_machines(deployed: RolloutProject) -> None:
    before = deployed.what_matters()
    deployed.behave("broken-nrt")
    ran = deployed.deploy(*SURGE)
    assert ran.status == 3, ran.stderr
    assert deployed.what_matters() == before
    assert not any(body["cordoned"] for body in deployed.machines().values())


def test_an_interrupt_takes_everything_back(deployed: RolloutProject) -> None:
    before = deployed.what_matters()
    flyo_toml = deployed.project / "flyo.toml"
    flyo_toml.write_text(flyo_toml.read_text().replace("[rollout]\n", '[rollout]\nstrategy = "surge"\n'))
    deployed.behave("good two")
    ran = deployed.deploy_and(lambda line: (line["event"], line.get("step")) == ("step.finished", "cordon"), interrupt)
    assert ran.status == 130, ran.stderr
    assert deployed.what_matters() == before


def test_a_suspended_machine_is_replaced_by_one_that_was_proved_and_sleeps(deployed: RolloutProject) -> None:
    before = ids(deployed)
    assert deployed.api.on(APP, before["nrt"], "/suspend").status == 200
    deployed.wait_for("nrt", "suspended")
    deployed.behave("good two")
    ran = deployed.deploy("--json", *SURGE)
    assert ran.status == 0, ran.stderr
    nrt = deployed.machines()["nrt"]
    assert nrt["id"] != before["nrt"] and (nrt["state"], nrt["cordoned"]) == ("suspended", False)
    probes = [line for line in ran.lines if line["event"] == "probe.answered" and line["machine"] == nrt["id"]]
    assert probes and probes[-1]["ok"]
    assert deployed.api.visit(APP, "/", region="nrt").body["machine"] == nrt["id"]


def test_volumes_are_refused_before_anything_is_built(deployed: RolloutProject) -> None:
    before = deployed.versions()
    fly = deployed.project / "fly.toml"
    fly.write_text(fly.read_text() + '\n[mounts]\nsource = "data"\ndestination = "/data"\n')
    ran = deployed.deploy(*SURGE)
    assert ran.status == 2, ran.stderr
    assert "process group app has volumes" in ran.last_line and "[plan.surge_unfit]" in ran.last_line
    assert deployed.versions() == before
