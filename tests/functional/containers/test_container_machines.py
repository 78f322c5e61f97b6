"""Machines as containers, through the real API of a real daemon and a real engine."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine_bases import TestEngine
from tests.functional.containers.conftest import CONTAINED, DOCKERFILE
from tests.functional.local.machine_processes import SERVICE
from tests.platform_client import Api
from tests.waiting import eventually

pytestmark = pytest.mark.containers


def _last_exit(box: Api, machine: str, app: str = "small") -> Any:
    """The exit event of a machine that has stopped."""
    box.wait(app, machine, "stopped")
    events = box.machine(app, machine)["events"]
    return next(event["request"]["exit_event"] for event in events if event["type"] == "exit")


def test_a_container_answers_on_the_literal_port_through_the_proxy(box: Api, server: str) -> None:
    machine = box.started("shop", server, {"services": [SERVICE]}, region="fra")
    box.wait_healthy("shop", machine)
    assert box.visit("shop").body == {"region": "fra", "machine": machine}
    assert "listening" in box.logs("shop")


def test_the_environment_is_fly_s_and_the_image_s(box: Api, server: str) -> None:
    box.call("POST", "/v1/apps/shop/secrets", {"values": {"KEY": "planted-secret"}})
    config = {"services": [SERVICE], "env": {"GREETING": "hi"}, "metadata": {"fly_process_group": "web"}}
    machine = box.started("shop", server, config, region="nrt")
    box.wait_healthy("shop", machine)
    env = box.visit("shop", "/env").body
    wanted = {"GREETING": "hi", "KEY": "planted-secret", "FROM_IMAGE": "kept", "FLY_REGION": "nrt"}
    assert {name: env.get(name) for name in wanted} == wanted
    assert env["HOSTNAME"] == env["FLY_MACHINE_ID"] == machine
    # What only processes need to be told.
    assert not {"PORT", "HOST", "FLY_LOCAL_INTERNAL", "DOCKER_HOST", "FLYO_LOCAL_RUNTIME"} & set(env)
    assert "planted-secret" not in json.dumps(box.logs("shop"))


def test_user_directory_and_entrypoint_of_the_image_are_honoured(box: Api, small: Callable[[str], str]) -> None:
    image = small('WORKDIR /tmp\nUSER nobody\nENTRYPOINT ["sh", "-c"]\nCMD ["echo $(id -un) in $(pwd); sleep 60"]')
    box.started("small", image)
    eventually(lambda: box.logs("small"), lambda lines: "nobody in /tmp" in lines)


def test_a_stop_sends_the_signal_and_then_kills(box: Api, small: Callable[[str], str]) -> None:
    patient = small("CMD trap 'echo heard; exit 7' TERM; echo ready; while true; do sleep 0.1; done")
    machine = box.started("small", patient, {"stop_config": {"signal": "SIGTERM", "timeout": "20s"}})
    eventually(lambda: box.logs("small"), lambda lines: "ready" in lines)
    box.on("small", machine, "/stop")
    ended = _last_exit(box, machine)
    assert (ended["exit_code"], ended["requested_stop"]) == (7, True)
    assert "heard" in box.logs("small")
    deaf = small("CMD trap '' TERM; echo deaf; while true; do sleep 0.1; done")
    machine = box.started("small", deaf, {"stop_config": {"signal": "SIGTERM", "timeout": "300ms"}})
    eventually(lambda: box.logs("small"), lambda lines: "deaf" in lines)
    box.on("small", machine, "/stop")
    ended = _last_exit(box, machine)
    assert (ended["exit_code"], ended["signal"], ended["oom_killed"]) == (137, 9, False)


def test_an_app_without_a_handler_ends_at_once_since_it_is_not_process_1(box: Api, small: Callable[[str], str]) -> None:
    machine = box.started("small", small('CMD ["sleep", "60"]'), {"stop_config": {"timeout": "60s"}})
    box.on("small", machine, "/stop")
    ended = _last_exit(box, machine)
    assert (ended["exit_code"], ended["signal"]) == (130, 2)


def test_what_cannot_be_executed_starts_and_ends(box: Api, small: Callable[[str], str]) -> None:
    machine = box.create("small", small('CMD ["/nope"]'), {"restart": {"policy": "no"}})
    assert _last_exit(box, machine)["exit_code"] == 127


def test_running_out_of_memory_is_told_apart(box: Api, server: str) -> None:
    eat = ["python3", "-c", "x = bytearray(400 << 20); print(len(x))"]
    config = {"init": {"exec": eat}, "restart": {"policy": "no"}, "guest": {"memory_mb": 256}}
    ended = _last_exit(box, box.create("shop", server, config), "shop")
    assert (ended["exit_code"], ended["oom_killed"]) == (137, True)


def test_suspending_freezes_and_a_request_wakes(box: Api, server: str) -> None:
    service = {**SERVICE, "autostart": True}
    machine = box.started("shop", server, {"services": [service]})
    box.wait_healthy("shop", machine)
    box.visit("shop", "/write/%2Ftmp%2Fmark")
    assert box.on("shop", machine, "/suspend").status == 200
    box.wait("shop", machine, "suspended")
    assert box.visit("shop").body["machine"] == machine
    assert box.machine("shop", machine)["state"] == "started"
    assert box.logs("shop").count("listening") == 1
    box.on("shop", machine, "/suspend")
    box.wait("shop", machine, "suspended")
    box.on("shop", machine, "/stop")
    box.wait("shop", machine, "stopped")


def test_files_are_in_place_before_the_app_starts(box: Api, small: Callable[[str], str]) -> None:
    content = base64.b64encode(b"from a file\n").decode()
    image = small('USER nobody\nCMD ["sh", "-c", "cat /etc/deep/in/it; sleep 60"]')
    box.started("small", image, {"files": [{"guest_path": "/etc/deep/in/it", "raw_value": content}]})
    eventually(lambda: box.logs("small"), lambda lines: "from a file" in lines)


def test_a_volume_outlives_machines_and_goes_with_the_app(
    box: Api, small: Callable[[str], str], engine: TestEngine
) -> None:
    image = small('CMD ["sh", "-c", "echo was: $(ls /data); touch /data/mark; sleep 60"]')
    volume = box.call("POST", "/v1/apps/small/volumes", {"name": "data", "region": "iad"}).body["id"]
    mounts = {"mounts": [{"volume": volume, "path": "/data"}]}
    first = box.started("small", image, mounts)
    eventually(lambda: box.logs("small"), lambda lines: "was:" in lines)
    box.on("small", first, "?force=true", method="DELETE")
    box.wait("small", first, "destroyed")
    box.started("small", image, mounts)
    eventually(lambda: box.logs("small"), lambda lines: "was: mark" in lines)
    assert len(engine.labelled("volumes", box.running.state)) == 1
    box.call("POST", "/_local/reset")
    eventually(lambda: engine.labelled("volumes", box.running.state), lambda left: not left)


def test_a_port_that_nobody_listens_on_is_refused_and_not_healthy(box: Api, small: Callable[[str], str]) -> None:
    check = {"type": "tcp", "port": 8080, "interval": "2s", "timeout": "1s", "grace_period": "0s"}
    service = {**SERVICE, "checks": [check]}
    machine = box.started("small", small('CMD ["sleep", "60"]'), {"services": [service]})
    wanted = "nothing listens on 0.0.0.0:8080 in the container"
    shown = eventually(lambda: box.machine("small", machine)["checks"], lambda checks: wanted in checks[0]["output"])
    assert shown[0]["status"] == "critical"


def test_an_app_that_listens_inside_only_is_told_so(box: Api, small: Callable[[str], str]) -> None:
    check = {"type": "http", "port": 8080, "path": "/", "interval": "2s", "timeout": "1s", "grace_period": "0s"}
    image = small('CMD ["httpd", "-f", "-p", "127.0.0.1:8080"]')
    machine = box.started("small", image, {"services": [{**SERVICE, "checks": [check]}]})
    wanted = "let it listen on 0.0.0.0:8080"
    eventually(lambda: box.machine("small", machine)["checks"], lambda checks: wanted in checks[0]["output"])


def test_snapshots_and_forks_have_the_volumes_files(box: Api, small: Callable[[str], str], engine: TestEngine) -> None:
    image = small('CMD ["sh", "-c", "echo was: $(cat /data/mark); echo $FLY_REGION >/data/mark; sleep 60"]')
    path = "/v1/apps/small/volumes"
    volume = box.call("POST", path, {"name": "data", "region": "iad"}).body["id"]
    first = box.started("small", image, {"mounts": [{"volume": volume, "path": "/data"}]})
    eventually(lambda: box.on("small", first, "/exec", {"cmd": "cat /data/mark"}).body["stdout"] == "iad\n")
    snapshot = box.call("POST", f"{path}/{volume}/snapshots").body["id"]
    box.on("small", first, "?force=true", method="DELETE")
    for source in ({"source_volume_id": volume}, {"snapshot_id": snapshot}):
        copy = box.call("POST", path, {"name": "data", "region": "iad", **source}).body["id"]
        box.started("small", image, {"mounts": [{"volume": copy, "path": "/data"}]})
    eventually(lambda: box.logs("small").count("was: iad"), lambda count: count == 2)
    (shown,) = box.call("GET", f"{path}/{volume}/snapshots").body
    assert (shown["status"], shown["size"] > 0) == ("created", True)
    assert len(engine.labelled("volumes", box.running.state)) == 4
    box.call("POST", "/_local/reset")
    eventually(lambda: engine.labelled("volumes", box.running.state), lambda left: not left)


def test_statics_are_files_of_the_container(box: Api, server: str) -> None:
    statics = [{"guest_path": "/app", "url_prefix": "/files", "index_document": "Dockerfile"}]
    machine = box.started("shop", server, {"services": [SERVICE], "statics": statics})
    box.wait_healthy("shop", machine)
    assert box.visit("shop", "/files/app.py").raw.decode() == CONTAINED
    assert box.visit("shop", "/files/").raw.decode() == DOCKERFILE
    for path in ("/files/none.css", "/other"):
        assert box.visit("shop", path).body == {"region": "iad", "machine": machine}
