"""Deploys that must not stay: each ends in one clear line, a documented status, and the fleet as it was."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.daemon import control
from tests.flyo_process import FLYO
from tests.functional.rollout.rollout_project import APP, RolloutProject, interrupt
from tests.waiting import eventually


def test_a_broken_health_page_fails_in_the_first_wave(deployed: RolloutProject) -> None:
    """A second release with a broken health path: first wave only, put back, documented status."""
    before, versions = deployed.what_matters(), deployed.versions()
    deployed.behave("broken")
    ran = deployed.deploy()
    assert ran.status == 3, ran.stderr
    assert ran.last_line.startswith(f"flyo: app {APP}: iad ")
    assert "answered 500" in ran.last_line and "back as it was, verified" in ran.last_line
    assert deployed.what_matters() == before
    after = deployed.versions()
    assert {code for code in after if after[code] != versions[code]} == {"iad"}
    assert "Traceback" not in ran.stderr
    deployed.behave("good")
    assert "Nothing to change" in deployed.deploy().stdout


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("exits", "ended with exit code 4"),
        ("deaf", "nothing listens on"),
        ("lost", "answered from region ams, not iad"),
    ],
)
def test_bad_releases_are_told_apart_and_taken_back(deployed: RolloutProject, behaviour: str, words: str) -> None:
    before = deployed.what_matters()
    deployed.behave(behaviour)
    ran = deployed.deploy()
    assert ran.status == 3, ran.stderr
    assert words in ran.last_line.lower()
    assert deployed.what_matters() == before


def test_an_app_that_listens_elsewhere_is_taken_back_with_the_line_to_change(deployed: RolloutProject) -> None:
    server = deployed.project / "server.py"
    server.write_text(server.read_text().replace('os.environ.get("HOST", "0.0.0.0")', '"127.0.0.2"'))
    ran = deployed.deploy("--timeout", "100s")
    assert ran.status == 3, ran.stderr
    what = ", the platform looks at $PORT (127.0.0.1:PORT): let it listen on 0.0.0.0"
    if deployed.contained:
        what = " of its container only: let it listen on 0.0.0.0:PORT"
    assert re.sub(r"\b[0-9a-f]{14}\b", "ID", re.sub(r":\d+", ":PORT", ran.last_line)) == (
        f"flyo: app {APP}: iad ID: the app listens on 127.0.0.2:PORT{what}; every touched machine is back as it was, "
        f"verified. See what it wrote: flyo local logs --app {APP} --machine ID [address]"
    )


def test_a_fault_in_the_last_wave_takes_the_first_back_too(deployed: RolloutProject) -> None:
    before = deployed.what_matters()
    deployed.behave("broken-nrt")
    ran = deployed.deploy()
    assert ran.status == 3, ran.stderr
    assert f"app {APP}: nrt " in ran.last_line
    assert deployed.what_matters() == before


def test_a_failed_first_deploy_leaves_an_empty_app(fresh: RolloutProject) -> None:
    fresh.plant(APP)
    fresh.behave("exits")
    ran = fresh.deploy()
    assert ran.status == 3, ran.stderr
    # A machine that is being destroyed is listed until it is gone.
    eventually(fresh.machines, lambda left: not left)
    fresh.behave("good")
    assert fresh.deploy().status == 0


def test_the_last_lines_of_the_machine_that_failed_are_shown(deployed: RolloutProject) -> None:
    """Nobody has to ask for logs to see why: the terminal, the events and GitHub's summary have the last lines."""
    deployed.behave("exits")
    summary = deployed.root / "summary.md"
    deployed.extra |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    ran = deployed.deploy()
    assert ran.status == 3, ran.stderr
    assert (ran.stdout + ran.stderr).count("  no database") == 1
    assert "no database" in summary.read_text()
    ran = deployed.flyo("deploy", "--local", "--json")
    log = ran.lines[-1]["log"]
    assert log["source"].startswith("iad ") and "no database" in log["lines"]


def test_what_a_release_command_wrote_is_shown(deployed: RolloutProject) -> None:
    fly = deployed.project / "fly.toml"
    command = "sh -c 'echo column email is missing >&2; exit 3'"
    fly.write_text(fly.read_text() + f'\n[deploy]\nrelease_command = "{command}"\n')
    deployed.behave("good two")
    ran = deployed.deploy()
    assert ran.status == 1, ran.stderr
    assert "column email is missing" in ran.stdout + ran.stderr


def test_no_rollback_means_no_rollback(deployed: RolloutProject) -> None:
    before = deployed.what_matters()
    deployed.behave("exits")
    ran = deployed.deploy("--no-rollback")
    assert ran.status == 4
    assert deployed.what_matters()["iad"] != before["iad"]
    assert "left as it is" in ran.last_line


def test_a_build_that_fails_changes_nothing(deployed: RolloutProject) -> None:
    before = deployed.versions()
    (deployed.project / "Dockerfile").write_text("FROM scratch\nCOPY missing .\n")
    ran = deployed.deploy()
    assert ran.status == 1 and "build." in ran.last_line
    assert deployed.versions() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_puts_everything_back(deployed: RolloutProject, number: int) -> None:
    before = deployed.what_matters()
    deployed.behave("good two")
    ran = deployed.deploy_and(_second_wave, lambda child: child.send_signal(number))
    assert ran.status == 130, ran.stderr
    assert deployed.what_matters() == before


def test_a_second_interrupt_stops_at_once_and_says_what_is_where(deployed: RolloutProject) -> None:
    deployed.behave("good two")

    def twice(child: subprocess.Popen[str]) -> None:
        interrupt(child)
        for line in child.stdout or ():
            if '"rollback.started"' in line:
                interrupt(child)
                return

    ran = deployed.deploy_and(_second_wave, twice)
    assert ran.status == 4, ran.stderr
    fates = {row["region"]: row["fate"] for row in ran.lines[-1]["machines"]}
    assert set(fates) == {"iad", "fra", "nrt"} and "failed" in fates.values()


def test_a_platform_that_dies_midway_is_no_verdict(tmp_path: Path) -> None:
    platform = tmp_path / "platform"
    control.start(platform, 0)
    doomed = RolloutProject(tmp_path, platform).write()
    doomed.plant(APP)
    try:
        assert doomed.deploy().status == 0
        doomed.behave("deaf")

        def kill(child: subprocess.Popen[str]) -> None:
            os.kill(doomed.running.pid, signal.SIGKILL)

        ran = doomed.deploy_and(lambda line: line["event"] == "step.finished", kill)
        assert ran.status == 5, ran.stderr
        assert "not known: iad" in ran.last_line
    finally:
        # A killed platform leaves its machines behind; the next start ends them.
        control.start(platform, 0)
        control.stop(platform)


def test_a_wrong_token_is_said_at_once(deployed: RolloutProject) -> None:
    _on_fly(deployed, token="wr0ng-token")
    ran = deployed.flyo("deploy")
    assert ran.status == 8, ran.stderr
    assert "401" in ran.last_line and "wr0ng-token" not in ran.stdout + ran.stderr


def test_an_app_that_does_not_exist_on_fly_is_not_made_by_accident(fresh: RolloutProject) -> None:
    _on_fly(fresh, token=fresh.running.token)
    ran = fresh.flyo("deploy")
    assert ran.status == 1, ran.stderr
    assert ran.last_line == (
        f"flyo: {fresh.project / 'fly.toml'}: there is no app rollout-test on Fly.io, or the token may not see it. "
        "'flyctl apps create rollout-test' creates it [app.missing]"
    )


def _on_fly(project: RolloutProject, token: str) -> None:
    """Take the platform for Fly.io itself, with a flyctl that knows its version and has nothing against fly.toml."""
    flyctl = project.root / "flyctl"
    version = '{"Name":"flyctl","Version":"0.4.87","Environment":"production"}'
    valid = "Configuration is valid"
    flyctl.write_text(f"#!/bin/sh\nif [ \"$1\" = version ]; then echo '{version}'; else echo '✓ {valid}'; fi\n")
    flyctl.chmod(0o755)
    url = f"http://127.0.0.1:{project.running.port}"
    bases = {f"FLY_{name}_BASE_URL": url for name in ("API", "FLAPS", "UIEX")}
    project.extra |= {**bases, "FLY_API_TOKEN": token, "FLYO_FLYCTL": str(flyctl)}


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("flyo.toml", "[regions]\nxyz = 1\n", "xyz"),
        ("flyo.toml", "[regions]\niad = 0\n", "no machine is wanted"),
        ("flyo.toml", "[regions\n", "flyo.toml"),
        ("fly.toml", "app = 3\n", "fly.toml"),
    ],
)
def test_bad_input_is_one_line_and_status_2(fresh: RolloutProject, file: str, text: str, words: str) -> None:
    (fresh.project / file).write_text(text)
    ran = fresh.deploy()
    assert ran.status == 2, ran.stderr
    assert words in ran.last_line and "Traceback" not in ran.stderr


def test_a_canary_that_is_no_region_is_refused(fresh: RolloutProject) -> None:
    ran = fresh.deploy("--canary", "syd")
    assert ran.status == 2 and "syd" in ran.last_line


def _second_wave(line: dict[str, Any]) -> bool:
    return (line["event"], line.get("number")) == ("wave.started", 2)


def test_an_interrupt_while_building_ends_the_build_and_changes_nothing(deployed: RolloutProject) -> None:
    before = deployed.versions()
    (deployed.project / "requirements.txt").write_text("")
    flyo = deployed.project / "flyo.toml"
    flyo.write_text(flyo.read_text() + '\n[local]\nbuild = "sleep 600"\ninputs = ["requirements.txt"]\n')
    ran = deployed.deploy_and(lambda line: line["event"] == "build.started", interrupt)
    assert ran.status == 130, ran.stderr
    assert deployed.versions() == before


def test_a_reader_that_goes_away_does_not_stop_a_rollout(deployed: RolloutProject) -> None:
    deployed.behave("good two")

    ran = subprocess.run(
        f"{FLYO} deploy --local --json | head -1",
        shell=True,
        cwd=deployed.project,
        env=deployed.variables,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert ran.stdout.count("\n") == 1
    assert len({body["image_ref"]["digest"] for body in deployed.machines().values()}) == 1
    assert "Nothing to change" in deployed.deploy().stdout
