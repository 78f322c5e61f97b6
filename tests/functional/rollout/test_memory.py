"""history, rollback, --resume, --abort and --plan against real machines, and real kills."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pexpect
import pytest

from flyctl_orchestrator.rollout.journal.journal import read_journal
from tests import planted
from tests.flyo_process import PATIENCE, Ran
from tests.functional.rollout.rollout_project import APP, RolloutProject
from tests.waiting import eventually


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def kill_at(project: RolloutProject, line: int, *args: str) -> bool:
    """`flyo deploy --local`, killed with SIGKILL as soon as its journal has so many lines; False if it ended first."""
    known = set(project.journals())
    child = project.start("deploy", "--local", *args)

    def written() -> bool:
        fresh = [path for path in project.journals() if path not in known]
        return bool(fresh) and lines_of(fresh[0]) >= line

    eventually(lambda: child.poll() is not None or written(), seconds=PATIENCE)
    if child.poll() is not None:
        return False
    child.send_signal(signal.SIGKILL)
    child.wait()
    return True


def uniform(project: RolloutProject) -> bool:
    """One image, everything started, and every mark fresh: a deploy finds nothing to do."""
    digests = {body["image_ref"]["digest"] for body in project.machines().values()}
    return len(digests) == 1 and {body["state"] for body in project.machines().values()} == {"started"}


def no_leases(project: RolloutProject) -> bool:
    bodies = project.machines().values()
    return all(project.api.call("GET", f"/v1/apps/{APP}/machines/{b['id']}/lease").status == 404 for b in bodies)


@pytest.mark.parametrize("line", [3, 4, 6, 8, 10, 14])
@pytest.mark.parametrize("way", ["--resume", "--abort"])
def test_kill_9_and_what_comes_after(deployed: RolloutProject, line: int, way: str) -> None:
    before = deployed.what_matters()
    deployed.behave("good two")
    assert kill_at(deployed, line)
    plain = deployed.deploy()
    assert plain.status == 5 and "--resume" in plain.last_line and "--abort" in plain.last_line, plain.stderr
    ran = deployed.deploy(way)
    assert ran.status == 0, ran.stderr
    assert uniform(deployed)
    assert no_leases(deployed)
    again = deployed.deploy(way)
    if way == "--resume":
        assert again.status == 1 and "nothing to resume" in again.last_line
    else:
        assert again.stdout.startswith("Nothing")
    if way == "--abort":
        assert deployed.what_matters() == before
    else:
        assert "Nothing to change" in deployed.deploy().stdout


@pytest.mark.parametrize("way", ["resume", "abort"])
def test_a_pipeline_needs_nobody_after_a_killed_job(deployed: RolloutProject, way: str) -> None:
    deployed.behave("good two")
    assert kill_at(deployed, 8)
    ran = deployed.deploy("--unfinished", way)
    assert ran.status == 0, ran.stderr
    assert uniform(deployed) and no_leases(deployed)
    assert "Nothing to change" in deployed.deploy("--unfinished", way).stdout


def test_a_rollout_killed_while_it_built_cannot_be_resumed(deployed: RolloutProject) -> None:
    before = deployed.versions()
    (deployed.project / "requirements.txt").write_text("")
    flyo = deployed.project / "flyo.toml"
    flyo.write_text(flyo.read_text() + '\n[local]\nbuild = "sleep 600"\ninputs = ["requirements.txt"]\n')
    deployed.deploy_and(lambda line: line["event"] == "build.started", lambda child: child.kill())
    ran = deployed.deploy("--resume")
    assert ran.status == 1 and "[resume.nothing]" in ran.last_line
    assert deployed.deploy("--abort").status == 0
    assert deployed.versions() == before


def test_another_computer_undoes_what_this_one_began(deployed: RolloutProject) -> None:
    """Without the journal, from what the machines say."""
    before = deployed.what_matters()
    deployed.behave("good two")
    assert kill_at(deployed, 8)
    shutil.rmtree(deployed.root / "state")
    # There the lock of the dead run has to run out.
    ran = deployed.deploy("--abort", "--lock-wait", "1m")
    assert ran.status == 0, ran.stderr
    assert uniform(deployed)
    now = deployed.what_matters()
    assert {region: row[:3] for region, row in now.items()} == {r: row[:3] for r, row in before.items()}


def test_rollback_and_back_again(deployed: RolloutProject) -> None:
    first = deployed.what_matters()
    deployed.behave("good two")
    assert deployed.deploy().status == 0
    second = {region: row[:3] for region, row in deployed.what_matters().items()}
    ran = deployed.flyo("rollback", "--local")
    assert ran.status == 0, ran.stderr
    assert deployed.what_matters() == first
    undo = ran.stderr.strip().splitlines()[-1]
    assert undo.startswith("To undo this: flyo rollback 00")
    again = deployed.flyo(*undo.removeprefix("To undo this: flyo ").split())
    assert again.status == 0, again.stderr
    assert {region: row[:3] for region, row in deployed.what_matters().items()} == second
    rows = json.loads(deployed.flyo("history", "--local", "--json").stdout)
    assert [row["kind"] for row in rows] == ["rollback", "rollback", "deploy", "deploy"]
    assert all(row["outcome"] == "done" and row["who"] for row in rows)
    text = deployed.flyo("history", "--local", "--limit", "1").stdout
    assert "rollback done" in text and len(text.splitlines()) == 2
    # Each of them can be shown again, and kept as a report; the project's state is searched for the secret afterwards.
    shown = deployed.flyo("history", "show", rows[0]["id"], "--local").stdout
    assert "canary has passed" in shown or "every machine" in shown
    events = deployed.flyo("history", "show", rows[2]["id"][-6:], "--local", "--json").lines
    assert [one["rollout"] for one in events if one["event"] == "rollout.started"] == [rows[2]["id"]]
    assert events[-1]["event"] == "rollout.finished"
    report = deployed.root / "state" / "report.html"
    made = deployed.flyo("history", "--local", "show", "last", "--html", str(report))
    assert made.status == 0 and made.stdout == "", made.stderr
    assert f'"id":"{rows[0]["id"]}"' in report.read_text()
    missing = deployed.flyo("history", "show", "nonesuch", "--local")
    assert missing.status == 2
    assert missing.stderr == (
        "flyo: history show: no rollout nonesuch of app rollout-test on the local platform is known on this computer. "
        "'flyo history --local' lists them [history.unknown]\n"
    )


def test_ctrl_c_at_the_question_changes_nothing_and_says_so(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    assert deployed.deploy().status == 0
    before = deployed.what_matters()
    child = deployed.at_terminal("rollback", "--local")
    child.expect("Go back to")
    child.sendcontrol("c")
    child.expect("nothing was changed on the fleet.*interrupted")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert deployed.what_matters() == before
    assert deployed.flyo("lock", "status", "--local").stdout.startswith("The lock is free")


def test_rollback_by_release_number_brings_count_and_sleep_back(deployed: RolloutProject) -> None:
    nrt = deployed.machines()["nrt"]["id"]
    assert deployed.api.on(APP, nrt, "/suspend").status == 200
    deployed.wait_for("nrt", "suspended")
    before = deployed.what_matters()
    release = deployed.machines()["iad"]["config"]["metadata"]["fly_release_version"]
    deployed.behave("good two")
    flyo = deployed.project / "flyo.toml"
    flyo.write_text(flyo.read_text().replace("nrt = 1", "nrt = 1\nsyd = 1"))
    assert deployed.deploy().status == 0
    assert set(deployed.machines()) == {"iad", "fra", "nrt", "syd"}
    ran = deployed.flyo("rollback", release, "--local")
    assert ran.status == 0, ran.stderr
    eventually(lambda: deployed.what_matters(), lambda now: now == before)


def test_rollback_without_anything_earlier_says_so(deployed: RolloutProject) -> None:
    ran = deployed.flyo("rollback", "--local")
    assert ran.status == 1 and "[rollback.nothing]" in ran.last_line
    assert deployed.flyo("rollback", "20990101-000000-abcdef", "--local").status == 2


def test_a_rollback_that_fails_reports_what_is_where(deployed: RolloutProject) -> None:
    """The earlier image is healthy no more in one region: nothing is taken back again."""
    deployed.behave("good two")
    assert deployed.deploy().status == 0
    fra = deployed.machines()["fra"]["id"]
    fault = {"name": "failing-check", "app": APP, "region": "fra"}
    assert deployed.api.call("POST", "/_local/faults", fault).status in (200, 201)
    ran: Ran = deployed.flyo("rollback", "--local")
    assert deployed.api.call("DELETE", "/_local/faults").status in (200, 204)
    assert ran.status == 4, ran.stderr
    assert f"fra {fra}" in ran.stderr and "--resume" in ran.last_line


def test_a_kept_plan_runs_as_it_is_or_not_at_all(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    made = deployed.flyo("plan", "--local", "--out", "plan.json", "--detailed-exit-code")
    assert made.status == 7
    fra = deployed.machines()["fra"]
    assert deployed.api.on(APP, fra["id"], "/cordon").status == 200
    stale = deployed.deploy("--plan", "plan.json")
    assert stale.status == 7 and "the fleet has changed" in stale.last_line, stale.stderr
    assert deployed.api.on(APP, fra["id"], "/uncordon").status == 200
    ran = deployed.deploy("--plan", "plan.json", "--json")
    assert ran.status == 0, ran.stderr
    kept = json.loads((deployed.project / "plan.json").read_text())
    ready = next(line for line in ran.lines if line["event"] == "plan.ready")
    assert (ready["waves"], ready["image"]) == (kept["waves"], kept["image"])
    assert deployed.deploy("--plan", "plan.json").status == 7
    (deployed.project / "plan.json").write_text("{}")
    assert deployed.deploy("--plan", "plan.json").status == 2
    assert deployed.deploy("--plan", "plan.json", "--resume").status == 2


def test_secrets_are_in_no_journal_event_or_error(deployed: RolloutProject) -> None:
    deployed.manage("POST", f"/v1/apps/{APP}/secrets", {"values": {planted.NAME: f"{planted.SECRET}-two"}})
    deployed.behave("good two")
    assert kill_at(deployed, 8)
    said = [deployed.deploy(), deployed.deploy("--resume", "--json", "--verbose"), deployed.flyo("rollback", "--local")]
    assert [ran.status for ran in said] == [5, 0, 0]
    assert "secrets have changed" in said[2].stderr
    deployed.ok("history", "--local", "--json")
    # That it is nowhere in all of this, the end of every test makes sure of.
    assert "begin" in {entry["entry"] for path in deployed.journals() for entry in read_journal(path)}
