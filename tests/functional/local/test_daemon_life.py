"""The daemon itself: starting, being found, being killed, coming back."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.daemon import control
from flyctl_orchestrator.local.daemon.state_dir import Locator, write_locator
from tests.platform_client import Api
from tests.waiting import eventually

SERVICE = {
    "internal_port": 8080,
    "ports": [{"port": 80, "handlers": ["http"]}],
    "autostart": True,
    "checks": [{"type": "http", "path": "/health", "interval": "1s"}],
}
Fresh = Callable[..., Api]


def alive(pid: int) -> bool:
    """Whether a process runs (one that ended and was not collected does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pid_of(api: Api, machine: str) -> int:
    """A machine's main process."""
    return int(api.on("shop", machine, "/ps", method="GET").body[0]["pid"])


def test_starting_twice_finds_the_first(fresh_daemon: Fresh) -> None:
    first, second = fresh_daemon().running, fresh_daemon().running
    assert (first.pid, first.port, first.token) == (second.pid, second.port, second.token)
    locator = first.state / "daemon.json"
    assert locator.stat().st_mode & 0o777 == 0o600 and first.state.stat().st_mode & 0o777 == 0o700
    assert first.token not in repr(first)
    with pytest.raises(control.ControlError, match="already runs on port"):
        control.start(first.state, 1 if first.port != 1 else 2)


def test_stopping_ends_the_daemon_its_machines_and_its_locator(fresh_daemon: Fresh, server_context: Path) -> None:
    api = fresh_daemon()
    machine = api.started(api.app("shop"), api.build("shop", server_context), {"services": [SERVICE]})
    pid = pid_of(api, machine)
    assert control.stop(api.running.state) is True
    assert not alive(api.running.pid) and not alive(pid)
    assert control.locate(api.running.state) is None and not (api.running.state / "daemon.json").exists()
    assert control.stop(api.running.state) is False


def test_a_restart_keeps_everything_and_boots_what_ran(fresh_daemon: Fresh, server_context: Path) -> None:
    api = fresh_daemon()
    image = api.build(api.app("shop"), server_context)
    api.call("POST", "/v1/apps/shop/secrets", {"values": {"KEY": "value"}})
    api.call("POST", "/v1/apps/shop/ip_assignments", {"type": "v6"})
    api.call("POST", "/v1/apps/shop/volumes", {"name": "data", "region": "iad"})
    api.call("PUT", "/_local/settings", {"autostop_tick_seconds": 7})
    token = api.running.token
    ran, stopped, frozen = (api.started("shop", image, {"services": [SERVICE]}) for _ in range(3))
    api.on("shop", ran, "/metadata/note", {"value": "kept"})
    api.on("shop", stopped, "/stop", {})
    api.on("shop", frozen, "/suspend")
    api.wait("shop", stopped, "stopped")
    api.wait("shop", frozen, "suspended")
    before = {one["id"]: one["instance_id"] for one in api.call("GET", "/v1/apps/shop/machines").body}
    things = {name: api.call("GET", f"/v1/apps/shop/{name}").body for name in ("secrets", "ip_assignments", "volumes")}
    control.stop(api.running.state)

    api = fresh_daemon()
    assert api.running.token == token
    api.wait("shop", ran, "started")
    api.wait_healthy("shop", ran)
    machines = {one["id"]: one for one in api.call("GET", "/v1/apps/shop/machines").body}
    assert {key: one["instance_id"] for key, one in machines.items()} == before
    assert [machines[one]["state"] for one in (ran, stopped, frozen)] == ["started", "stopped", "stopped"]
    assert machines[ran]["config"]["metadata"] == {"note": "kept"}
    assert any("snapshot is lost" in line for line in api.logs("shop"))
    assert things == {name: api.call("GET", f"/v1/apps/shop/{name}").body for name in things}
    assert api.visit("shop", "/env").body["KEY"] == "value"
    assert api.call("GET", "/_local/settings").body["autostop_tick_seconds"] == 7


def orphaned(fresh_daemon: Fresh, server_context: Path) -> tuple[str, int, Path]:
    """A machine whose daemon was killed: its id, its process, which runs on, and the daemon's directory."""
    api = fresh_daemon()
    machine = api.started(api.app("shop"), api.build("shop", server_context), {"services": [SERVICE]})
    orphan, state = pid_of(api, machine), api.running.state
    os.kill(api.running.pid, signal.SIGKILL)
    eventually(lambda: control.locate(state), lambda found: found is None)
    assert alive(orphan)
    return machine, orphan, state


def test_a_killed_daemon_loses_nothing_and_leaves_no_process_behind(fresh_daemon: Fresh, server_context: Path) -> None:
    machine, orphan, state = orphaned(fresh_daemon, server_context)
    api = fresh_daemon()
    eventually(lambda: alive(orphan), lambda running: not running)
    api.wait("shop", machine, "started")
    assert pid_of(api, machine) != orphan
    assert "left behind" in (state / "daemon.log").read_text()


def test_stopping_ends_what_a_killed_daemon_left_behind(fresh_daemon: Fresh, server_context: Path) -> None:
    _, orphan, state = orphaned(fresh_daemon, server_context)
    assert control.stop(state) is True
    eventually(lambda: alive(orphan), lambda running: not running)
    assert control.stop(state) is False


def test_what_was_acknowledged_survives_a_kill_in_the_same_moment(fresh_daemon: Fresh) -> None:
    api = fresh_daemon()
    for number in range(5):
        api.app(f"app-{number}")
    os.kill(api.running.pid, signal.SIGKILL)
    eventually(lambda: control.locate(api.running.state), lambda found: found is None)
    listed = fresh_daemon().call("GET", "/v1/apps?org_slug=personal").body
    assert len(listed["apps"]) == 5


def test_a_locator_that_lies_is_not_believed(tmp_path: Path) -> None:
    assert control.locate(tmp_path) is None
    write_locator(tmp_path, Locator(os.getpid(), 1, "token", "0", 0.0))
    assert control.locate(tmp_path) is None
    (tmp_path / "daemon.json").write_text("{not json")
    assert control.locate(tmp_path) is None


def test_a_process_that_has_the_old_pid_is_left_alone(fresh_daemon: Fresh) -> None:
    api = fresh_daemon()
    state = api.running.state
    control.stop(state)
    bystander = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        home = state / "machines" / ("0" * 14)
        home.mkdir(parents=True)
        (home / "process.json").write_text(f'{{"pid": {bystander.pid}, "started_at": "1"}}')
        fresh_daemon()
        assert bystander.poll() is None
        assert not (home / "process.json").exists()
    finally:
        bystander.kill()
        bystander.wait()


def test_a_taken_port_is_one_clear_error(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(control.ControlError) as caught:
            control.start(tmp_path, port)
    assert caught.value.what == f"port {port} on 127.0.0.1 is taken by another program"
    assert "--port" in caught.value.next
    assert not (tmp_path / "daemon.json").exists()


def test_another_port_is_chosen_while_the_usual_one_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        with contextlib.suppress(OSError):  # somebody else has it: all the better
            taken.bind(("127.0.0.1", control.DEFAULT_PORT))
            taken.listen()
        running = control.start(tmp_path)
        try:
            assert running.port != control.DEFAULT_PORT
            assert control.start(tmp_path).port == running.port
        finally:
            control.stop(tmp_path)


def test_a_directory_that_cannot_be_used_is_one_clear_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(control.ControlError) as caught:
        control.start(blocked / "state", 0)
    assert str(blocked) in caught.value.what and "FLYO_LOCAL_DIR" in caught.value.next
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "platform.db").write_text("this is not a database, but it is long enough to be taken for one" * 50)
    with pytest.raises(control.ControlError) as caught:
        control.start(broken, 0)
    assert "cannot use its directory" in caught.value.what and "\n" not in caught.value.what


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    state = tmp_path / "state"
    script = (
        "import resource, sys; from pathlib import Path; from flyctl_orchestrator.local.daemon import control\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try: control.start(Path(sys.argv[1]), 0)\n"
        "except control.ControlError as problem: print(problem.what)\n"
    )
    # Python would keep compiled modules that were cut off, and fail on them ever after.
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", script, str(state)], capture_output=True, text=True, timeout=60, env=env
    )
    assert "the local platform" in ran.stdout and len(ran.stdout.strip().splitlines()) == 1, ran
    assert "Traceback" not in ran.stdout + ran.stderr


def test_a_second_daemon_on_the_same_directory_is_refused(fresh_daemon: Fresh) -> None:
    state = fresh_daemon().running.state
    command = [sys.executable, "-m", "flyctl_orchestrator.local", "daemon", "--port", "0", "--state", str(state)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1 and "already runs in" in second.stderr


def test_many_at_once_start_one_daemon(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from flyctl_orchestrator.local.daemon import control\n"
        "print(control.start(Path(sys.argv[1]), 0).pid)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "state")]
    starters: list[Any] = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    try:
        pids = {starter.communicate(timeout=60)[0].strip() for starter in starters}
        assert len(pids) == 1 and "" not in pids
    finally:
        control.stop(tmp_path / "state")
    assert daemons_of(tmp_path / "state") == [], "no late one comes up after the stop"


def daemons_of(state: Path) -> list[int]:
    """Every process that was started as a daemon of a directory."""
    found = []
    for home in Path("/proc").iterdir():
        try:
            command = (home / "cmdline").read_bytes().split(b"\0") if home.name.isdigit() else []
        except OSError:
            continue
        if b"daemon" in command and str(state).encode() in command:
            found.append(int(home.name))
    return found


def test_a_start_waits_for_a_daemon_that_is_just_ending(fresh_daemon: Fresh) -> None:
    first = fresh_daemon().running
    os.kill(first.pid, signal.SIGTERM)
    eventually((first.state / "daemon.json").exists, lambda exists: not exists)
    second = fresh_daemon().running
    assert second.pid != first.pid and not alive(first.pid)


def test_it_is_ready_after_less_than_a_second_of_work(fresh_daemon: Fresh) -> None:
    pid = fresh_daemon().running.pid
    columns = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    worked = (int(columns[11]) + int(columns[12])) / os.sysconf("SC_CLK_TCK")
    assert worked < 1.0, "processor time, which does not depend on what else this computer does"
