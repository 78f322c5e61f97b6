"""GraphQL and ui-ex, as a client sees them: what they answer, and how they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local.simulated_fly import Answer, Fly

IMAGE = "registry.fly.io/shop:one"
APP = "query ($name: String!) { app(name: $name) { name status deployed version } }"


def ask(fly: Fly, query: str, **variables: Any) -> Answer:
    return fly.call("POST", "/graphql", {"query": query, "variables": variables})


def data(fly: Fly, query: str, **variables: Any) -> Any:
    answer = ask(fly, query, **variables)
    assert (answer.status, answer.body.get("errors")) == (200, None), answer
    return answer.body["data"]


def release(fly: Fly, **more: Any) -> Any:
    body = {"app_name": "shop", "image": IMAGE, "strategy": "ROLLING", "definition": {"app": "shop"}, "build_id": 7}
    answer = fly.call("POST", "/api/v1/releases", body | more)
    assert answer.status == 201, answer
    return answer.body["release"]


def test_an_app_is_told_with_its_status_and_version(fly: Fly) -> None:
    assert data(fly, APP, name="shop") == {
        "app": {"name": "shop", "status": "pending", "deployed": False, "version": 0}
    }
    fly.started()
    release(fly)
    assert data(fly, APP, name="shop") == {
        "app": {"name": "shop", "status": "deployed", "deployed": True, "version": 1}
    }


def test_an_unknown_app_is_an_error_with_the_words_flyctl_looks_for(fly: Fly) -> None:
    answer = ask(fly, APP, name="nobody")
    (error,) = answer.body["errors"]
    assert (answer.status, answer.body["data"]) == (200, {"app": None})
    assert "Could not find App" in error["message"]
    assert (error["path"], error["extensions"]) == (["app"], {"code": "NOT_FOUND"})


def test_a_field_that_is_not_modelled_is_501_with_its_name(fly: Fly) -> None:
    answer = ask(fly, '{ app(name: "shop") { certificates { nodes { id } } } }')
    assert answer.status == 501
    assert "certificates" in answer.body["operation"]
    assert answer.body["errors"][0]["extensions"] == {"code": "NOT_MODELLED"}


@pytest.mark.parametrize("query", ["", "{", "{ app }", "query ($a: Nothing!) { viewer { __typename } }"])
def test_nonsense_is_an_error_and_no_crash(fly: Fly, query: str) -> None:
    answer = ask(fly, query)
    assert answer.status == 200
    assert answer.body["errors"]


def test_variables_that_are_not_declared_are_tolerated(fly: Fly) -> None:
    assert data(fly, APP, name="shop", status="complete")["app"]["name"] == "shop"


def test_apps_come_in_pages(fly: Fly) -> None:
    for number in range(4):
        fly.call("POST", "/v1/apps", {"name": f"app-{number}", "org_slug": "personal"})
    query = (
        "query ($after: String) { apps(first: 2, after: $after) { pageInfo { hasNextPage endCursor } nodes { name } } }"
    )
    seen: list[str] = []
    after, more = None, True
    while more:
        page = data(fly, query, after=after)["apps"]
        seen += [node["name"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen == ["shop", "app-0", "app-1", "app-2", "app-3"]


def test_the_types_that_clients_stumble_over(fly: Fly) -> None:
    query = """{ app(name: "shop") {
      internalNumericId organization { internalNumericId } image(ref: "%s") { compressedSizeFull digest ref } } }"""
    app = data(fly, query % IMAGE)["app"]
    assert isinstance(app["internalNumericId"], int)
    assert isinstance(app["organization"]["internalNumericId"], str)
    assert app["image"]["compressedSizeFull"].isdigit()
    assert app["image"]["ref"] == IMAGE
    pinned = f"{IMAGE}@{app['image']['digest']}"
    assert data(fly, query % pinned)["app"]["image"] == {"compressedSizeFull": "0", "digest": None, "ref": pinned}
    assert data(fly, query % "registry.fly.io/shop:never")["app"]["image"] is None


def test_addresses_are_allocated_and_released(fly: Fly) -> None:
    allocate = """mutation ($input: AllocateIPAddressInput!) {
      allocateIpAddress(input: $input) { ipAddress { address type } app { sharedIpAddress } } }"""
    own = data(fly, allocate, input={"appId": "shop", "type": "v6"})["allocateIpAddress"]["ipAddress"]
    shared = data(fly, allocate, input={"appId": "shop", "type": "shared_v4"})["allocateIpAddress"]
    assert (own["type"], shared["ipAddress"]) == ("v6", None)
    assert shared["app"]["sharedIpAddress"]
    free = "mutation ($input: ReleaseIPAddressInput!) { releaseIpAddress(input: $input) { clientMutationId } }"
    data(fly, free, input={"appId": "shop", "ip": own["address"]})
    assert ask(fly, free, input={"appId": "shop", "ip": own["address"]}).body["errors"]
    assert ask(fly, allocate, input={"appId": "shop", "type": "v9"}).body["errors"]


def test_a_deploy_token_opens_its_app_and_is_shown_once(fly: Fly) -> None:
    make = """mutation ($input: CreateLimitedAccessTokenInput!) {
      createLimitedAccessToken(input: $input) { limitedAccessToken { id tokenHeader expiresAt } } }"""
    (app,) = data(fly, "{ apps { nodes { id } } }")["apps"]["nodes"]
    wanted = {"name": "ci", "organizationId": "o", "profile": "deploy", "profileParams": {"app_id": app["id"]}}
    made = data(fly, make, input=wanted | {"expiry": "24h0m0s"})["createLimitedAccessToken"]["limitedAccessToken"]
    header = {"Authorization": made["tokenHeader"]}
    fly.call("POST", "/v1/apps", {"name": "other", "org_slug": "personal"})
    assert fly.call("GET", "/v1/apps/shop/machines", **header).status == 200
    assert fly.call("GET", "/v1/apps/other/machines", **header).status == 403
    (listed,) = data(fly, '{ app(name: "shop") { limitedAccessTokens { nodes { id name token } } } }')["app"][
        "limitedAccessTokens"
    ]["nodes"]
    assert (listed["id"], listed["name"], listed["token"]) == (made["id"], "ci", None)
    fly.after(86_401)
    assert fly.call("GET", "/v1/apps/shop/machines", **header).status == 401
    assert ask(fly, make, input=wanted | {"expiry": "soon"}).body["errors"]


def test_a_release_goes_its_way(fly: Fly) -> None:
    first = release(fly)
    assert (first["version"], first["status"], first["in_progress"], first["user"]) == (
        1,
        "pending",
        True,
        "local@flyo.localhost",
    )
    path = f"/api/v1/releases/{first['id']}"
    info = {"post_deployment_info": {"flyctl_version": "1", "error": "no"}}
    ended = fly.call("PATCH", path, {"status": "failed", "metadata": info})
    assert (ended.status, ended.body["status"], ended.body["in_progress"]) == (200, "failed", False)
    assert release(fly)["version"] == 2
    listed = fly.call("GET", "/api/v1/apps/shop/releases?limit=1").body["releases"]
    assert [one["version"] for one in listed] == [2]
    assert fly.call("GET", "/api/v1/apps/shop/releases/current").body["version"] == 2
    newest = data(fly, '{ app(name: "shop") { currentReleaseUnprocessed { version configDefinition } } }')["app"]
    assert newest["currentReleaseUnprocessed"] == {"version": 2, "configDefinition": {"app": "shop"}}


def test_releases_that_cannot_be(fly: Fly) -> None:
    assert fly.call("GET", "/api/v1/apps/shop/releases/current").status == 404
    assert fly.call("POST", "/api/v1/releases", {"app_name": "nobody", "image": IMAGE}).status == 404
    assert fly.call("POST", "/api/v1/releases", {"app_name": "shop"}).status == 400
    first = release(fly)
    assert fly.call("PATCH", f"/api/v1/releases/{first['id']}", {"status": "glorious"}).status == 400
    assert fly.call("PATCH", "/api/v1/releases/none", {"status": "running"}).status == 404


def test_organizations_and_builds(fly: Fly) -> None:
    (org,) = fly.call("GET", "/api/v1/organizations").body["organizations"]
    assert fly.call("GET", "/api/v1/organizations/personal").body == {"organization": org}
    assert isinstance(org["internal_numeric_id"], int)
    assert fly.call("GET", "/api/v1/organizations/nobody").status == 404
    build = fly.call("POST", "/api/v1/builds", {"app_name": "shop"}).body
    done = fly.call("POST", "/api/v1/builds/finish", {"build_id": build["id"], "status": "completed"}).body
    assert (done["id"], done["status"]) == (build["id"], "completed")
    assert fly.call("POST", "/api/v1/builds/depot_builder", {}).status == 501


def test_logs_go_on_where_the_last_page_ended(fly: Fly) -> None:
    machine, logs = fly.started()["id"], fly.platform.logs
    path = "/api/v1/apps/shop/logs"
    first = fly.call("GET", f"{path}?next_token=").body
    assert first["data"]
    logs.write("shop", "hello", machine=machine, region="iad")
    logs.write("shop", "from elsewhere", machine="0", region="fra")
    token = first["meta"]["next_token"]
    second = fly.call("GET", f"{path}?next_token={token}").body
    assert [one["attributes"]["message"] for one in second["data"]] == ["hello", "from elsewhere"]
    mine = fly.call("GET", f"{path}?next_token={token}&instance={machine}&region=iad").body["data"]
    assert [one["attributes"]["message"] for one in mine] == ["hello"]
    last = second["meta"]["next_token"]
    assert fly.call("GET", f"{path}?next_token={last}").body == {"data": [], "meta": {"next_token": last}}
    assert fly.call("GET", f"{path}?next_token=soon").status == 400
    assert fly.call("GET", "/api/v1/apps/nobody/logs").status == 404


@pytest.mark.parametrize(
    ("wanted", "regions"),
    [({"region": "fra,nrt"}, ["fra", "nrt"]), ({"region": "eu,fra"}, ["ams", "fra"]), ({}, ["iad"])],
)
def test_there_is_always_room(fly: Fly, wanted: dict[str, Any], regions: list[str]) -> None:
    answer = fly.call("POST", "/v1/platform/placements", {"org_slug": "personal", "count": 2, **wanted})
    assert [(one["region"], one["count"]) for one in answer.body["regions"]] == [(region, 2) for region in regions]


def test_room_in_no_region_there_is(fly: Fly) -> None:
    assert fly.call("POST", "/v1/platform/placements", {"region": "moon"}).status == 400
    assert fly.call("POST", "/v1/platform/placements", {"region": "fra", "count": -1}).status == 400
