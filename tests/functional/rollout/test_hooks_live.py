"""Hooks of real deploys."""

from __future__ import annotations

import os
from pathlib import Path

from tests.functional.rollout.rollout_project import APP, RolloutProject, interrupt


def with_hooks(project: RolloutProject, **commands: str) -> None:
    flyo = project.project / "flyo.toml"
    lines = [f"{name.replace('_', '-')} = '''{command}'''" for name, command in commands.items()]
    flyo.write_text("\n".join([flyo.read_text(), "[hooks]", *lines]) + "\n")


def diary(project: RolloutProject) -> list[str]:
    path = project.root / "diary"
    return path.read_text().splitlines() if path.exists() else []


def test_hooks_run_in_order_with_the_facts_and_without_the_token(deployed: RolloutProject) -> None:
    note = 'echo "$FLYO_HOOK $FLYO_REGIONS ${FLYO_VERDICT:-}${FLYO_EXIT:-} ${FLY_API_TOKEN:-no token}" >> ../diary'
    with_hooks(deployed, pre_deploy=note, post_wave=note, on_failure=note, post_deploy=f"{note}; echo all done")
    deployed.behave("good two")
    ran = deployed.deploy()
    assert ran.status == 0, ran.stderr
    assert diary(deployed) == [
        "pre-deploy iad fra nrt  no token",
        "post-wave iad passed no token",
        "post-wave fra nrt passed no token",
        "post-deploy iad fra nrt done0 no token",
    ]
    assert "post-deploy: all done" in ran.stderr
    # Nothing to do: no hooks. And on request: none, either.
    assert "Nothing to change" in deployed.deploy().stdout
    deployed.behave("good three")
    assert deployed.deploy("--no-hooks").status == 0
    assert len(diary(deployed)) == 4


def test_a_pre_deploy_hook_that_fails_stops_before_any_change(deployed: RolloutProject) -> None:
    before = deployed.versions()
    with_hooks(deployed, pre_deploy="echo the tests are red; exit 7", on_failure='echo "$FLYO_WHAT" >> ../diary')
    deployed.behave("good two")
    ran = deployed.deploy("--json")
    assert ran.status == 1
    assert deployed.versions() == before
    assert ran.last_line.endswith(
        "hook pre-deploy failed with exit status 7; nothing was changed on the fleet. Correct it in [hooks] of "
        "flyo.toml; what it wrote stands above [hook.failed]"
    )
    lines = [line["line"] for line in ran.lines if line["event"] == "hook.line"]
    assert lines == ["the tests are red"]
    assert ran.lines[-1]["event"] == "rollout.finished" and ran.lines[-1]["exit"] == 1
    assert diary(deployed) == ["hook pre-deploy failed with exit status 7; nothing was changed on the fleet"]


def test_a_post_wave_hook_that_fails_takes_the_wave_back(deployed: RolloutProject) -> None:
    before = deployed.what_matters()
    with_hooks(deployed, post_wave="exit 1", on_failure='echo "$FLYO_VERDICT $FLYO_EXIT" >> ../diary; exit 9')
    deployed.behave("good two")
    ran = deployed.deploy()
    assert ran.status == 3, ran.stderr
    assert deployed.what_matters() == before
    assert diary(deployed) == ["rolled_back 3"]
    assert "hook on-failure failed with exit status 9; the rollout is rolled back all the same" in ran.stderr


def test_a_command_of_the_probe_judges_every_machine(deployed: RolloutProject) -> None:
    before = deployed.what_matters()
    flyo = deployed.project / "flyo.toml"
    look = "curl -sf -H fly-force-instance-id:$FLYO_MACHINE $FLYO_URL/ >> ../diary; test $FLYO_REGION != fra"
    flyo.write_text(flyo.read_text() + f'command = "{look}"\n')
    deployed.behave("good two")
    ran = deployed.deploy()
    assert ran.status == 3, ran.stderr
    assert "[probe] command failed with exit status 1" in ran.last_line
    assert "fra" in ran.last_line
    assert deployed.what_matters() == before
    assert any('"region": "iad"' in line for line in diary(deployed))


def test_ctrl_c_ends_a_hook_and_all_it_has_started(deployed: RolloutProject) -> None:
    before = deployed.versions()
    with_hooks(deployed, pre_deploy="sleep 600 & echo $! > ../child; echo begun; wait")
    deployed.behave("good two")
    ran = deployed.deploy_and(lambda line: line.get("line") == "begun", interrupt)
    assert ran.status == 130
    assert deployed.versions() == before
    assert f"app {APP}: interrupted; nothing was changed on the fleet" in ran.last_line
    assert not _lives(int((deployed.root / "child").read_text()))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Nobody may have collected it yet.
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
