"""Machines as real processes, through the real API of a real daemon."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.functional.local.machine_processes import SERVICE, all_ended, pid_of
from tests.platform_client import Api
from tests.waiting import eventually


def test_a_machine_is_a_process_that_answers_through_the_proxy(api: Api, server_image: str) -> None:
    machine = api.started("shop", server_image, {"services": [SERVICE]}, region="fra")
    api.wait_healthy("shop", machine)
    assert api.visit("shop").body == {"region": "fra", "machine": machine}


def test_a_far_machine_reaches_the_database_by_a_longer_way_while_delays_are_on(api: Api, server_image: str) -> None:
    url = "postgres://u:pass@localhost:5432/db"
    config = {"services": [SERVICE], "env": {"PRIMARY_REGION": "iad", "DATABASE_URL": url}}

    def told(region: str) -> str:
        machine = api.started("shop", server_image, config, region=region)
        api.wait_healthy("shop", machine)
        return str(api.visit("shop", "/env", fly_force_instance_id=machine).body["DATABASE_URL"])

    assert told("nrt") == url
    assert api.call("PUT", "/_local/settings", {"delays": True}).status == 200
    assert told("iad") == url
    through = re.fullmatch(r"postgres://u:pass@localhost:(\d+)/db", told("fra"))
    assert through and through[1] != "5432"
    socket.create_connection(("127.0.0.1", int(through[1])), timeout=20).close()


def test_the_environment_is_the_machines_own(api: Api, server_image: str, platform_daemon: Any) -> None:
    api.call("POST", "/v1/apps/shop/secrets", {"values": {"KEY": "planted-secret", "BOTH": "secret"}})
    api.call("POST", "/v1/apps/shop/ip_assignments", {"type": "v6"})
    config = {
        "services": [SERVICE, {"internal_port": 9000, "ports": [{"port": 9000}]}],
        "env": {"GREETING": "hi", "BOTH": "env", "PRIMARY_REGION": "iad"},
        "metadata": {"fly_process_group": "web"},
        "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512},
    }
    machine = api.started("shop", server_image, config, region="nrt")
    api.wait_healthy("shop", machine)
    env = api.visit("shop", "/env").body
    shown = api.machine("shop", machine)
    expected = {
        "GREETING": "hi", "KEY": "planted-secret", "BOTH": "secret", "PRIMARY_REGION": "iad",
        "FLY_APP_NAME": "shop", "FLY_MACHINE_ID": machine, "FLY_ALLOC_ID": machine, "FLY_REGION": "nrt",
        "FLY_IMAGE_REF": server_image, "FLY_MACHINE_VERSION": shown["instance_id"],
        "FLY_PRIVATE_IP": shown["private_ip"], "FLY_PROCESS_GROUP": "web", "FLY_VM_MEMORY_MB": "512",
        "FLY_LOCAL_INTERNAL": f"127.0.0.1:{platform_daemon.port}",
    }  # fmt: skip
    assert {name: env.get(name) for name in expected} == expected
    assert env["FLY_PUBLIC_IP"].startswith("2001:db8:")
    assert env["PORT"] != env["PORT_9000"] and env["PORT"].isdigit()
    assert set(env) - set(expected) - {"FLY_PUBLIC_IP"} == {
        "PORT", "PORT_9000", "HOST", "PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV",
    } | ({"LC_CTYPE"} & set(env)), "nothing of the daemon's environment"  # fmt: skip
    state = str(platform_daemon.state)
    assert env["HOME"].startswith(state) and env["TMPDIR"].startswith(state)
    logged = json.dumps(api.logs("shop")) + json.dumps(api.call("GET", "/v1/apps/shop/machines").body)
    assert "planted-secret" not in logged


def test_each_machine_has_its_own_files_and_a_stop_resets_them(api: Api, server_image: str) -> None:
    config = {"services": [SERVICE]}
    first = api.started("shop", server_image, config)
    second = api.started("shop", server_image, config)
    for machine in (first, second):
        api.wait_healthy("shop", machine)
    api.visit("shop", "/write/mine", fly_force_instance_id=first)

    def files(machine: str) -> list[str]:
        return list(api.visit("shop", "/cwd", fly_force_instance_id=machine).body["files"])

    assert "mine" in files(first) and "mine" not in files(second)
    api.on("shop", first, "/suspend")
    api.wait("shop", first, "suspended")
    assert "mine" in files(first), "the proxy woke it, and a suspend keeps its files"
    api.on("shop", first, "/restart")
    api.wait("shop", first, "started")
    api.wait_healthy("shop", first)
    assert "mine" not in files(first)


def test_a_volume_outlives_its_machine(api: Api, server_image: str) -> None:
    volume = api.call("POST", "/v1/apps/shop/volumes", {"name": "data", "region": "iad"}).body["id"]
    config = {"services": [SERVICE], "mounts": [{"volume": volume, "path": "/data"}], "env": {"DATA": "/data"}}
    machine = api.started("shop", server_image, config)
    api.wait_healthy("shop", machine)
    place = api.visit("shop", "/env").body["DATA"]
    api.visit("shop", f"/write/{place.replace('/', '%2F')}%2Fkept")
    api.on("shop", machine, "?force=true", method="DELETE")
    api.wait("shop", machine, "destroyed")
    again = api.started("shop", server_image, config)
    api.wait_healthy("shop", again)
    assert (Path(api.visit("shop", "/env").body["DATA"]) / "kept").read_text() == "x"


def test_extra_files_are_put_in_place(api: Api, server_image: str) -> None:
    api.call("POST", "/v1/apps/shop/secrets", {"values": {"CERT": "c2VjcmV0IGZpbGU="}})
    files = [
        {"guest_path": "/app/raw.txt", "raw_value": "aGVsbG8="},
        {"guest_path": "/app/cert.pem", "secret_name": "CERT"},
    ]
    machine = api.started("shop", server_image, {"services": [SERVICE], "files": files})
    api.wait_healthy("shop", machine)
    where = api.visit("shop", "/cwd").body
    assert {"raw.txt", "cert.pem"} <= set(where["files"])
    assert Path(where["cwd"], "cert.pem").read_text() == "secret file"


def test_the_command_can_be_overridden(api: Api, server_image: str) -> None:
    config = {"init": {"cmd": ["sh", "-c", "echo from $FLY_REGION as $0", "me"]}, "restart": {"policy": "no"}}
    machine = api.create("shop", server_image, config)
    api.wait("shop", machine, "stopped")
    assert "from iad as me" in api.logs("shop")
    config = {"init": {"exec": ["sh", "-c", "echo executed"]}, "restart": {"policy": "no"}}
    api.wait("shop", api.create("shop", server_image, config), "stopped")
    config = {"processes": [{"entrypoint": ["sh", "-c"], "cmd": ["echo process"]}], "restart": {"policy": "no"}}
    api.wait("shop", api.create("shop", server_image, config), "stopped")
    assert {"executed", "process"} <= set(api.logs("shop"))


def test_an_update_runs_the_new_image_in_place(
    api: Api, server_image: str, server_context: Path, tmp_path: Path
) -> None:
    machine = api.started("shop", server_image, {"services": [SERVICE]})
    api.wait_healthy("shop", machine)
    for path in server_context.iterdir():
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "second").write_text("")
    two = api.build("shop", tmp_path, "two")
    answer = api.on("shop", machine, "", {"config": {"image": two, "services": [SERVICE]}})
    instance = answer.body["instance_id"]
    assert answer.body["image_ref"]["digest"].startswith("sha256:") and answer.body["image_ref"]["tag"] == "two"
    waited = api.on("shop", machine, f"/wait?state=started&instance_id={instance}", method="GET")
    assert waited.status == 200
    api.wait_healthy("shop", machine)
    assert "second" in api.visit("shop", "/cwd").body["files"]
    assert api.visit("shop", "/env").body["FLY_MACHINE_VERSION"] == instance


def test_a_crash_is_an_exit_event_and_a_restart(api: Api, server_image: str) -> None:
    machine = api.started("shop", server_image, {"services": [SERVICE]})
    api.wait_healthy("shop", machine)
    before = pid_of(api, machine)
    os.kill(before, signal.SIGKILL)
    eventually(
        lambda: [event["type"] for event in api.machine("shop", machine)["events"]],
        lambda types: types[:2] == ["start", "exit"],
    )
    api.wait_healthy("shop", machine)
    assert pid_of(api, machine) != before
    exit_event = api.machine("shop", machine)["events"][1]["request"]
    assert exit_event["exit_event"] | {"exited_at": ""} == {
        "exit_code": 137, "guest_exit_code": 137, "guest_signal": 9, "signal": 9, "oom_killed": False,
        "requested_stop": False, "restarting": True, "exited_at": "",
    }  # fmt: skip
    assert exit_event["restart_count"] == 1


def test_a_one_off_machine_runs_prints_and_is_gone(api: Api, server_image: str) -> None:
    config = {
        "init": {"exec": ["sh", "-c", "echo migrating; exit 4"]},
        "auto_destroy": True,
        "restart": {"policy": "no"},
    }
    machine = api.create("shop", server_image, config, skip_launch=True)
    api.wait("shop", machine, "stopped")
    api.on("shop", machine, "/start")
    api.wait("shop", machine, "destroyed")
    exits = [event for event in api.machine("shop", machine)["events"] if event["type"] == "exit"]
    assert exits[0]["request"]["exit_event"]["exit_code"] == 4
    assert {"migrating", "Main child exited normally with code: 4"} <= set(api.logs("shop"))


def test_a_command_that_does_not_exist_says_so(api: Api, server_image: str) -> None:
    config = {"init": {"exec": ["no-such-program"]}, "restart": {"policy": "no"}}
    machine = api.create("shop", server_image, config)
    api.wait("shop", machine, "stopped")
    assert any("no-such-program" in line and "not found" in line for line in api.logs("shop"))
    assert api.machine("shop", machine)["events"][0]["request"]["exit_event"]["exit_code"] == 127


def listening(api: Api, server_image: str, internal_port: int, command: str, **env: str) -> tuple[str, str]:
    """A machine whose app listens where it should not: its id, and what its check says of that."""
    service = {**SERVICE, "internal_port": internal_port}
    machine = api.started(
        "shop", server_image, {"services": [service], "init": {"exec": ["sh", "-c", command]}, "env": env}
    )
    output = eventually(
        lambda: str(api.machine("shop", machine)["checks"][0]["output"]), lambda text: "the app listens on" in text, 10
    )
    assert "\n" not in output
    # The proxy says the same, and nobody claims that the connection is refused.
    answer = api.visit("shop", fly_force_instance_id=machine)
    assert (answer.status, answer.headers["fly-proxy-error"]) == (502, "PC01")
    assert output in answer.raw.decode() and "refused" not in answer.raw.decode()
    eventually(lambda: api.logs("shop"), lambda lines: output in lines)
    return machine, output


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only /proc tells who listens where")
def test_an_app_with_a_port_of_its_own_choice_is_told_both_addresses(api: Api, server_image: str) -> None:
    machine, output = listening(api, server_image, 8080, "PORT=$OTHER exec python3 -S -E app.py", OTHER="32101")
    port = re.search(r"\$PORT \(127\.0\.0\.1:(\d+)\)", output)
    assert port is not None
    assert output.startswith("the app listens on 127.0.0.1:32101, fly.toml's internal_port says 8080: on the local")
    assert output.endswith("for Fly.io, let it listen on 0.0.0.0:8080 or write internal_port = 32101")
    assert port[1] != "32101"
    assert api.on("shop", machine, "/stop", {}).status == 200


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only /proc tells who listens where")
def test_an_app_that_takes_its_internal_port_literally_is_told_to_take_port(api: Api, server_image: str) -> None:
    command = "sed -i 's/int(os.environ..PORT..)/32102/' app.py; exec python3 -S -E app.py"
    machine, output = listening(api, server_image, 32_102, command)
    assert output.startswith(
        "the app listens on 127.0.0.1:32102: on the local platform, where every machine has a port"
    )
    assert output.endswith("write $PORT instead of 32102 in its command or its code")
    (shown,) = (one for row in api.on("shop", machine, "/ps", method="GET").body for one in row["listen_sockets"])
    assert shown == {"proto": "tcp", "address": "127.0.0.1:32102"}, "flyctl's own warning sees that it is wrong"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only /proc tells who listens where")
def test_an_app_that_listens_on_another_address_is_told_so(api: Api, server_image: str) -> None:
    command = "sed -i 's/127.0.0.1/127.0.0.2/' app.py; exec python3 -S -E app.py"
    _, output = listening(api, server_image, 8080, command)
    assert re.fullmatch(
        r"the app listens on 127\.0\.0\.2:(\d+), the platform looks at \$PORT \(127\.0\.0\.1:\1\): let it listen on"
        r" 0\.0\.0\.0",
        output,
    )


def test_checks_follow_the_apps_health(api: Api, server_image: str) -> None:
    top = {"port": 8080, "type": "tcp", "interval": "2s"}
    machine = api.started("shop", server_image, {"services": [SERVICE], "checks": {"alive": top}})
    api.wait_healthy("shop", machine)
    api.visit("shop", "/sick")

    def statuses() -> dict[str, str]:
        return {check["name"]: check["status"] for check in api.machine("shop", machine)["checks"]}

    eventually(statuses, lambda now: now == {"servicecheck-00-http-8080": "critical", "alive": "passing"})
    output = api.machine("shop", machine)["checks"][0]["output"]
    assert output.startswith("500 Internal Server Error from GET /health")


def test_processes_are_listed_with_where_they_listen(api: Api, server_image: str) -> None:
    machine = api.started("shop", server_image, {"services": [SERVICE]})
    api.wait_healthy("shop", machine)
    row = api.on("shop", machine, "/ps", method="GET").body[0]
    assert "app.py" in row["command"] and row["rss"] > 0
    assert row["listen_sockets"] == [{"proto": "tcp", "address": "0.0.0.0:8080"}]


def test_logs_are_kept_filtered_and_written_to_a_file(api: Api, server_image: str, platform_daemon: Any) -> None:
    machine = api.started("shop", server_image, {"services": [SERVICE]}, region="fra")
    other = api.started("shop", server_image, {"services": [SERVICE]}, region="nrt")
    for one in (machine, other):
        api.wait_healthy("shop", one)
        api.visit("shop", f"/say/from-{one}", fly_force_instance_id=one)

    def messages(query: str) -> list[str]:
        lines = api.call("GET", f"/_local/logs?app=shop&limit=500{query}").raw.decode().splitlines()
        return [json.loads(line)["message"] for line in lines]

    eventually(lambda: messages(""), lambda found: f"from-{machine}" in found and f"from-{other}" in found)
    assert f"from-{other}" not in messages(f"&machine={machine}")
    assert f"from-{machine}" not in messages("&region=nrt")
    assert len(messages("&limit=1")) >= 1
    file = platform_daemon.state / "logs" / "shop.ndjson"
    eventually(lambda: file.read_text() if file.exists() else "", lambda text: f"from-{machine}" in text)
    assert api.call("GET", "/_local/logs?app=unknown").status == 404


def test_destroying_an_app_ends_its_processes_and_removes_its_files(
    api: Api, server_image: str, platform_daemon: Any
) -> None:
    machine = api.started("shop", server_image, {"services": [SERVICE]})
    api.wait_healthy("shop", machine)
    pid = pid_of(api, machine)
    home = platform_daemon.state / "machines" / machine
    assert home.exists()
    assert api.call("DELETE", "/v1/apps/shop").status == 202
    all_ended([pid])
    eventually(home.exists, lambda exists: not exists)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"init": {"cmd": ["sh", "-c", "a\0b"]}}, "there is a NUL in it"),
        ({"env": {"A": "a\0b"}}, "there is a NUL in it"),
        ({"env": {"A=B": "x"}}, "there is '=' in a variable's name, or it is empty"),
    ],
)
def test_what_no_process_can_have_is_said(api: Api, server_image: str, config: dict[str, Any], why: str) -> None:
    machine = api.create("shop", server_image, {**config, "restart": {"policy": "no"}})
    api.wait("shop", machine, "stopped")
    assert f"the command or a variable is none that a process can have: {why}" in api.logs("shop")
