"""`flyo status` against real machines on the real local platform."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pexpect
import pytest

from tests.flyo_process import FLYO, PATIENCE
from tests.functional.cli.local_fleet import APP, LocalFleet


def test_every_region_with_its_machines_release_and_health(fleet: LocalFleet) -> None:
    ran = fleet.ok("status", "--local", "--detailed-exit-code")
    lines = ran.stdout.splitlines()
    assert lines[0].startswith(f"{APP} · http://{APP}.localhost:{fleet.running.port} · 2 machines in 2 regions")
    assert lines[2].split() == ["region", "machines", "state", "release", "image", "checks", "health", "latency"]
    for line, region in zip(lines[3:], ("iad", "fra"), strict=True):
        cells = line.split()
        assert cells[:4] == [region, "1/1", "started", "v1"]
        assert cells[5:8] == ["1/1", "✓", "200"]
        assert cells[9] == "ms"


def test_json_holds_the_answer_of_every_machine(fleet: LocalFleet) -> None:
    ran = fleet.ok("status", "--local", "--json")
    shown = ran.json
    assert (shown["schema"], shown["app"], shown["target"]) == ("flyo.status/1", APP, "local")
    assert (shown["healthy"], shown["mixed"], shown["drifted"]) == (True, False, False)
    for place in shown["regions"]:
        (machine,) = place["machines"]
        assert machine["probe"]["region"] == place["region"]
        assert machine["probe"]["machine"] == machine["id"]
        assert machine["probe"]["release"] == machine["instance_id"]
    assert fleet.running.token not in ran.stdout + ran.stderr


def test_the_platform_counts_the_same_machines(fleet: LocalFleet) -> None:
    """The machine that keeps the app's lock is none of those that are deployed."""
    status = fleet.ok("status", "--local", "--json").json
    (there,) = (each for each in fleet.ok("local", "status", "--json").json["apps"] if each["name"] == status["app"])
    assert there["machines"] == sum(region["count"] for region in status["regions"])
    assert there["others"] == 1


def test_a_row_per_machine_and_no_probes(fleet: LocalFleet) -> None:
    ran = fleet.ok("status", "--local", "--machines", "--no-probe")
    rows = [line.split() for line in ran.stdout.splitlines()[3:]]
    assert {row[1] for row in rows} == {machine["id"] for machine in fleet.machines()}
    assert all(row[-3:-1] == ["not", "probed"] for row in rows)


def test_a_sleeping_machine_is_shown_and_left_asleep(fleet: LocalFleet) -> None:
    machine = fleet.machine_in("fra")
    fleet.act(machine, "suspend", "suspended")
    ran = fleet.ok("status", "--local", "--detailed-exit-code")
    row = next(line for line in ran.stdout.splitlines() if line.startswith("fra"))
    assert row.split().count("suspended") == 2
    assert fleet.machine_in("fra")["state"] == "suspended"
    fleet.act(machine, "start", "started")


def test_a_failing_health_page_is_named_with_its_machine(fleet: LocalFleet) -> None:
    (fleet.switches / "sick-fra").touch()
    ran = fleet.flyo("status", "--local", "--detailed-exit-code")
    assert ran.status == 1
    machine = fleet.machine_in("fra")["id"]
    assert f"✗ fra {machine}: http://{APP}.localhost:{fleet.running.port}/up: answered 500" in ran.stdout
    assert fleet.flyo("status", "--local").status == 0


def test_drift_is_said_and_has_its_own_exit_status(fleet: LocalFleet) -> None:
    text = (fleet.project / "flyo.toml").read_text()
    (fleet.project / "flyo.toml").write_text(text.replace("fra = 1", "fra = 2"))
    try:
        ran = fleet.flyo("status", "--local", "--detailed-exit-code")
        assert (ran.status, "fra has 1" in ran.stdout) == (7, True)
        assert fleet.ok("status", "--local", "--json").json["findings"][0]["kind"] == "missing"
    finally:
        (fleet.project / "flyo.toml").write_text(text)


def test_watching_page_after_page_goes_on_until_ctrl_c(fleet: LocalFleet) -> None:
    child = fleet.at_terminal("status", "--local", "--watch", "1", "--plain")
    for _ in range(2):
        child.expect("2 machines in 2 regions")
        child.expect(r"region: fra, machines: 1/1, state: started")
        child.expect("200")
        child.expect(r"ms\s+")
    child.sendcontrol("c")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    ran = fleet.flyo("status", "--local", "--watch", "1", "--json")
    assert (ran.status, "--watch cannot be used with --json" in ran.stderr) == (2, True)


def test_from_anywhere_with_only_a_name(fleet: LocalFleet, tmp_path: Path) -> None:
    ran = fleet.flyo("status", "--local", "--app", APP, "--json", "--no-probe", cwd=tmp_path)
    assert ran.status == 0, ran.stderr
    assert {place["wanted"] for place in ran.json["regions"]} == {None}


def test_an_app_that_is_not_there(fleet: LocalFleet, tmp_path: Path) -> None:
    ran = fleet.flyo("status", "--local", "--app", "nobody", cwd=tmp_path)
    assert (ran.status, ran.stdout) == (1, "")
    assert ran.stderr.splitlines()[-1] == (
        "flyo: app nobody: there is no such app on the local platform. 'flyo deploy --local -a nobody' creates it"
        " [app.not_found]"
    )


def test_without_a_project_it_says_what_is_missing(fleet: LocalFleet, tmp_path: Path) -> None:
    ran = fleet.flyo("status", "--local", cwd=tmp_path)
    assert (ran.status, "fly.toml: does not exist" in ran.stderr) == (2, True)


# --- as if it were Fly.io: the same wire, reached by the environment alone


def as_fly(fleet: LocalFleet, token: str) -> dict[str, str]:
    base = f"http://127.0.0.1:{fleet.running.port}"
    bases = dict.fromkeys(("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL"), base)
    return {**bases, "FLY_API_TOKEN": token, "FLYO_APP_URL": f"http://{{app}}.localhost:{fleet.running.port}"}


def test_the_same_command_with_a_token_and_without_flyctl(fleet: LocalFleet) -> None:
    ran = fleet.flyo("status", "--json", env=as_fly(fleet, fleet.running.token), FLYO_FLYCTL="/no/flyctl")
    assert (ran.status, ran.stderr) == (0, "")
    assert (ran.json["target"], ran.json["healthy"]) == ("fly", True)


@pytest.mark.parametrize("token", ["fo1_wrong-but-well-formed", "fm2_wrong,fm2_too"])
def test_a_refused_token_is_one_line_and_never_shown(fleet: LocalFleet, token: str) -> None:
    ran = fleet.flyo("status", env=as_fly(fleet, token))
    assert (ran.status, ran.stdout) == (8, "")
    assert len(ran.stderr.splitlines()) == 1
    assert "401" in ran.stderr
    assert "FLY_API_TOKEN" in ran.stderr
    assert "wrong" not in ran.stderr


def test_a_token_that_cannot_be_one(fleet: LocalFleet) -> None:
    ran = fleet.flyo("status", env=as_fly(fleet, "geheim-ü-nis"))
    assert (ran.status, "nis" in ran.stderr) == (8, False)


def test_some_of_the_three_servers_redirected_is_refused(fleet: LocalFleet) -> None:
    ran = fleet.flyo("status", FLY_API_TOKEN="x", FLY_FLAPS_BASE_URL="http://127.0.0.1:1")
    assert ran.status == 2
    assert "FLY_API_BASE_URL, FLY_UIEX_BASE_URL: the token would go to Fly.io as well" in ran.stderr


def test_an_unknown_target(fleet: LocalFleet) -> None:
    ran = fleet.flyo("status", FLYO_TARGET="moon")
    assert (ran.status, "FLYO_TARGET: 'moon' is not a target" in ran.stderr) == (2, True)


def test_neither_a_token_nor_flyctl(fleet: LocalFleet, tmp_path: Path) -> None:
    ran = fleet.flyo("status", PATH=str(tmp_path), FLYO_FLYCTL="")
    assert ran.status == 8
    assert "flyctl is not installed. Install it (https://docs.fly.io/flyctl/install/)" in ran.stderr


def test_nobody_answers(fleet: LocalFleet) -> None:
    variables = {
        name: "http://127.0.0.1:9" if "BASE_URL" in name else value for name, value in as_fly(fleet, "x").items()
    }
    ran = fleet.flyo("status", env=variables)
    assert ran.status == 8
    assert "no connection to 127.0.0.1:9 (connection refused)" in ran.stderr


def test_a_directory_that_is_gone_is_said_in_one_line(fleet: LocalFleet, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = ["sh", "-c", f'rmdir "$PWD" && exec {FLYO} status --local']
    ran = subprocess.run(
        command, cwd=gone, env=fleet.variables, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    assert "the current directory cannot be read" in ran.stderr and "[usage.cwd]" in ran.stderr
