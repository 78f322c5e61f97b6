"""Commands in real machines, and what the listener does before a body comes."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from tests.platform_client import Api


def run(api: Api, machine: str, **body: Any) -> Any:
    """The answer to a command that ran."""
    answer = api.on("shop", machine, "/exec", body)
    assert answer.status == 200, answer
    return answer.body


def test_a_command_runs_where_the_machine_runs(api: Api, server_image: str) -> None:
    api.call("POST", "/v1/apps/shop/secrets", {"values": {"KEY": "value"}})
    machine = api.started("shop", server_image, {"env": {"A": "1"}})
    said = run(api, machine, cmd="sh -c 'echo $FLY_MACHINE_ID $A $KEY; ls'")
    assert said["stdout"].split() == [machine, "1", "value", *sorted(said["stdout"].split()[3:])]
    assert "app.py" in said["stdout"]
    assert (said["exit_code"], said["exit_signal"], said["stderr"]) == (0, 0, "")
    assert run(api, machine, command=["cat"], stdin="hello")["stdout"] == "hello"
    failed = run(api, machine, command=["sh", "-c", "echo no >&2; exit 3"])
    assert (failed["exit_code"], failed["stderr"]) == (3, "no\n")
    killed = run(api, machine, command=["sh", "-c", "kill -9 $$"])
    assert (killed["exit_code"], killed["exit_signal"]) == (137, 9)
    assert run(api, machine, command=["no-such-program"])["exit_code"] == 127


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(api: Api, server_image: str) -> None:
    machine = api.started("shop", server_image)
    answer = api.on("shop", machine, "/exec", {"cmd": "sh -c 'sleep 300 & sleep 300'", "timeout": 1})
    assert (answer.status, "deadline_exceeded" in answer.body["error"]) == (408, True)
    assert api.on("shop", machine, "", method="GET").body["state"] == "started"


def test_processes_are_sorted_as_asked(api: Api, server_image: str) -> None:
    machine = api.started("shop", server_image, {"init": {"exec": ["sh", "-c", "sleep 60 & sleep 61 & wait"]}})

    def pids(query: str) -> list[int]:
        found = api.on("shop", machine, f"/ps{query}", method="GET").body
        return [one["pid"] for one in found]

    upwards = pids("?sort_by=pid&order=asc")
    assert len(upwards) > 1 and upwards == sorted(upwards)
    assert pids("?sort_by=pid&order=desc") == upwards[::-1]


def test_regions_need_no_token_and_everything_else_does(api: Api) -> None:
    assert api.send("GET", "/v1/platform/regions").body["Regions"]
    assert api.send("GET", "/v1/apps?org_slug=personal").status == 401


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_body_is_json_whatever_curl_calls_it(api: Api, kind: str) -> None:
    headers = {"Authorization": f"Bearer {api.running.token}", "Content-Type": kind}
    made = api.send("POST", "/v1/apps", json.dumps({"name": "typed", "org_slug": "personal"}).encode(), headers)
    assert (made.status, made.body["name"]) == (201, "typed")


def test_a_client_that_waits_is_told_to_go_on(api: Api) -> None:
    body = b'{"name": "patient", "org_slug": "personal"}'
    head = (
        f"POST /v1/apps HTTP/1.1\r\nhost: 127.0.0.1:{api.running.port}\r\nexpect: 100-continue\r\n"
        f"authorization: Bearer {api.running.token}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", api.running.port), timeout=10) as client:
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(body)
        answer = b""
        while piece := client.recv(65_536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 201 ") and b'"patient"' in answer
