"""Taking a copy of a fleet from elsewhere, with the ids it has there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local.simulated_fly import IMAGE, Fly

ONE = {"id": "d8912340000001", "name": "calm-sea-1", "region": "fra", "config": {"image": IMAGE}}
TWO = {"id": "d8912340000002", "name": "calm-sea-2", "region": "iad", "config": {"image": IMAGE}, "asleep": True}


def take(fly: Fly, **said: Any) -> Any:
    """Ask for a copy of app "there"."""
    return fly.call("POST", "/_local/copies", {"app": "there", **said})


def test_the_machines_are_as_they_are_there(fly: Fly) -> None:
    answer = take(fly, machines=[ONE, {**TWO, "cordoned": True}], release=41, secrets={"KEY": "planted-secret"})
    assert (answer.status, answer.body) == (201, {"machines": [ONE["id"], TWO["id"]]})
    fly.after(5)
    shown = {one["id"]: one for one in fly.call("GET", "/v1/apps/there/machines").body}
    assert [(one["name"], one["region"], one["state"], one["cordoned"]) for one in shown.values()] == [
        ("calm-sea-1", "fra", "started", False),
        ("calm-sea-2", "iad", "stopped", True),
    ]
    assert [one["name"] for one in fly.call("GET", "/v1/apps/there/secrets").body["secrets"]] == ["KEY"]
    assert fly.runtime.launched(str(ONE["id"])).env["KEY"] == "planted-secret"
    current = fly.platform.releases.current("there")
    assert current is not None and (current.version, current.in_progress) == (41, False)


def test_every_mount_gets_a_volume_of_its_own(fly: Fly) -> None:
    config = {"image": IMAGE, "mounts": [{"volume": "vol_far_away", "path": "/data", "name": "data"}]}
    take(fly, machines=[{**ONE, "config": config}])
    fly.after(5)
    (volume,) = fly.call("GET", "/v1/apps/there/volumes").body
    (machine,) = fly.call("GET", "/v1/apps/there/machines").body
    assert machine["config"]["mounts"][0]["volume"] == volume["id"] != "vol_far_away"
    assert (volume["region"], volume["attached_machine_id"]) == ("fra", ONE["id"])


def test_volumes_that_no_machine_has_come_along(fly: Fly) -> None:
    take(fly, machines=[ONE], volumes=[{"name": "data", "region": "fra", "size_gb": 3}])
    (volume,) = fly.call("GET", "/v1/apps/there/volumes").body
    shown = (volume["name"], volume["region"], volume["size_gb"], volume["attached_machine_id"])
    assert shown == ("data", "fra", 3, None)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"app": ""}, "`app` is missing"),
        ({"app": 5}, "`app` is not a str"),
        ({"machines": {}}, "`machines` is not a list"),
        ({"volumes": [7]}, "every volume needs a name and a region"),
        ({"volumes": [{"name": "data", "region": "atlantis", "size_gb": 1}]}, "region 'atlantis' not found"),
        ({"machines": [7]}, "every machine needs a config"),
        ({"machines": [ONE, {**TWO, "id": "../../etc"}]}, "'../../etc' is no machine id, or taken"),
        ({"machines": [ONE, {**TWO, "id": ONE["id"]}]}, f"{ONE['id']!r} is no machine id, or taken"),
        ({"machines": [ONE, {**TWO, "region": "atlantis"}]}, "region 'atlantis' not found"),
        ({"machines": [ONE, {**TWO, "config": {"image": "registry.fly.io/there:gone"}}]}, "MANIFEST_UNKNOWN"),
        ({"secrets": {"no name": "x"}}, "secret name 'no name'"),
    ],
)
def test_a_copy_is_taken_whole_or_not_at_all(fly: Fly, said: dict[str, Any], error: str) -> None:
    answer = take(fly, **said)
    assert answer.status == 400
    assert error in answer.body["error"]
    fly.after(5)
    assert fly.call("GET", "/v1/apps/there").status == 404
    assert not fly.runtime.running(str(ONE["id"]))


def test_an_app_that_is_there_is_left_alone(fly: Fly) -> None:
    answer = fly.call("POST", "/_local/copies", {"app": "shop", "machines": [ONE]})
    assert answer.status == 422
    assert fly.call("GET", "/v1/apps/shop/machines").body == []
