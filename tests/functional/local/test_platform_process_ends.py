"""How the processes of a machine are frozen and ended, with all that they have started."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.daemon import control
from tests.functional.local.machine_processes import SERVICE, all_ended, pid_of, state_of
from tests.platform_client import Api
from tests.waiting import eventually


def test_suspend_freezes_every_process_and_resume_lets_them_run_on(api: Api, server_image: str) -> None:
    command = ["sh", "-c", "sleep 600 & exec python3 -S -E app.py"]
    machine = api.started("shop", server_image, {"services": [SERVICE], "init": {"exec": command}})
    api.wait_healthy("shop", machine)
    pids = [row["pid"] for row in api.on("shop", machine, "/ps", method="GET").body]
    assert len(pids) == 2
    api.on("shop", machine, "/suspend")
    api.wait("shop", machine, "suspended")
    eventually(lambda: {state_of(pid) for pid in pids}, lambda states: states == {"T"})
    api.on("shop", machine, "/start")
    api.wait("shop", machine, "started")
    eventually(lambda: {state_of(pid) for pid in pids}, lambda states: "T" not in states)
    assert api.visit("shop", "/").status == 200
    assert pid_of(api, machine) in pids, "the same process as before"


def test_stopping_a_frozen_machine_ends_all_its_processes(api: Api, server_image: str) -> None:
    command = ["sh", "-c", "sleep 600 & exec python3 -S -E app.py"]
    machine = api.started("shop", server_image, {"services": [SERVICE], "init": {"exec": command}})
    api.wait_healthy("shop", machine)
    pids = [row["pid"] for row in api.on("shop", machine, "/ps", method="GET").body]
    api.on("shop", machine, "/suspend")
    api.wait("shop", machine, "suspended")
    api.on("shop", machine, "/stop", {})
    api.wait("shop", machine, "stopped")
    all_ended(pids)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stop_sends_the_configured_signal_first(api: Api, server_image: str, name: str) -> None:
    config = {"services": [SERVICE], **({"stop_config": {"signal": name}} if name != "SIGINT" else {})}
    machine = api.started("shop", server_image, config)
    api.wait_healthy("shop", machine)
    api.on("shop", machine, "/stop", {})
    api.wait("shop", machine, "stopped")
    assert f"signal {name}" in api.logs("shop")
    exit_event = next(one for one in api.machine("shop", machine)["events"] if one["type"] == "exit")["request"]
    assert exit_event["exit_event"]["exit_code"] == 0 and exit_event["exit_event"]["requested_stop"] is True


def test_what_does_not_stop_is_killed_with_all_its_children(api: Api, server_image: str) -> None:
    command = ["sh", "-c", "trap '' INT; sleep 600 & echo stubborn; while :; do sleep 600; done"]
    machine = api.started("shop", server_image, {"init": {"exec": command}, "stop_config": {"timeout": "300ms"}})
    eventually(lambda: api.logs("shop"), lambda lines: "stubborn" in lines)
    rows = eventually(lambda: api.on("shop", machine, "/ps", method="GET").body, lambda rows: len(rows) == 3)
    api.on("shop", machine, "/stop", {})
    api.wait("shop", machine, "stopped")
    all_ended([row["pid"] for row in rows])
    exit_event = api.machine("shop", machine)["events"][0]["request"]["exit_event"]
    assert (exit_event["signal"], exit_event["exit_code"]) == (9, 137)


# Turns itself into a daemon as daemons do: two forks, a session of its own, no descriptor and no variable left.
DAEMON = """
import os, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
os.chdir("/")
os.closerange(0, 64)
os.execve("/bin/sleep", ["sleep", sys.argv[1]], {})
"""


def _freeze_and_stop(api: Api, machine: str) -> None:
    api.on("shop", machine, "/suspend")
    api.wait("shop", machine, "suspended")
    api.on("shop", machine, "/stop", {})


ENDS: dict[str, Callable[[Api, str], object]] = {
    "stopped": lambda api, machine: api.on("shop", machine, "/stop", {"timeout": "200ms"}),
    "crashed": lambda api, machine: api.visit("shop", "/exit", fly_force_instance_id=machine),
    "destroyed": lambda api, machine: api.on("shop", machine, "?force=true", method="DELETE"),
    "frozen and stopped": _freeze_and_stop,
}


def named(words: str) -> list[int]:
    """Processes with exactly this command line."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                said = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            except OSError:
                continue
            found += [int(path.name)] if said == words else []
    return found


def with_a_daemon(api: Api, server_image: str, seconds: int) -> tuple[str, int]:
    """A machine that serves and has started a daemon of its own, and that daemon's pid."""
    command = ["sh", "-c", f"python3 -S -E -c '{DAEMON}' {seconds}; exec python3 -S -E app.py"]
    config = {"services": [SERVICE], "init": {"exec": command}, "restart": {"policy": "no"}}
    machine = api.started("shop", server_image, config)
    api.wait_healthy("shop", machine)
    (pid,) = eventually(lambda: named(f"sleep {seconds}"), lambda found: len(found) == 1)
    return machine, pid


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nobody adopts daemons on macOS")
@pytest.mark.parametrize("end", ENDS)
def test_a_daemon_that_a_machine_started_ends_with_it(api: Api, server_image: str, end: str) -> None:
    machine, pid = with_a_daemon(api, server_image, 71_000 + list(ENDS).index(end))
    assert pid in [row["pid"] for row in api.on("shop", machine, "/ps", method="GET").body]
    ENDS[end](api, machine)
    all_ended([pid])
    eventually(lambda: state_of(pid), lambda state: state == "", 5)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nobody adopts daemons on macOS")
def test_a_daemon_that_a_machine_started_is_frozen_with_it(api: Api, server_image: str) -> None:
    machine, pid = with_a_daemon(api, server_image, 71_100)
    api.on("shop", machine, "/suspend")
    api.wait("shop", machine, "suspended")
    eventually(lambda: state_of(pid), lambda state: state == "T")
    api.on("shop", machine, "/start")
    eventually(lambda: state_of(pid), lambda state: state == "S")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nobody adopts daemons on macOS")
def test_a_machine_of_a_killed_platform_takes_its_daemons_along(fresh_daemon: Any, server_context: Path) -> None:
    api = fresh_daemon()
    _, pid = with_a_daemon(api, api.build(api.app("shop"), server_context), 71_200)
    os.kill(api.running.pid, signal.SIGKILL)
    eventually(lambda: state_of(api.running.pid), lambda state: state in ("", "Z"))
    assert state_of(pid) == "S"
    control.stop(api.running.state)
    all_ended([pid])


def test_a_program_that_only_the_base_image_has_is_named_with_what_to_do(api: Api, server_image: str) -> None:
    # More than one command, so that the shell stays a shell and says it itself.
    command = ["sh", "-c", "only-in-an-image; exit 127"]
    machine = api.create("shop", server_image, {"init": {"exec": command}, "restart": {"policy": "no"}})
    api.wait("shop", machine, "stopped", timeout=50)
    logged = api.logs("shop")
    assert any(line.startswith("only-in-an-image is not on this computer: install it") for line in logged), logged
