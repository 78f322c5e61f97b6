"""Looking at an app on the real local platform: logs, open, ssh, run; and commands that are flyctl's."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import click
import pexpect
import pytest

from flyctl_orchestrator.cli.root import BELOW_FLYCTL, COMMANDS, OF_FLYCTL, flyo
from tests.flyo_process import FLYO
from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.functional.cli.test_status import as_fly

FLYCTL = os.environ.get("FLYO_FLYCTL") or shutil.which("flyctl")


def asked(line: str) -> str:
    """The region of a line about a request."""
    found = re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z ([a-z]{3}) [0-9a-f]+ asked for \S+", line)
    assert found is not None, line
    return found[1]


def visit(fleet: LocalFleet) -> None:
    """Let each machine write a line that it is known by."""
    for region in ("iad", "fra"):
        assert fleet.api.visit(APP, "/hello", region=region, Fly_Prefer_Region=region).status < 500


# --- logs


def test_logs_of_all_regions_in_one_order(fleet: LocalFleet) -> None:
    visit(fleet)
    lines = fleet.ok("logs", "--local").stdout.splitlines()
    assert {asked(line) for line in lines if "asked for" in line} == {"iad", "fra"}
    assert [line.split()[0] for line in lines] == sorted(line.split()[0] for line in lines)
    assert len(fleet.ok("logs", "--local", "-n", "3").stdout.splitlines()) == 3
    assert fleet.ok("logs", "--local", "-n", "0").stdout == ""


def test_logs_of_a_region_or_a_machine_as_json(fleet: LocalFleet) -> None:
    visit(fleet)
    machine = fleet.machine_in("fra")["id"]
    for only in (("--region", "fra"), ("--machine", machine)):
        rows = fleet.ok("logs", "--local", "--json", *only).lines
        assert {(row["schema"], row["region"], row["machine"]) for row in rows} == {("flyo.log/1", "fra", machine)}
    both = fleet.ok("logs", "--local", "--json", "--region", "fra", "--region", "iad").lines
    assert {row["region"] for row in both} == {"iad", "fra"}


def test_logs_of_what_is_not_there_say_so(fleet: LocalFleet) -> None:
    for words, missing in (
        ("--region syd", "no machine in syd"),
        ("--machine 148e -f", "no machine 148e"),
        ("--machine 148e --machine 00ff", "no machine 148e and no machine 00ff"),
    ):
        ran = fleet.flyo("logs", "--local", *words.split())
        assert (ran.status, ran.stdout, ran.last_line) == (
            1,
            "",
            f"flyo: app {APP}: there is {missing}, and no line is kept of one. "
            "'flyo status --local --machines' shows machines and their states [logs.no_machine]",
        )
    # Whoever follows a region may wait for its first machine.
    assert fleet.ok("logs", "--local", "--region", "syd", "--for", "0.1s").stdout == ""


def test_following_ends_when_told(fleet: LocalFleet) -> None:
    child = fleet.start("logs", "--local", "-f", "-n", "0", "--json")
    assert child.stdout is not None
    visit(fleet)
    first = json.loads(child.stdout.readline())
    assert first["message"].startswith("asked for")
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == 0
    ended = fleet.ok("logs", "--local", "-n", "1", "--for", "1s")
    assert "asked for" in ended.stdout


def test_following_ends_when_its_reader_has_seen_enough(fleet: LocalFleet) -> None:
    visit(fleet)
    command = f"{FLYO} logs --local -f | head -n 1"
    ran = subprocess.run(
        ["sh", "-c", command], cwd=fleet.project, env=fleet.variables, capture_output=True, text=True, timeout=90
    )
    assert (ran.returncode, len(ran.stdout.splitlines())) == (0, 1)


def test_logs_as_if_it_were_fly(fleet: LocalFleet) -> None:
    visit(fleet)
    ran = fleet.flyo("logs", "--json", env=as_fly(fleet, fleet.running.token), FLYO_FLYCTL="/no/flyctl")
    assert (ran.status, {row["region"] for row in ran.lines}) == (0, {"iad", "fra"})
    refused = fleet.flyo("logs", env=as_fly(fleet, "fo1_wrong-but-well-formed"), FLYO_FLYCTL="/no/flyctl")
    assert (refused.status, refused.stdout) == (8, "")
    assert refused.last_line.endswith("[api.unauthorized]") and "wrong" not in refused.stderr


def test_logs_of_an_app_that_is_not_there(fleet: LocalFleet, tmp_path: Path) -> None:
    ran = fleet.flyo("logs", "--local", "-f", "--app", "nobody", cwd=tmp_path)
    assert (ran.status, ran.stdout) == (1, "")
    assert ran.last_line == (
        "flyo: app nobody: there is no such app on the local platform. 'flyo deploy --local -a nobody' creates it "
        "[app.not_found]"
    )


# --- open


def test_open_prints_or_opens_the_address(fleet: LocalFleet, tmp_path: Path) -> None:
    url = f"http://{APP}.localhost:{fleet.running.port}"
    assert fleet.ok("open", "--local", "--print").stdout == f"{url}/\n"
    assert fleet.ok("open", "--print", "up").stdout == f"https://{APP}.fly.dev/up\n"
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    ran = fleet.ok("open", "--local", "/up", BROWSER=f"{browser} %s")
    assert (opened.read_text(), ran.last_line) == (f"{url}/up", f"opened {url}/up")
    failed = fleet.flyo("open", BROWSER="/bin/false %s")
    assert (failed.status, failed.last_line.endswith("prints the address [open.browser]")) == (1, True)
    wrong = fleet.flyo("open", "https://elsewhere")
    assert (wrong.status, "is not a path" in wrong.last_line) == (2, True)


# --- ssh and run


def test_run_is_in_the_machines_directory_with_its_environment_and_status(fleet: LocalFleet) -> None:
    machine = fleet.machine_in("fra")["id"]
    script = 'ls; echo "$FLY_REGION $FLY_MACHINE_ID $HOME"; exit 7'
    ran = fleet.flyo("run", "--local", "--region", "fra", "sh", "-c", script)
    *files, told = ran.stdout.splitlines()
    assert (ran.status, "server.py" in files) == (7, True)
    assert told.split()[:2] == ["fra", machine] and told.split()[2] != str(fleet.root)
    assert ran.last_line == f"fra {machine}"
    missing = fleet.flyo("run", "--local", "--", "no-such-program")
    assert (missing.status, missing.last_line.endswith("[run.command]")) == (127, True)


def test_ssh_is_a_shell_in_the_machine(fleet: LocalFleet) -> None:
    child = fleet.at_terminal("ssh", "--local", "--region", "iad")
    child.sendline('echo "in=$FLY_REGION"; exit 5')
    child.expect("in=iad")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 5


def test_nothing_runs_where_no_machine_is_started(fleet: LocalFleet) -> None:
    for only, words in ((("--region", "syd"), "no machine in syd"), (("--machine", "148e"), "no machine 148e")):
        ran = fleet.flyo("run", "--local", *only, "true")
        assert ran.status == 1
        assert ran.last_line == (
            f"flyo: app {APP}: {words} is started. 'flyo status --local --machines' shows machines and their states"
            " [run.no_machine]"
        )


def test_on_fly_it_is_flyctl_at_this_terminal(fleet: LocalFleet, tmp_path: Path) -> None:
    program = tmp_path / "flyctl"
    program.write_text(
        '#!/bin/sh\n[ "$1" = version ] && echo "flyctl v0.4.87" && exit\nfor each; do echo "<$each>"; done\nexit 6\n'
    )
    program.chmod(0o755)
    env = {**as_fly(fleet, fleet.running.token), "FLYO_FLYCTL": str(program)}
    ran = fleet.flyo("run", "--region", "fra", "--", "echo", "a b", env=env)
    wanted = ["ssh", "console", "--app", APP, "--machine", fleet.machine_in("fra")["id"], "--command", "echo 'a b'"]
    assert (ran.status, ran.stdout.splitlines()) == (6, [f"<{each}>" for each in wanted])
    shell = fleet.flyo("ssh", "--region", "fra", env=env)
    assert (shell.status, shell.stdout.splitlines()) == (6, [f"<{each}>" for each in wanted[:6]])


# --- commands that are flyctl's


def test_a_command_of_flyctl_is_named(fleet: LocalFleet) -> None:
    ran = fleet.flyo("certs", "--local")
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.last_line == "flyo: No such command 'certs'. That is 'flyctl certs' [usage.command]"
    assert "Did you mean 'flyo status'?" in fleet.flyo("statsu").last_line
    assert "'flyo --help' lists the commands" in fleet.flyo("zzz").last_line


def test_a_command_of_flyctl_below_one_that_both_have_is_named(fleet: LocalFleet) -> None:
    for command in ("ssh console", "scale count 2", "secrets deploy"):
        ran = fleet.flyo(*command.split(), "--local")
        both = " ".join(command.split()[:2])
        assert (ran.status, ran.stdout) == (2, "")
        assert ran.last_line == f"flyo: No such command '{both}'. That is 'flyctl {both}' [usage.command]"


@pytest.mark.real_flyctl
@pytest.mark.skipif(FLYCTL is None, reason="no flyctl")
def test_what_is_below_is_what_a_real_flyctl_shows() -> None:
    assert FLYCTL is not None
    for name, below in BELOW_FLYCTL.items():
        command = flyo.get_command(click.Context(flyo), name)
        own = set(command.commands) if isinstance(command, click.Group) else set()
        shown = subprocess.run([FLYCTL, name, "--help"], capture_output=True, text=True, check=True).stdout
        listed = set(re.findall(r"^  ([a-z]+) +\S", shown.split("\nFlags:")[0], re.MULTILINE)) - {"flyctl"}
        assert listed - own == set(below.split()), name


@pytest.mark.real_flyctl
@pytest.mark.skipif(FLYCTL is None, reason="no flyctl")
def test_the_list_is_what_a_real_flyctl_shows() -> None:
    assert FLYCTL is not None
    shown = subprocess.run([FLYCTL, "--help"], capture_output=True, text=True, check=True).stdout
    listed = set(re.findall(r"^  ([a-z][a-z-]+) +\S", shown.split("\nFlags:")[0], re.MULTILINE)) - {"flyctl", "help"}
    assert listed - set(COMMANDS) == set(OF_FLYCTL.split()) - set(COMMANDS)
