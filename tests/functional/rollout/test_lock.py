"""One rollout per app at a time: real commands, as from several computers, on a real local platform."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from typing import Any

from tests.flyo_process import Ran
from tests.functional.rollout.rollout_project import APP, RolloutProject


def elsewhere(project: RolloutProject) -> RolloutProject:
    """The same project on another computer: nothing in common but the platform."""
    own = {"FLYO_STATE_DIR": str(project.root / "elsewhere"), "USER": "bob"}
    return RolloutProject(project.root, project.shared, {**project.extra, **own})


def event(name: str) -> Any:
    return lambda line: line["event"] == name


def lock_keys(project: RolloutProject) -> list[str]:
    machines = project.api.call("GET", f"/v1/apps/{APP}/machines").body
    return [key for body in machines for key in body["config"]["metadata"] if key.startswith("flyo_lock_")]


def test_a_second_deploy_from_another_computer_is_turned_away(deployed: RolloutProject) -> None:
    deployed.extra["USER"] = "ada"
    deployed.behave("good two")
    others: list[Ran] = []
    mine = deployed.deploy_and(
        event("wave.started"), lambda child: others.append(elsewhere(deployed).deploy("--lock-wait", "0s"))
    )
    assert mine.status == 0, mine.stderr
    (other,) = others
    assert other.status == 6
    assert other.last_line.startswith(f"flyo: app {APP}: locked by ada@")
    assert other.last_line.endswith(
        "flyo deploy. Wait for it with --lock-wait 5m, or end it with 'flyo lock release --force' [lock.held]"
    )
    assert lock_keys(deployed) == []


def test_a_second_deploy_that_waits_finds_nothing_left_to_do(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    versions = deployed.versions()
    waiting: list[Ran] = []
    other = threading.Thread(target=lambda: waiting.append(elsewhere(deployed).deploy("--lock-wait", "60s")))
    mine = deployed.deploy_and(event("wave.started"), lambda child: other.start())
    other.join()
    assert mine.status == 0, mine.stderr
    (ran,) = waiting
    assert ran.status == 0, ran.stderr
    assert "waiting for up to 1 m" in ran.stderr
    assert "Nothing to change" in ran.stdout
    assert all(deployed.versions()[region] != version for region, version in versions.items())
    assert lock_keys(deployed) == []


def test_of_two_first_deploys_on_one_computer_one_runs(fresh: RolloutProject) -> None:
    others: list[Ran] = []
    mine = fresh.deploy_and(event("build.started"), lambda child: others.append(fresh.deploy()))
    assert mine.status == 0, mine.stderr
    assert [other.status for other in others] == [6]
    assert "[lock.held]" in others[0].last_line


def test_two_that_start_at_the_same_moment_do_not_both_run(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    ran: list[Ran] = []
    both = [
        threading.Thread(target=lambda project=project: ran.append(project.deploy("--json")))
        for project in (deployed, elsewhere(deployed))
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sum(line["event"] == "rollout.started" for one in ran for line in one.lines) == 1
    assert sorted(one.status for one in ran) in ([0, 6], [0, 0])
    assert lock_keys(deployed) == []


def test_a_lock_taken_by_hand_keeps_everything_away_at_once(deployed: RolloutProject) -> None:
    deployed.extra["USER"] = "ada"
    ran = deployed.flyo("lock", "take", "--local", "--why", "moving the database")
    assert ran.status == 0, ran.stderr
    shown = json.loads(deployed.flyo("lock", "status", "--local", "--json").stdout)
    assert (shown["schema"], shown["app"], shown["locked"]) == ("flyo.lock/1", APP, True)
    (holder,) = shown["holders"]
    assert (holder["how"], holder["why"], holder["expires"]) == ("hand", "moving the database", None)
    assert set(holder["machines"]) == {body["id"] for body in deployed.machines().values()}
    for command in (("deploy", "--local", "--lock-wait", "5m"), ("scale", "--local", "syd=1", "--lock-wait", "5m")):
        ran = deployed.flyo(*command)
        assert ran.status == 6, ran.stderr
        assert "moving the database" in ran.last_line and "'flyo lock release'" in ran.last_line
    assert set(deployed.machines()) == {"iad", "fra", "nrt"}
    assert elsewhere(deployed).flyo("lock", "release", "--local").status == 6
    assert "Released (was held by ada@" in deployed.flyo("lock", "release", "--local").stdout
    assert deployed.flyo("lock", "status", "--local").stdout.strip() == "Nobody holds the lock."
    assert deployed.flyo("lock", "release", "--local").stdout.strip() == "Nobody holds the lock."
    assert deployed.deploy().status == 0


def test_a_rollout_whose_lock_is_taken_away_stops_and_says_so(deployed: RolloutProject) -> None:
    flyo = deployed.project / "flyo.toml"
    flyo.write_text(flyo.read_text().replace('timeout = "15s"', 'timeout = "15s"\nbake = "60s"'))
    before = deployed.versions()
    deployed.behave("good two")

    def take_away(child: subprocess.Popen[str]) -> None:
        assert elsewhere(deployed).flyo("lock", "release", "--local").status == 6
        assert elsewhere(deployed).flyo("lock", "release", "--local", "--force").status == 0

    ran = deployed.deploy_and(event("bake.started"), take_away)
    assert ran.status == 5
    assert ran.lines[-1]["code"] == "lock.lost"
    assert "the lock was released by somebody; stopped right there" in ran.last_line
    after = deployed.versions()
    assert after["iad"] != before["iad"]
    assert (after["fra"], after["nrt"]) == (before["fra"], before["nrt"])


def test_a_killed_deploy_locks_nobody_out_of_this_computer(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    killed = deployed.deploy_and(event("build.started"), lambda child: child.send_signal(signal.SIGKILL))
    assert killed.status == -signal.SIGKILL
    assert len(lock_keys(deployed)) == 3
    ran = deployed.deploy()
    assert ran.status == 0, ran.stderr
    assert lock_keys(deployed) == []
