"""Small things that a client of Fly.io's APIs relies on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from flyctl_orchestrator.local.api.http import Front
from flyctl_orchestrator.local.api.routing import Router
from flyctl_orchestrator.local.api.streams import stream_logs
from flyctl_orchestrator.local.api.table import all_routes
from flyctl_orchestrator.local.base.sightings import Sightings
from flyctl_orchestrator.local.page.page import Page
from tests.unit.local.simulated_fly import Fly

MACHINES = "/v1/apps/shop/machines"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/apps", "GET, POST"),
        ("PUT", MACHINES, "GET, POST"),
        ("GET", MACHINES + "/0/start", "POST"),
        ("POST", "/v1/platform/regions", "GET"),
        ("GET", "/graphql", "POST"),
    ],
)
def test_another_method_on_a_known_address_is_405(fly: Fly, method: str, path: str, allowed: str) -> None:
    answer = fly.call(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    assert f"{method} {path} is not allowed" in answer.body["error"]


def test_an_address_that_is_not_known_is_still_not_modelled(fly: Fly) -> None:
    assert fly.call("GET", "/v1/nothing").status == 501
    assert fly.call("GET", "/v1/apps/shop/machines/0/exec/more").status == 501


def test_head_is_answered_like_get(fly: Fly) -> None:
    assert fly.call("HEAD", "/v1/apps/shop").status == fly.call("GET", "/v1/apps/shop").status == 200
    assert fly.call("HEAD", "/v1/apps/no").status == 404


def test_a_token_tells_what_it_is_for(fly: Fly) -> None:
    own = fly.call("GET", "/v1/tokens/current").body["tokens"][0]
    assert (own["org_slug"], own["apps"]) == ("personal", ["*"])
    made = fly.platform.tokens.create("deploy", app="shop", profile="deploy", seconds=None)
    header = {"authorization": f"Bearer {made.token}"}
    assert fly.call("GET", "/v1/tokens/current", **header).body["tokens"][0]["apps"] == ["shop"]


@pytest.mark.parametrize("action", ["/stop", "/signal"])
def test_a_machine_that_is_not_to_be_kept_goes_however_it_ends(fly: Fly, action: str) -> None:
    machine = fly.started({"auto_destroy": True, "restart": {"policy": "no"}})["id"]
    assert fly.on(machine, action, {"signal": "SIGKILL"}).status == 200
    fly.after(30)
    assert fly.state(machine) == "destroyed"


def test_waiting_for_a_version_that_was_replaced_ends_at_once(fly: Fly) -> None:
    machine = fly.started()
    old, new = machine["instance_id"], fly.update(machine["id"], {"env": {"A": "2"}}).body["instance_id"]
    before = fly.simulation.clock.now()
    answer = fly.on(machine["id"], f"/wait?state=started&timeout=60&instance_id={old}", method="GET")
    assert (answer.status, f"{old} was replaced by {new}" in answer.body["error"]) == (412, True)
    assert fly.simulation.clock.now() - before < 1
    assert fly.on(machine["id"], f"/wait?state=stopped&instance_id={old}", method="GET").status == 200
    assert fly.on(machine["id"], f"/wait?state=started&instance_id={new}", method="GET").status == 200


def test_what_an_organization_lists_has_sizes(fly: Fly) -> None:
    fly.create({"guest": {"cpus": 2}})
    listed = fly.call("GET", "/v1/orgs/personal/machines").body["machines"][0]
    assert listed["config"]["guest"] == {"cpu_kind": "shared", "cpus": 2, "memory_mb": 512}


def test_a_volume_tells_its_type_and_its_bytes(fly: Fly) -> None:
    volume = fly.call("POST", "/v1/apps/shop/volumes", {"name": "data", "region": "iad", "size_gb": 2}).body
    assert (volume["type"], volume["bytes_total"], volume["bytes_used"]) == ("local", 2 * 1024**3, 0)
    assert volume["blocks"] * volume["block_size"] == volume["bytes_total"]


def graphql(fly: Fly, query: str, **variables: Any) -> Any:
    """The body of a GraphQL answer."""
    return fly.call("POST", "/graphql", {"query": query, "variables": variables}).body


SET = "mutation ($input: SetSecretsInput!) { setSecrets(input: $input) { app { secrets { name } } release { id } } }"
UNSET = "mutation ($input: UnsetSecretsInput!) { unsetSecrets(input: $input) { app { secrets { name } } } }"


def test_secrets_can_be_set_and_unset_by_graphql(fly: Fly) -> None:
    def names(answer: Any, mutation: str) -> list[str]:
        return [one["name"] for one in answer["data"][mutation]["app"]["secrets"]]

    first = [{"key": "A", "value": "1"}, {"key": "B", "value": "open-sesame"}]
    answer = graphql(fly, SET, input={"appId": "shop", "secrets": first})
    assert names(answer, "setSecrets") == ["A", "B"] and "open-sesame" not in str(answer)
    more = graphql(fly, SET, input={"appId": "shop", "secrets": [{"key": "C", "value": "3"}]})
    assert names(more, "setSecrets") == ["A", "B", "C"]
    all_of = graphql(fly, SET, input={"appId": "shop", "secrets": first, "replaceAll": True})
    assert names(all_of, "setSecrets") == ["A", "B"]
    assert fly.platform.secrets.values("shop") == {"A": "1", "B": "open-sesame"}
    assert names(graphql(fly, UNSET, input={"appId": "shop", "keys": ["A"]}), "unsetSecrets") == ["B"]
    assert graphql(fly, UNSET, input={"appId": "no", "keys": ["A"]})["errors"][0]["extensions"]["code"] == "NOT_FOUND"


def test_a_graphql_field_that_is_missing_is_named_once(fly: Fly) -> None:
    answer = fly.call("POST", "/graphql", {"query": '{ app(name: "shop") { secret_of_life } }'})
    assert answer.status == 501
    assert (
        answer.body["errors"][0]["message"] == "GraphQL field App.secret_of_life is not modelled by the local platform"
    )
    assert str(answer.body).count("not modelled") == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"cmd": "echo 'open"}, 400),
        ({"command": "ls"}, 400),
        ({"cmd": "ls", "timeout": 61}, 400),
        ({"cmd": "ls", "container": "a"}, 501),
        ({"cmd": "ls"}, 501),
    ],
)
def test_commands_are_checked_and_refused_where_nothing_can_run_them(fly: Fly, body: Any, status: int) -> None:
    machine = fly.started()["id"]
    assert fly.on(machine, "/exec", body).status == status
    fly.on(machine, "/stop", {})
    fly.after(10)
    assert fly.on(machine, "/exec", {"cmd": "ls"}).status == 412


@pytest.mark.parametrize("limit", ["\u00b2", "\u0663", "9" * 5000, "-1", "x"])
def test_a_number_of_log_lines_that_is_none_is_400(fly: Fly, limit: str) -> None:
    request = make_mocked_request("GET", f"/_local/logs?limit={quote(limit)}")
    answer = asyncio.run(_logs(fly, request))
    assert (answer.status, answer.content_type) == (400, "application/json")


async def _logs(fly: Fly, request: web.BaseRequest) -> web.StreamResponse:
    return await stream_logs(fly.simulation.platform, request)


OF_THE_PLATFORM = [
    ("POST", "/_local/page", 201),
    ("POST", "/_local/events", 400),
    ("PUT", "/_local/projects", 400),
    ("POST", "/_local/shutdown", 204),
    ("POST", "/_local/reset", 200),
    ("GET", "/_local/settings", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), OF_THE_PLATFORM)
def test_a_token_of_one_app_does_nothing_about_the_platform(fly: Fly, method: str, path: str, status: int) -> None:
    tokens = fly.simulation.platform.tokens
    of_shop = tokens.create("ci", app="shop").token
    refused = asyncio.run(_asked(fly, method, path, of_shop))
    assert refused.status == 403
    assert asyncio.run(_asked(fly, "GET", "/v1/apps/shop", of_shop)).status == 200
    assert asyncio.run(_asked(fly, "GET", "/_local/apps/blog/machines/1/surroundings", of_shop)).status == 403
    assert asyncio.run(_asked(fly, method, path, tokens.own.token)).status == status


async def _asked(fly: Fly, method: str, path: str, token: str) -> web.StreamResponse:
    """What the platform's listener answers to a request without a body."""
    platform = fly.simulation.platform
    wanted: dict[str, Any] = {"port": lambda: 4280, "version": "1", "state": Path("nowhere")}
    page = Page(platform, Sightings(), in_flight=lambda app, machine: 0, **wanted)
    front = Front(
        platform,
        Router(platform, all_routes()),
        streaming={**page.management(), ("POST", "/_local/shutdown"): _nothing},
        proxy=_nothing,
        is_app_host=lambda host: False,
        ready=dict,
    )
    headers = {"Host": "127.0.0.1:4280", "Authorization": f"Bearer {token}"}
    return await front(make_mocked_request(method, path, headers=headers))


async def _nothing(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=204)
