"""`flyo local`: the daemon from a person's side."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pexpect
import pytest

from flyctl_orchestrator.cli.local.logs import log_line, without_private_message
from tests.flyo_process import PATIENCE
from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.platform_client import Api


def test_up_is_quick_and_doing_it_again_is_fine(bare: LocalFleet) -> None:
    first = bare.ok("local", "up")
    url = f"http://127.0.0.1:{bare.running.port}"
    assert first.stdout.startswith(f"local platform on {url} (ready in ")
    assert bare.ok("local", "up").stdout == f"local platform on {url} (already up)\n"


def test_down_and_what_follows(bare: LocalFleet) -> None:
    bare.ok("local", "up")
    assert bare.ok("local", "down").stdout == "stopped\n"
    assert bare.ok("local", "down").stdout == "nothing was running\n"
    for command in ("status", "logs", "env", "reset"):
        ran = bare.flyo("local", command)
        assert (ran.status, ran.stdout) == (8, "")
        assert ran.stderr == "flyo: local platform: it is not running. Start it with 'flyo local up' [local.down]\n"


def test_delays_are_switched_on_and_off(bare: LocalFleet) -> None:
    bare.ok("local", "up", "--delays")
    assert bare.ok("local", "status", "--json").json["delays"] is True
    assert "delays on" in bare.ok("local", "status").stdout
    bare.ok("local", "up", "--no-delays")
    assert bare.ok("local", "status", "--json").json["delays"] is False


def test_the_runtime_is_chosen_and_remembered(bare: LocalFleet) -> None:
    bare.ok("local", "up", "--runtime", "container")
    assert bare.manage("GET", "/_local/settings")["runtime"] == "container"
    bare.ok("local", "down")
    bare.ok("local", "up")
    assert Api(bare.running).call("GET", "/_local/settings").body["runtime"] == "container"
    assert bare.flyo("local", "up", "--runtime", "vm").status == 2


def test_a_port_that_is_taken_is_named_with_a_way_out(bare: LocalFleet) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ran = bare.flyo("local", "up", "--port", port)
    assert ran.status == 8
    assert len(ran.stderr.splitlines()) == 1
    assert port in ran.stderr
    assert "--port" in ran.stderr


def test_a_daemon_that_was_killed_is_replaced(bare: LocalFleet) -> None:
    bare.ok("local", "up")
    killed = bare.running.pid
    os.kill(killed, signal.SIGKILL)
    bare.ok("local", "up")
    assert bare.running.pid != killed


def test_a_port_variable_that_is_no_port(bare: LocalFleet) -> None:
    ran = bare.flyo("local", "up", FLYO_LOCAL_PORT="http")
    assert (ran.status, "FLYO_LOCAL_PORT: 'http' is not a port" in ran.stderr) == (2, True)


# --- env and exec


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "zsh", "fish"])
def test_env_can_be_evaluated(bare: LocalFleet, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    bare.ok("local", "up")
    language = "fish" if shell == "fish" else "sh"
    script = bare.ok("local", "env", "--shell", language).stdout
    ran = subprocess.run(
        [program, "-c", f'{script}\nprintf "%s %s" "$FLYO_TARGET" "$FLYO_APP_URL"'],
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert ran.stdout == f"local http://{{app}}.localhost:{bare.running.port}"


def test_env_speaks_the_language_of_the_users_shell(bare: LocalFleet) -> None:
    bare.ok("local", "up")
    assert bare.ok("local", "env", SHELL="/usr/bin/fish").stdout.startswith("set -gx FLY_API_BASE_URL 'http://")
    assert bare.ok("local", "env", SHELL="/bin/zsh").stdout.startswith("export FLY_API_BASE_URL=http://")


def test_exec_runs_a_command_that_finds_the_platform_and_nothing_of_a_real_account(bare: LocalFleet) -> None:
    script = 'env | grep -c "^FLY_A[PC]"; echo "$FLY_FLAPS_BASE_URL $FLY_APP $FLY_ACCESS_TOKEN $MINE"; exit 7'
    ran = bare.flyo(
        "local",
        "exec",
        "--",
        "sh",
        "-c",
        script,
        FLY_API_TOKEN="real",
        FLY_ACCESS_TOKEN="real",
        FLY_APP="web",
        MINE="kept",
    )
    assert ran.status == 7
    assert ran.stdout == f"2\nhttp://127.0.0.1:{bare.running.port}   kept\n"


@pytest.mark.parametrize(("command", "status"), [("/no/such/program", 127), ("/", 126)])
def test_exec_of_what_cannot_be_run(bare: LocalFleet, command: str, status: int) -> None:
    bare.ok("local", "up")
    ran = bare.flyo("local", "exec", "--", command)
    assert (ran.status, command in ran.stderr) == (status, True)


def test_exec_reports_a_signal_as_shells_do(bare: LocalFleet) -> None:
    assert bare.flyo("local", "exec", "--", "sh", "-c", "kill -9 $$").status == 137


def test_options_after_the_command_are_the_commands(bare: LocalFleet) -> None:
    assert bare.flyo("local", "exec", "echo", "--json", "-f").stdout == "--json -f\n"


# --- with an app on it


def test_status_lists_apps_and_where_they_answer(fleet: LocalFleet) -> None:
    lines = fleet.ok("local", "status").stdout.splitlines()
    assert lines[0].startswith(
        f"local platform on http://127.0.0.1:{fleet.running.port} · pid {fleet.running.pid} · up "
    )
    assert lines[2].split() == ["app", "machines", "started", "suspended", "stopped", "failed", "url"]
    # The one that keeps flyo's lock, which is stopped, is none of them.
    assert lines[3].split() == [APP, "2", "2", "0", "0", "0", f"http://{APP}.localhost:{fleet.running.port}"]
    shown = fleet.ok("local", "status", "--json").json
    assert shown["schema"] == "flyo.local-status/1"
    assert [app["name"] for app in shown["apps"]] == [APP]


def test_logs_by_region_for_people_and_for_programs(fleet: LocalFleet) -> None:
    machine = fleet.machine_in("fra")["id"]
    lines = fleet.ok("local", "logs", "--region", "fra", "--app", APP, "-n", "20").stdout.splitlines()
    assert lines
    assert all(f" {APP} fra {machine}" in line for line in lines)
    assert lines[0][:4].isdigit()
    told = [json.loads(line) for line in fleet.ok("local", "logs", "--machine", machine, "--json").stdout.splitlines()]
    assert {each["machine"] for each in told} == {machine}
    assert any(each["message"] == "asked for /up" for each in told)
    assert fleet.ok("local", "logs", "-n", "1").stdout.count("\n") == 1


def test_logs_of_an_app_that_is_not_there(fleet: LocalFleet) -> None:
    ran = fleet.flyo("local", "logs", "--app", "nobody")
    assert (ran.status, ran.last_line) == (
        1,
        "flyo: local platform: there is no app 'nobody' on it. 'flyo local logs --all' shows what there is"
        " [local.no_app]",
    )


def test_logs_are_those_of_the_app_here_unless_all_are_wanted(fleet: LocalFleet, tmp_path: Path) -> None:
    fleet.manage("POST", "/v1/apps", {"name": "neighbour", "org_slug": "personal"})
    try:
        fleet.api.visit("neighbour")
        here = fleet.ok("local", "logs", "--json").lines
        assert {line["app"] for line in here} == {APP}
        for everything in (
            fleet.ok("local", "logs", "--all", "--json"),
            fleet.ok("local", "logs", "--json", cwd=tmp_path),
        ):
            assert {line["app"] for line in everything.lines} >= {APP, "neighbour"}
    finally:
        fleet.ok("local", "destroy", "neighbour", "--yes")


def test_logs_of_what_is_no_region_name_the_regions(fleet: LocalFleet) -> None:
    for command in (("local", "logs"), ("logs", "--local")):
        ran = fleet.flyo(*command, "--region", "zzz")
        assert (ran.status, ran.stdout) == (2, "")
        assert "--region: 'zzz' is not a Fly.io region. Known on " in ran.last_line and " fra " in ran.last_line
    assert fleet.ok("local", "logs", "--region", "syd").stdout == ""
    assert fleet.flyo("logs", "--local", "--region", "syd").last_line.endswith("[logs.no_machine]")


def test_logs_are_followed_until_ctrl_c(fleet: LocalFleet) -> None:
    child = fleet.at_terminal("local", "logs", "-f", "-n", "0", "--region", "iad")
    # The platform's own check asks every two seconds, and the app says so.
    child.expect("iad .* asked for /up")
    child.sendcontrol("c")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            '{"ts": 0, "app": "a", "region": "iad", "machine": "m", "message": "x"}',
            "1970-01-01T00:00:00.000Z a iad m x",
        ),
        ('{"ts": "now", "level": "error", "message": "x"}', "now  [error] x"),
        ("not json", "not json"),
    ],
)
def test_a_log_line(line: str, shown: str) -> None:
    assert log_line(line) == log_line(without_private_message(line)) == shown


@pytest.mark.parametrize(
    "line", ['{"ts": "now", "message": "GET /in?token=hunter22&n=1 200"}', "GET /in?token=hunter22&n=1 200"]
)
def test_a_log_line_shows_no_value_of_a_query(line: str) -> None:
    assert log_line(without_private_message(line)).endswith("GET /in?token=[hidden]&n=1 200")


# --- reset, last: it takes everything with it


def test_reset_asks_a_person_and_wants_yes_from_a_script(bare: LocalFleet) -> None:
    bare.ok("local", "up")
    bare.manage("POST", "/v1/apps", {"name": "one", "org_slug": "personal"})
    ran = bare.flyo("local", "reset")
    assert (ran.status, "Add --yes" in ran.stderr) == (2, True)
    child = bare.at_terminal("local", "reset")
    child.expect("Destroy one on http://127.0.0.1")
    child.send("n\r")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert [app["name"] for app in bare.ok("local", "status", "--json").json["apps"]] == ["one"]
    assert bare.ok("local", "reset", "--yes").stdout == "destroyed one\n"
    assert bare.ok("local", "reset", "--yes").stdout == "there was nothing to destroy\n"


def test_destroying_one_app_asks_first_and_leaves_the_others(bare: LocalFleet) -> None:
    bare.ok("local", "up")
    for name in ("one", "two"):
        bare.manage("POST", "/v1/apps", {"name": name, "org_slug": "personal"})
    refused = bare.flyo("local", "destroy", "one")
    assert (refused.status, refused.last_line) == (
        2,
        "flyo: flyo local destroy: this destroys app one with its machines, volumes and secrets. Add --yes"
        " [local.reset]",
    )
    child = bare.at_terminal("local", "destroy", "one")
    child.expect("Destroy app one with its machines")
    child.send("n\r")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert bare.ok("local", "destroy", "one", "--yes").stdout == "destroyed one\n"
    assert [app["name"] for app in bare.ok("local", "status", "--json").json["apps"]] == ["two"]
    missing = bare.flyo("local", "destroy", "one", "--yes")
    assert (missing.status, missing.last_line) == (
        2,
        "flyo: local platform: there is no app 'one' on it. It has two [local.no_app]",
    )


def test_without_the_extra_packages_it_says_what_to_install(bare: LocalFleet, tmp_path: Path) -> None:
    # An installation without the extra: the same packages, but these three cannot be found.
    site = tmp_path / "site"
    site.mkdir()
    hide = "import sys\nfor name in ('aiohttp', 'graphql', 'pathspec'):\n    sys.modules[name] = None\n"
    (site / "sitecustomize.py").write_text(hide)
    ran = bare.flyo("status", "--local", PYTHONPATH=str(site))
    assert ran.status == 8
    assert "Run pip install '.[local]' in flyo's own clone" in ran.stderr


def test_the_page_is_opened_by_a_link_and_says_where_no_browser_is(bare: LocalFleet, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    ran = bare.ok("local", "open", BROWSER=f"{browser} %s")
    address = f"http://localhost:{bare.running.port}/"
    assert opened.read_text().startswith(f"{address}#")
    # Who looks over a shoulder, or reads a log, does not get the link.
    assert f"opened {address}" in ran.stderr and "#" not in ran.stderr
    failed = bare.flyo("local", "open", BROWSER="/bin/false %s")
    assert failed.status == 1 and "[open.browser]" in failed.stderr and "#" not in failed.stderr


def test_a_machine_that_is_not_there_is_said(bare: LocalFleet) -> None:
    bare.ok("local", "up")
    bare.manage("POST", "/v1/apps", {"name": "one", "org_slug": "personal"})
    ran = bare.flyo("local", "machine", "stop", "00000000000000", "-a", "one")
    assert (ran.status, "machine not found" in ran.stderr) == (1, True)


def test_an_app_that_was_destroyed_is_deployed_anew_without_its_secrets(bare: LocalFleet) -> None:
    for _ in range(2):
        bare.ok("deploy", "--local", "--yes", "--watch", "0s")
        (app,) = (each["name"] for each in bare.ok("local", "status", "--json").json["apps"])
        assert bare.ok("secrets", "list", "--local", "--json").json["secrets"] == []
        bare.ok("secrets", "set", "--local", "COLOUR", "--stdin", stdin="mauve-and-secret")
        bare.ok("deploy", "--local", "--yes", "--watch", "0s")
        bare.ok("local", "destroy", app, "--yes")
