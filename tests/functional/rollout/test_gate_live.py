"""Releases that look well at first: what the gate finds out by asking more often, and by watching."""

from __future__ import annotations

import subprocess

import pytest

from tests.functional.rollout.rollout_project import APP, RolloutProject


@pytest.mark.parametrize("health_page", ["/up", "/"])
def test_a_release_that_answers_half_of_all_requests_with_errors_is_taken_back(
    deployed: RolloutProject, health_page: str
) -> None:
    """Its check is fine, and so is every other look at it; what gives it away is how many are not."""
    flyo = deployed.project / "flyo.toml"
    flyo.write_text(flyo.read_text().replace('path = "/up"', f'path = "{health_page}"'))
    before = deployed.what_matters()
    deployed.behave("half")
    ran = deployed.deploy()
    assert ran.status == 3, ran.stderr
    assert "answers were errors" in ran.last_line and "x 500" in ran.last_line and "(95 %)" in ran.last_line
    assert deployed.what_matters() == before


def test_without_a_probe_section_it_is_found_out_as_well(deployed: RolloutProject) -> None:
    flyo = deployed.project / "flyo.toml"
    flyo.write_text(flyo.read_text().replace('[probe]\npath = "/up"\n', ""))
    deployed.behave("half")
    ran = deployed.deploy()
    assert ran.status == 3, ran.stderr


def test_a_page_that_was_there_is_missed(deployed: RolloutProject) -> None:
    deployed.behave("missing")
    ran = deployed.deploy()
    assert ran.status == 3 and "/: " in ran.last_line and "x 404" in ran.last_line, ran.stderr


def test_a_page_that_never_was_there_is_not_missed(fresh: RolloutProject) -> None:
    fresh.plant(APP)
    fresh.behave("missing")
    assert fresh.deploy().status == 0
    (fresh.project / "release").write_text("two")
    ran = fresh.deploy("--json")
    assert ran.status == 0, ran.stderr
    assert ran.lines[-1]["result"] == "done" and "good: error rate below" in ran.lines[-1]["what"]


def test_a_release_that_ends_after_it_has_answered_is_taken_back(deployed: RolloutProject) -> None:
    before = deployed.what_matters()
    deployed.behave("ends")
    ran = deployed.deploy("--watch", "10s", "--json")
    assert ran.status == 3, ran.stderr
    assert ran.lines[-1]["code"] == "exited" and "exit code 1" in ran.lines[-1]["what"]
    names = [line["event"] for line in ran.lines]
    assert names.count("wave.started") == 1, "nobody follows a canary that was not watched"
    assert names.index("probe.answered") < names.index("watch.failed")
    assert deployed.what_matters() == before


def test_every_machine_is_watched_and_the_answers_are_counted(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    ran = deployed.deploy("--watch", "1s", "--json")
    assert ran.status == 0, ran.stderr
    watches = [line for line in ran.lines if line["event"] == "watch.finished"]
    assert [(line["seconds"], line["good"] == line["asked"]) for line in watches] == [(1.0, True)] * 2
    for line in (line for line in ran.lines if line["event"] == "evidence.gathered"):
        assert 0 < line["good"] == line["asked"] <= line["wanted"] and 0 < line["below"] < 1
    answers = sum(line["asked"] for line in watches)
    assert ran.lines[-1]["what"].startswith(f"every machine is new and verified; {answers} of {answers} good: ")
    assert {line["app"] for line in ran.lines} == {APP}


def test_the_baseline_is_taken_while_the_image_is_built(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    ran = deployed.deploy("--json")
    names = [line["event"] for line in ran.lines]
    measured = [number for number, name in enumerate(names) if name == "baseline.measured"]
    assert len(measured) == 3 and max(measured) < names.index("rollout.started")


def test_errors_that_only_users_get_fail_the_watch(deployed: RolloutProject) -> None:
    """Nobody of us asks for the page that is broken; the platform counts what those get who do."""
    canary = deployed.machines()["iad"]["id"]
    before = deployed.what_matters()
    deployed.behave("unsold")

    def buy(child: subprocess.Popen[str]) -> None:
        statuses = {deployed.api.visit(APP, "/buy", fly_force_instance_id=canary).status for _ in range(40)}
        assert statuses == {500}

    ran = deployed.start_and(
        ("deploy", "--local", "--json", "--watch", "12s"), lambda line: line["event"] == "evidence.gathered", buy
    )
    assert ran.status == 3, ran.stderr
    assert "of users were answered with 5xx" in ran.last_line and "(95 %)" in ran.last_line
    counted = [line for line in ran.lines if line["event"] == "traffic.counted"]
    assert counted and counted[-1]["errors"] > 20
    assert deployed.what_matters() == before
