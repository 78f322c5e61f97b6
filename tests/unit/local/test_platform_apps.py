"""Apps, their addresses and secrets, as the Machines API offers them."""

from __future__ import annotations

from tests.unit.local.simulated_fly import Fly


def test_a_new_app_is_found_by_name_and_in_its_organization(fly: Fly) -> None:
    assert fly.call("POST", "/v1/apps?wait=true", {"app_name": "other", "org_slug": "personal"}).status == 201
    shop = fly.call("GET", "/v1/apps/shop").body
    assert (shop["name"], shop["status"], shop["organization"]["slug"]) == ("shop", "pending", "personal")
    listed = fly.call("GET", "/v1/apps?org_slug=personal").body
    assert [app["name"] for app in listed["apps"]] == ["shop", "other"]
    assert listed["total_apps"] == 2
    assert listed["apps"][0]["internal_numeric_id"] != listed["apps"][1]["internal_numeric_id"]


def test_apps_are_listed_by_role_and_none_of_them_has_one(fly: Fly) -> None:
    def names(query: str) -> list[str]:
        answer = fly.call("GET", f"/v1/apps?org_slug=personal{query}")
        assert (answer.status, answer.body["total_apps"]) == (200, len(answer.body["apps"]))
        return [app["name"] for app in answer.body["apps"]]

    assert names("") == names("&app_role=") == ["shop"]
    assert names("&app_role=remote-docker-builder") == [], "flyctl deletes what it takes for its broken builder"


def test_a_taken_name_and_a_bad_name_are_refused(fly: Fly) -> None:
    taken = fly.call("POST", "/v1/apps", {"name": "shop", "org_slug": "personal"})
    assert (taken.status, taken.body["status"]) == (422, "name_taken")
    assert "already been taken" in taken.body["error"]
    assert fly.call("POST", "/v1/apps", {"name": "Not A Name", "org_slug": "personal"}).status == 422
    assert fly.call("POST", "/v1/apps", {"name": "x", "org_slug": "acme"}).status == 404


def test_an_app_is_pending_then_deployed_then_suspended(fly: Fly) -> None:
    machine = fly.started()
    assert fly.call("GET", "/v1/apps/shop").body["status"] == "deployed"
    assert fly.call("GET", "/v1/apps/shop").body["machine_count"] == 1
    fly.on(machine["id"], "/stop", {})
    fly.after(10)
    assert fly.call("GET", "/v1/apps/shop").body["status"] == "suspended"


def test_destroying_an_app_takes_everything_with_it(fly: Fly) -> None:
    machine = fly.started()
    fly.call("POST", "/v1/apps/shop/secrets", {"values": {"A": "1"}})
    fly.call("POST", "/v1/apps/shop/volumes", {"name": "data", "region": "iad"})
    fly.call("POST", "/v1/apps/shop/ip_assignments", {"type": "v6"})
    assert fly.call("DELETE", "/v1/apps/shop").status == 202
    fly.after(30)
    assert not fly.runtime.running(machine["id"])
    assert fly.call("GET", "/v1/apps/shop").status == 404
    assert "Could not find App" in fly.call("GET", "/v1/apps/shop/machines").body["error"]
    fly.call("POST", "/v1/apps", {"name": "shop", "org_slug": "personal"})
    for things, empty in (("secrets", {"secrets": []}), ("volumes", []), ("ip_assignments", {"ips": []})):
        assert fly.call("GET", f"/v1/apps/shop/{things}").body == empty
    assert fly.call("GET", "/v1/apps/shop/machines?include_deleted=true").body == []


def test_addresses_are_given_and_taken_back(fly: Fly) -> None:
    six = fly.call("POST", "/v1/apps/shop/ip_assignments", {"type": "v6"}).body
    shared = fly.call("POST", "/v1/apps/shop/ip_assignments", {"type": "shared_v4"}).body
    again = fly.call("POST", "/v1/apps/shop/ip_assignments", {"type": "shared_v4"}).body
    assert shared["shared"] is True and again["ip"] == shared["ip"]
    assert len(fly.call("GET", "/v1/apps/shop/ip_assignments").body["ips"]) == 2
    assert fly.call("DELETE", f"/v1/apps/shop/ip_assignments/{six['ip']}").status == 204
    assert [ip["ip"] for ip in fly.call("GET", "/v1/apps/shop/ip_assignments").body["ips"]] == [shared["ip"]]
    assert fly.call("DELETE", f"/v1/apps/shop/ip_assignments/{six['ip']}").status == 404
    assert fly.call("POST", "/v1/apps/shop/ip_assignments", {"type": "v7"}).status == 400


def test_secrets_have_versions_and_digests_and_never_show_values(fly: Fly) -> None:
    first = fly.call("POST", "/v1/apps/shop/secrets", {"values": {"KEY": "planted-value", "OTHER": "x"}}).body
    assert first["version"] == first["Version"] == 1
    listed = fly.call("GET", "/v1/apps/shop/secrets")
    assert "planted-value" not in str(listed)
    digests = {secret["name"]: secret["digest"] for secret in listed.body["secrets"]}
    assert all(len(digest) == 32 for digest in digests.values())
    second = fly.call("POST", "/v1/apps/shop/secrets", {"values": {"KEY": "changed", "OTHER": None}}).body
    assert second["version"] == 2
    assert [secret["name"] for secret in second["secrets"]] == ["KEY"]
    assert second["secrets"][0]["digest"] != digests["KEY"]
    assert second["secrets"][0]["created_at"] <= second["secrets"][0]["updated_at"]


def test_one_secret_is_set_read_and_removed(fly: Fly) -> None:
    assert fly.call("POST", "/v1/apps/shop/secrets/KEY", {"value": "v"}).status == 201
    assert fly.call("GET", "/v1/apps/shop/secrets/KEY").body["name"] == "KEY"
    assert fly.call("DELETE", "/v1/apps/shop/secrets/KEY").body["version"] == 2
    assert fly.call("GET", "/v1/apps/shop/secrets/KEY").status == 404
    assert fly.call("POST", "/v1/apps/shop/secrets", {"values": {"not a name": "v"}}).status == 400
    assert fly.call("POST", "/v1/apps/shop/secrets", {"values": {"A": 3}}).status == 400


def test_a_version_of_the_secrets_that_does_not_exist_yet_is_a_failed_precondition(fly: Fly) -> None:
    assert fly.call("GET", "/v1/apps/shop/secrets?min_version=1").status == 412
    refused = fly.call(
        "POST", "/v1/apps/shop/machines", {"config": {"image": "registry.fly.io/shop:one"}, "min_secrets_version": 1}
    )
    assert refused.status == 412
    fly.call("POST", "/v1/apps/shop/secrets", {"values": {"A": "1"}})
    machine = fly.started(min_secrets_version=1)
    assert fly.update(machine["id"], min_secrets_version=2).status == 412


def test_volumes_are_pinned_and_used_by_one_machine(fly: Fly) -> None:
    volume = fly.call("POST", "/v1/apps/shop/volumes", {"name": "data", "region": "iad"}).body
    assert (volume["size_gb"], volume["state"], volume["attached_machine_id"]) == (3, "created", None)
    mount = {"mounts": [{"volume": volume["id"], "path": "/data"}]}
    elsewhere = {"config": {"image": "registry.fly.io/shop:one", **mount}, "region": "fra"}
    assert fly.call("POST", "/v1/apps/shop/machines", elsewhere).status == 412
    machine = fly.started(mount)
    assert fly.call("GET", f"/v1/apps/shop/volumes/{volume['id']}").body["attached_machine_id"] == machine["id"]
    second = fly.call("POST", "/v1/apps/shop/machines", {**elsewhere, "region": "iad"})
    assert (second.status, second.body["status"]) == (412, "volume_placement_capacity")
    assert fly.update(machine["id"]).status == 400
    assert fly.call("DELETE", f"/v1/apps/shop/volumes/{volume['id']}").status == 412
    fly.on(machine["id"], "?force=true", method="DELETE")
    fly.after(1)
    assert fly.call("DELETE", f"/v1/apps/shop/volumes/{volume['id']}").status == 200
    assert fly.call("POST", "/v1/apps/shop/machines", {**elsewhere, "region": "iad"}).status == 404


def test_a_destroyed_volume_and_its_snapshots_are_remembered_for_a_day(fly: Fly) -> None:
    volumes = "/v1/apps/shop/volumes"
    volume = fly.call("POST", volumes, {"name": "data", "region": "iad"}).body
    snapshot = fly.call("POST", f"{volumes}/{volume['id']}/snapshots").body
    fly.call("DELETE", f"{volumes}/{volume['id']}")
    assert [one["state"] for one in fly.call("GET", volumes).body] == ["pending_destroy"]
    kept = fly.call("GET", f"{volumes}/{volume['id']}/snapshots").body
    assert [one["id"] for one in kept] == [snapshot["id"]]
    # Its snapshots live on; it is no source of anything new any more.
    assert fly.call("POST", f"{volumes}/{volume['id']}/snapshots").status == 404
    again = {"name": "copy", "region": "iad", "source_volume_id": volume["id"]}
    assert fly.call("POST", volumes, again).status == 404
    copy = fly.call("POST", volumes, {"name": "copy", "region": "iad", "snapshot_id": snapshot["id"]}).body
    fly.after(86_401)
    assert [one["id"] for one in fly.call("GET", volumes).body] == [copy["id"]]
    assert fly.call("GET", f"{volumes}/{volume['id']}").status == 404


def test_a_machine_says_what_its_volume_is_like(fly: Fly) -> None:
    volumes = "/v1/apps/shop/volumes"
    volume = fly.call("POST", volumes, {"name": "data", "region": "iad", "size_gb": 2, "encrypted": False}).body
    mount = {"mounts": [{"volume": volume["id"], "path": "/data"}]}
    machine = fly.started(mount)
    described = {"volume": volume["id"], "path": "/data", "name": "data", "size_gb": 2, "encrypted": False}
    assert machine["config"]["mounts"] == [described]
    fly.call("PUT", f"{volumes}/{volume['id']}/extend", {"size_gb": 4})
    assert fly.machine(machine["id"])["config"]["mounts"] == [described | {"size_gb": 4}]
    fly.update(machine["id"], mount)
    assert fly.machine(machine["id"])["config"]["mounts"] == [described | {"size_gb": 4}]


def test_a_volume_is_extended_changed_and_snapshotted(fly: Fly) -> None:
    path = f"/v1/apps/shop/volumes/{fly.call('POST', '/v1/apps/shop/volumes', {'name': 'd', 'size_gb': 2}).body['id']}"
    assert fly.call("PUT", f"{path}/extend", {"size_gb": 5}).body["volume"]["size_gb"] == 5
    assert fly.call("PUT", f"{path}/extend", {"size_gb": 5}).status == 400
    assert (
        fly.call("PUT", path, {"snapshot_retention": 9, "auto_backup_enabled": False}).body["snapshot_retention"] == 9
    )
    made = fly.call("POST", f"{path}/snapshots", {}).body
    assert [one["id"] for one in fly.call("GET", f"{path}/snapshots").body] == [made["id"]]
    copy = fly.call("POST", "/v1/apps/shop/volumes", {"name": "copy", "snapshot_id": made["id"]})
    assert copy.body["size_gb"] == 5
    assert fly.call("POST", "/v1/apps/shop/volumes", {"name": "copy", "snapshot_id": "vs_none"}).status == 404
    assert fly.call("POST", "/v1/apps/shop/volumes", {"name": "bad name!"}).status == 400


def test_regions_are_listed_with_the_deprecated_one_marked(fly: Fly) -> None:
    found = fly.call("GET", "/v1/platform/regions").body
    assert len(found["Regions"]) == 18
    assert [region["code"] for region in found["Regions"] if region["deprecated"]] == ["bom"]
    assert found["Nearest"] in {region["code"] for region in found["Regions"]}


def test_what_is_not_offered_says_so_with_the_operation(fly: Fly) -> None:
    certificates = fly.call("POST", "/v1/apps/shop/certificates/custom", {})
    assert (certificates.status, certificates.body["operation"]) == (501, "certificates.custom")
    assert "not modelled by the local platform" in certificates.body["error"]
    unknown = fly.call("POST", "/v1/apps/shop/unheard/of")
    assert (unknown.status, unknown.body["operation"]) == (501, "POST /v1/apps/shop/unheard/of")
    assert fly.call("GET", "/elsewhere").status == 404


def test_a_token_for_one_app_opens_no_other(fly: Fly) -> None:
    token = fly.platform.tokens.create("deploy", app="shop", seconds=60)
    header = {"authorization": f"FlyV1 {token.token}"}
    fly.platform.apps.create("other")
    assert fly.call("GET", "/v1/apps/shop/machines", **header).status == 200
    assert fly.call("GET", "/v1/apps/other/machines", **header).status == 403
    fly.after(61)
    assert fly.call("GET", "/v1/apps/shop/machines", **header).status == 401
    assert fly.call("GET", "/v1/apps/shop/machines", authorization="Bearer nonsense").status == 401


def test_an_organization_lists_all_its_machines_and_volumes(fly: Fly) -> None:
    machine = fly.started()
    volume = fly.call("POST", "/v1/apps/shop/volumes", {"name": "data"}).body
    assert [one["id"] for one in fly.call("GET", "/v1/orgs/personal/machines").body["machines"]] == [machine["id"]]
    assert [one["id"] for one in fly.call("GET", "/v1/orgs/personal/volumes").body["volumes"]] == [volume["id"]]
    assert fly.call("GET", "/v1/orgs/acme/machines").status == 404
