"""One rollout per app at a time: real commands, as from several computers, on a real local platform."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from typing import Any

from tests.flyo_process import Ran
from tests.functional.rollout.rollout_project import APP, RolloutProject, now


def elsewhere(project: RolloutProject) -> RolloutProject:
    """The same project on another computer: nothing in common but the platform."""
    own = {"FLYO_STATE_DIR": str(project.root / "elsewhere"), "USER": "bob"}
    return RolloutProject(project.root, project.shared, {**project.extra, **own})


def event(name: str) -> Any:
    return lambda line: line["event"] == name


def lock_machines(project: RolloutProject) -> list[dict[str, Any]]:
    """As the API shows them."""
    machines = project.api.call("GET", f"/v1/apps/{APP}/machines").body
    return [body for body in machines if "flyo_lock" in body["config"]["metadata"]]


def bake(project: RolloutProject, seconds: str) -> None:
    """Let the next rollouts take so long that others come while they run."""
    flyo = project.project / "flyo.toml"
    flyo.write_text(flyo.read_text().replace('timeout = "15s"', f'timeout = "15s"\nbake = "{seconds}"'))


def is_free(project: RolloutProject) -> bool:
    """Whether nothing is left of a lock but the machine that keeps it."""
    (machine,) = lock_machines(project)
    lease = project.api.on(APP, machine["id"], "/lease", method="GET")
    return lease.status == 404 and "flyo_lock_holder" not in machine["config"]["metadata"]


def test_a_second_deploy_from_another_computer_is_turned_away(deployed: RolloutProject) -> None:
    deployed.extra["USER"] = "ada"
    deployed.behave("good two")
    bake(deployed, "8s")
    others: list[Ran] = []
    mine = deployed.deploy_and(
        event("wave.started"), lambda child: others.append(elsewhere(deployed).deploy("--lock-wait", "0s"))
    )
    assert mine.status == 0, mine.stderr
    (other,) = others
    assert other.status == 6
    assert other.last_line.startswith(f"flyo: app {APP}: locked by ada@")
    assert other.last_line.endswith(
        "flyo deploy. If that command was killed, its lock ends by itself within 30 s; wait with --lock-wait 5m, or "
        "end it with 'flyo lock release --local --force' [lock.held]"
    )
    assert is_free(deployed)


def test_a_second_deploy_that_waits_finds_nothing_left_to_do(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    versions = deployed.versions()
    waiting: list[Ran] = []
    bake(deployed, "10s")
    other = threading.Thread(target=lambda: waiting.append(elsewhere(deployed).deploy("--lock-wait", "60s")))
    mine = deployed.deploy_and(event("wave.started"), lambda child: other.start())
    other.join()
    assert mine.status == 0, mine.stderr
    (ran,) = waiting
    assert ran.status == 0, ran.stderr
    assert "waiting for up to 1 m" in ran.stderr
    assert "Nothing to change" in ran.stdout
    assert all(deployed.versions()[region] != version for region, version in versions.items())
    assert is_free(deployed)


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
    assert is_free(deployed)


def test_a_lock_taken_by_hand_keeps_everything_away_at_once(deployed: RolloutProject) -> None:
    deployed.extra["USER"] = "ada"
    ran = deployed.flyo("lock", "take", "--local", "--why", "moving the database")
    assert ran.status == 0, ran.stderr
    shown = json.loads(deployed.flyo("lock", "status", "--local", "--json").stdout)
    assert (shown["schema"], shown["app"], shown["locked"]) == ("flyo.lock/1", APP, True)
    (holder,) = shown["holders"]
    assert (holder["how"], holder["why"], holder["expires"]) == ("hand", "moving the database", None)
    assert [holder["machine"]] == [body["id"] for body in lock_machines(deployed)]
    for command in (("deploy", "--local", "--lock-wait", "5m"), ("scale", "--local", "syd=1", "--lock-wait", "5m")):
        ran = deployed.flyo(*command)
        assert ran.status == 6, ran.stderr
        assert "moving the database" in ran.last_line and "'flyo lock release --local'" in ran.last_line
    assert set(deployed.machines()) == {"iad", "fra", "nrt"}
    assert elsewhere(deployed).flyo("lock", "release", "--local").status == 6
    assert "Released (was held by ada@" in deployed.flyo("lock", "release", "--local").stdout
    assert deployed.flyo("lock", "status", "--local").stdout.strip() == "The lock is free."
    assert deployed.flyo("lock", "release", "--local").stdout.strip() == "The lock is free."
    assert deployed.deploy().status == 0


def test_a_rollout_whose_lock_is_taken_away_stops_and_says_so(deployed: RolloutProject) -> None:
    bake(deployed, "60s")
    before = deployed.versions()
    deployed.behave("good two")

    def take_away(child: subprocess.Popen[str]) -> None:
        assert elsewhere(deployed).flyo("lock", "release", "--local").status == 6
        assert elsewhere(deployed).flyo("lock", "release", "--local", "--force").status == 0

    ran = deployed.deploy_and(event("bake.started"), take_away)
    assert ran.status == 5
    assert ran.lines[-1]["code"] == "lock.lost"
    assert "the lock was released elsewhere; stopped right there" in ran.last_line
    after = deployed.versions()
    assert after["iad"] != before["iad"]
    assert (after["fra"], after["nrt"]) == (before["fra"], before["nrt"])


def test_a_killed_deploy_locks_nobody_out_of_this_computer(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    killed = deployed.deploy_and(event("build.started"), lambda child: child.send_signal(signal.SIGKILL))
    assert killed.status == -signal.SIGKILL
    assert not is_free(deployed)
    since = now()
    ran = deployed.deploy()
    assert ran.status == 0, ran.stderr
    assert "waiting" not in ran.stderr and now() - since < 25
    assert is_free(deployed)


def test_a_killed_deploy_keeps_another_computer_out_for_half_a_minute(deployed: RolloutProject) -> None:
    deployed.behave("good two")
    killed = deployed.deploy_and(event("build.started"), lambda child: child.send_signal(signal.SIGKILL))
    assert killed.status == -signal.SIGKILL
    since = now()
    refused = elsewhere(deployed).deploy()
    assert refused.status == 6 and "ends by itself within 30 s" in refused.last_line
    ran = elsewhere(deployed).deploy("--lock-wait", "40s")
    assert ran.status == 0, ran.stderr
    assert now() - since < 60
    assert is_free(deployed)


def test_a_platform_that_goes_away_in_the_middle_locks_its_own_user_out_of_nothing(fresh: RolloutProject) -> None:
    """The daemon is killed in mid-rollout and started again; the same computer goes on at once."""
    own = RolloutProject(fresh.root, None, fresh.extra).write()
    try:
        assert own.deploy().status == 0
        own.behave("good two")
        ran = own.deploy_and(event("wave.started"), lambda child: os.kill(own.running.pid, signal.SIGKILL))
        assert ran.status in (5, 8), ran.stderr
        ran = own.flyo("deploy", "--local", "--unfinished", "resume")
        assert ran.status == 0, ran.stderr
    finally:
        own.flyo("local", "down")


def test_an_image_pull_that_fails_in_a_later_region_takes_no_lock_away(deployed: RolloutProject) -> None:
    before = deployed.what_matters()
    deployed.behave("good two")
    assert deployed.flyo("local", "fault", "add", "image-pull-fails", "--region", "fra").status == 0
    ran = deployed.deploy()
    assert ran.status == 3, ran.stderr
    after = deployed.what_matters()
    assert {region: row[:3] for region, row in after.items()} == {region: row[:3] for region, row in before.items()}
    assert is_free(deployed)


def test_a_machine_that_is_cloned_during_a_deploy_locks_nothing(deployed: RolloutProject) -> None:
    """As `flyctl scale count` does, metadata and all."""

    def clone(child: subprocess.Popen[str]) -> None:
        config = deployed.machines()["fra"]["config"]
        deployed.manage("POST", f"/v1/apps/{APP}/machines", {"config": config, "region": "fra"})

    deployed.behave("good two")
    ran = deployed.deploy_and(event("wave.started"), clone)
    assert ran.status in (0, 3), ran.stderr
    assert deployed.flyo("lock", "status", "--local").stdout.strip() == "The lock is free."
    assert is_free(deployed)


def test_a_kept_plan_is_read_before_the_lock_is_taken_and_before_fly_is_asked(deployed: RolloutProject) -> None:
    assert deployed.flyo("lock", "take", "--local").status == 0
    plan = deployed.project / "plan.json"
    for text, words in (("[", "not JSON"), ("{}", "")):
        plan.write_text(text)
        ran = deployed.deploy("--plan", "plan.json")
        assert ran.status == 2 and str(plan) in ran.last_line and words in ran.last_line, ran.stderr
    nobody = RolloutProject(deployed.root, deployed.root / "no-platform-here")
    assert nobody.flyo("deploy", "--plan", "plan.json", FLY_API_TOKEN="x").status == 2
    assert not (deployed.root / "no-platform-here").exists()


def test_what_a_person_says_of_the_lock_is_one_plain_line(deployed: RolloutProject) -> None:
    why = "x\n::add-mask::abc\n\x1b]0;T\x07"
    assert deployed.flyo("lock", "take", "--local", "--why", why).status == 0
    ran = deployed.flyo("deploy", "--local", GITHUB_ACTIONS="true")
    assert ran.status == 6
    for text in (ran.stdout, ran.stderr, deployed.flyo("lock", "status", "--local").stdout):
        assert "\x1b" not in text and "\x07" not in text
        assert not any(line.startswith("::add-mask") for line in text.splitlines())
    assert deployed.flyo("lock", "release", "--local").status == 0


def test_status_plan_and_history_do_not_know_the_machine_that_keeps_the_lock(deployed: RolloutProject) -> None:
    (machine,) = lock_machines(deployed)
    for command in (("status", "--machines"), ("plan",), ("history",)):
        for as_json in ((), ("--json",)):
            ran = deployed.flyo(*command, "--local", *as_json)
            assert ran.status == 0 and machine["id"] not in ran.stdout + ran.stderr, ran
            assert "unmanaged" not in ran.stdout and "was not made by a deploy" not in ran.stdout + ran.stderr
    assert "Nothing to change" in deployed.deploy().stdout
    assert [each["id"] for each in lock_machines(deployed)] == [machine["id"]]
    assert deployed.manage("DELETE", f"/v1/apps/{APP}?force=true") is not None
    assert deployed.api.call("GET", f"/v1/apps/{APP}/machines").status == 404
