"""Machines: what a create or update request does, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.local.simulated_fly import DEFAULTS, IMAGE, Fly


def test_a_machine_is_created_then_started_and_echoes_its_config(fly: Fly) -> None:
    config = {"env": {"A": "1"}, "metadata": {"fly_process_group": "web"}, "unheard_of": {"kept": [1]}}
    machine = fly.create(config, region="fra", name="first")
    assert (machine["state"], machine["region"], machine["name"]) == ("created", "fra", "first")
    assert len(machine["id"]) == 14 and len(machine["instance_id"]) == 26
    assert machine["config"] == {"image": IMAGE, **DEFAULTS, **config}
    assert machine["host_status"] == "ok" and machine["private_ip"].startswith("fdaa:")
    started = fly.started(config)
    assert started["state"] == "started"
    assert [event["type"] for event in started["events"]] == ["start", "launch"]
    assert started["events"][0]["timestamp"] >= started["events"][1]["timestamp"] > 1_700_000_000_000


def test_the_image_reference_is_taken_apart_with_the_stores_digest(fly: Fly) -> None:
    digest = fly.images.resolve(IMAGE).digest
    for image in (IMAGE, f"{IMAGE}@{digest}", f"registry.fly.io/shop@{digest}"):
        shown = fly.create({"image": image})["image_ref"]
        assert (shown["registry"], shown["repository"], shown["digest"]) == ("registry.fly.io", "shop", digest)
        assert shown["tag"] == ("" if image.startswith("registry.fly.io/shop@") else "one")


def test_machines_of_one_region_are_spread_over_hosts(fly: Fly) -> None:
    hosts = {fly.create()["private_ip"].split(":")[4] for _ in range(3)}
    assert len(hosts) >= 2


@pytest.mark.parametrize(
    ("config", "status"),
    [
        ({"image": ""}, 400),
        ({"image": "registry.fly.io/shop:none"}, 400),
        ({"guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 300}}, 422),
        ({"guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 4096}}, 422),
        ({"guest": {"cpu_kind": "huge"}}, 400),
        ({"restart": {"policy": "sometimes"}}, 400),
        ({"stop_config": {"signal": "SIGNOTHING"}}, 400),
        ({"checks": {"a": {"type": "http"}}}, 400),
        ({"checks": {"a": {"type": "tcp", "port": 1, "interval": "1s"}}}, 400),
        ({"services": [{"internal_port": 80, "checks": [{"type": "udp"}]}]}, 400),
        ({"services": [{"internal_port": 80, "checks": [{"type": "tcp", "interval": "soon"}]}]}, 400),
        ({"env": ["A=1"]}, 400),
        ({"mounts": [{"volume": "vol_none", "path": "/data"}]}, 404),
        ({"containers": [{"name": "a"}]}, 501),
    ],
)
def test_a_bad_config_is_refused_and_leaves_nothing_behind(fly: Fly, config: dict[str, Any], status: int) -> None:
    answer = fly.call("POST", "/v1/apps/shop/machines", {"config": {"image": IMAGE, **config}, "region": "iad"})
    assert answer.status == status, answer
    assert fly.call("GET", "/v1/apps/shop/machines?include_deleted=true").body == []


def test_a_body_that_is_no_object_is_refused(fly: Fly) -> None:
    assert fly.call("POST", "/v1/apps/shop/machines", []).status == 400
    machine = fly.started()
    assert fly.on(machine["id"], "/stop", []).status == 400


@pytest.mark.parametrize(
    ("asked", "got"),
    [("nrt", "nrt"), ("", "iad"), ("any", "iad"), ("lhr,eu", "lhr"), ("eu", "ams"), ("xxx,any", "iad")],
)
def test_a_region_may_be_a_list_or_an_alias(fly: Fly, asked: str, got: str) -> None:
    assert fly.create(region=asked)["region"] == got


def test_an_unknown_region_is_refused(fly: Fly) -> None:
    assert fly.call("POST", "/v1/apps/shop/machines", {"config": {"image": IMAGE}, "region": "xyz"}).status == 400


def test_durations_may_be_strings_or_nanoseconds(fly: Fly) -> None:
    check = {"type": "tcp", "interval": 15_000_000_000, "timeout": "2s", "grace_period": "1m30s"}
    machine = fly.started({"services": [{"internal_port": 80, "checks": [check]}], "stop_config": {"timeout": 7e9}})
    assert machine["checks"][0]["name"] == "servicecheck-00-tcp-80"


def test_a_list_can_be_narrowed(fly: Fly) -> None:
    web = fly.create({"metadata": {"fly_process_group": "web", "tier": "1"}}, region="fra")["id"]
    job = fly.create({"metadata": {"fly_process_group": "job", "tier": "1"}}, region="iad")["id"]
    fly.after(5)
    fly.on(job, "/stop", {})
    fly.after(5)

    def ids(query: str) -> list[str]:
        return [one["id"] for one in fly.call("GET", f"/v1/apps/shop/machines{query}").body]

    assert ids("") == [web, job]
    assert ids("?region=fra") == [web]
    assert ids("?state=stopped") == [job]
    assert ids("?state=stopped,started") == [web, job]
    assert ids("?metadata.tier=1&metadata.fly_process_group=job") == [job]
    fly.on(job, "", method="DELETE")
    fly.after(1)
    assert ids("") == [web]
    assert ids("?include_deleted=true") == [web, job]
    summary = fly.call("GET", "/v1/apps/shop/machines?summary=true").body[0]
    assert summary["id"] == web and "checks" not in summary
    assert summary["config"]["metadata"]["fly_process_group"] == "web"


def test_an_update_of_a_started_machine_boots_a_new_version(fly: Fly) -> None:
    machine = fly.started({"env": {"A": "1"}})
    two = fly.push("two")
    answer = fly.update(machine["id"], {"image": two}, current_version=machine["instance_id"])
    assert answer.status == 200
    assert answer.body["state"] == "replacing" and answer.body["instance_id"] > machine["instance_id"]
    assert fly.on(machine["id"], "/wait?state=started&timeout=60", method="GET").status == 200
    now = fly.machine(machine["id"])
    assert now["config"] == {"image": two, **DEFAULTS} and now["image_ref"]["tag"] == "two"
    assert [event["type"] for event in now["events"]] == ["start", "exit", "launch", "update", "start", "launch"]
    assert now["events"][1]["request"]["exit_event"]["requested_stop"] is True
    versions = fly.on(machine["id"], "/versions", method="GET").body
    assert [one["version"] for one in versions] == [now["instance_id"], machine["instance_id"]]
    assert versions[1]["user_config"]["env"] == {"A": "1"}


def test_an_update_based_on_an_old_version_is_refused(fly: Fly) -> None:
    machine = fly.started()
    fly.update(machine["id"])
    refused = fly.update(machine["id"], current_version=machine["instance_id"])
    assert refused.status == 412
    assert "not the current one" in refused.body["error"]


@pytest.mark.parametrize("action", ["stop", "suspend"])
def test_an_update_of_a_sleeping_machine_leaves_the_new_version_stopped(fly: Fly, action: str) -> None:
    machine = fly.started()
    fly.on(machine["id"], f"/{action}", {})
    fly.after(5)
    fly.update(machine["id"], {"image": fly.push("two")})
    fly.after(60)
    assert fly.state(machine["id"]) == "stopped"
    assert fly.machine(machine["id"])["image_ref"]["tag"] == "two"
    said = [line.message for line in fly.platform.logs.read(app="shop")]
    assert any("leaving the new version stopped" in line for line in said)


def test_an_update_with_skip_launch_stops_a_started_machine(fly: Fly) -> None:
    machine = fly.started()
    fly.update(machine["id"], skip_launch=True)
    fly.after(60)
    assert fly.state(machine["id"]) == "stopped"


def test_name_and_region_cannot_be_updated(fly: Fly) -> None:
    machine = fly.started()
    assert fly.update(machine["id"], region="nrt").status == 400
    assert fly.update(machine["id"], name="other").status == 400
    assert fly.update(machine["id"], region="iad", name=machine["name"]).status == 200


def test_an_update_to_an_image_that_was_not_pushed_changes_nothing(fly: Fly) -> None:
    machine = fly.started()
    refused = fly.update(machine["id"], {"image": "registry.fly.io/shop:nope"})
    assert refused.status == 400 and "MANIFEST_UNKNOWN" in refused.body["error"]
    assert fly.machine(machine["id"])["instance_id"] == machine["instance_id"]
    assert fly.state(machine["id"]) == "started"


def test_a_skipped_launch_rests_stopped_until_it_is_started(fly: Fly) -> None:
    machine = fly.create(skip_launch=True)
    assert machine["state"] == "created"
    assert fly.on(machine["id"], "/wait?state=stopped", method="GET").status == 200
    assert fly.on(machine["id"], "/start").body["previous_state"] == "stopped"
    assert fly.on(machine["id"], "/wait?state=started", method="GET").status == 200


def test_a_machine_that_is_not_registered_is_cordoned_until_uncordoned(fly: Fly) -> None:
    machine = fly.started(skip_service_registration=True)
    assert machine["cordoned"] is True
    assert fly.on(machine["id"], "/uncordon").body == {"ok": True}
    assert fly.machine(machine["id"])["cordoned"] is False
    fly.on(machine["id"], "/cordon")
    assert fly.machine(machine["id"])["cordoned"] is True
    assert fly.machine(machine["id"])["instance_id"] == machine["instance_id"]


def test_a_name_is_unique_among_living_machines(fly: Fly) -> None:
    first = fly.create(name="same")
    again = {"config": {"image": IMAGE}, "name": "same"}
    assert fly.call("POST", "/v1/apps/shop/machines", again).status == 409
    fly.on(first["id"], "?force=true", method="DELETE")
    fly.after(1)
    assert fly.call("POST", "/v1/apps/shop/machines", again).status == 200


def test_metadata_changes_without_a_new_version(fly: Fly) -> None:
    machine = fly.started({"metadata": {"a": "1", "b": "2"}})["id"]
    version = fly.machine(machine)["instance_id"]
    assert fly.on(machine, "/metadata/c", {"value": "3"}).status == 204
    assert fly.on(machine, "/metadata/a", method="DELETE").status == 204
    assert fly.on(machine, "/metadata", method="GET").body == {"b": "2", "c": "3"}
    assert fly.on(machine, "/metadata/c", method="GET").body == {"value": "3"}
    assert fly.on(machine, "/metadata/a", method="GET").status == 404
    changed = fly.on(machine, "/metadata", {"metadata": {"b": None, "c": "", "d": "4"}}, method="PUT")
    assert changed.body == {"d": "4"}
    assert fly.on(machine, "/metadata", {"metadata": {"e": "5"}}, method="PATCH").body == {"d": "4", "e": "5"}
    now = fly.machine(machine)
    assert now["instance_id"] == version and now["config"]["metadata"] == {"d": "4", "e": "5"}
    assert fly.on(machine, "/metadata/x", {"value": 3}).status == 400


def test_metadata_of_a_machine_that_moved_on_is_refused(fly: Fly) -> None:
    machine = fly.started()
    change = {"metadata": {"a": "1"}, "machine_version": machine["instance_id"]}
    assert fly.on(machine["id"], "/metadata", change, method="PUT").status == 200
    fly.update(machine["id"])
    assert fly.on(machine["id"], "/metadata", change, method="PUT").status == 412
    stale = {"metadata": {"a": "1"}, "updated_at": "2020-01-01T00:00:00.000Z"}
    assert fly.on(machine["id"], "/metadata", stale, method="PUT").status == 412


def test_events_are_newest_first_and_limited(fly: Fly) -> None:
    machine = fly.started()["id"]
    for _ in range(15):
        fly.on(machine, "/cordon")
        fly.on(machine, "/uncordon")
    events = fly.on(machine, "/events", method="GET").body
    assert len(events) == 20 and events[0]["type"] == "uncordon"
    assert [event["id"] for event in events] == sorted((event["id"] for event in events), reverse=True)
    assert len(fly.on(machine, "/events?limit=3", method="GET").body) == 3
    assert fly.on(machine, "/events?limit=51", method="GET").status == 400


def test_processes_of_a_simulated_machine_are_not_known(fly: Fly) -> None:
    assert fly.on(fly.started()["id"], "/ps", method="GET").status == 404


def test_the_machine_is_not_found_elsewhere(fly: Fly) -> None:
    machine = fly.started()["id"]
    fly.platform.apps.create("other")
    assert fly.call("GET", f"/v1/apps/other/machines/{machine}").status == 404
    missing = fly.on("00000000000000", "", method="GET")
    assert missing.status == 404 and "machine not found" in missing.body["error"]


def test_secrets_win_over_env_and_platform_names_win_over_both(fly: Fly) -> None:
    fly.call("POST", "/v1/apps/shop/secrets", {"values": {"A": "secret", "FLY_REGION": "xxx"}})
    config = {"env": {"A": "env", "B": "env", "PORT": "80"}, "guest": {"memory_mb": 512}}
    env = fly.runtime.launched(fly.started(config, region="nrt")["id"]).env
    assert (env["A"], env["B"], env["FLY_REGION"]) == ("secret", "env", "nrt")
    assert env["FLY_APP_NAME"] == "shop" and env["FLY_VM_MEMORY_MB"] == "512"
    assert env["PORT"].isdigit() and env["PORT"] != "80"
    assert json.dumps(fly.call("GET", "/v1/apps/shop/machines").body).count("secret") == 0
