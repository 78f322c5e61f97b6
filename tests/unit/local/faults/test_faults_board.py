"""Setting, listing and clearing faults; what is wrong with a request is said in one line."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.local.core.fault_kinds import KINDS
from tests.unit.local.simulated_fly import Answer, Fly


def add(fly: Fly, name: str, **said: Any) -> Any:
    """Set a fault; fails the test when it is refused."""
    lasts = {"for": said.pop("lasts")} if "lasts" in said else {}
    answer = fly.call("POST", "/_local/faults", {"name": name, **said, **lasts})
    assert answer.status == 201, answer
    return answer.body


def listed(fly: Fly) -> list[Any]:
    """The faults that are set."""
    found: list[Any] = fly.call("GET", "/_local/faults").body["faults"]
    return found


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "no fault is called 'None'"),
        ({"name": "region-dwon", "region": "fra"}, "no fault is called 'region-dwon'; did you mean 'region-down'?"),
        ({"name": "region-down"}, "region-down needs a region, an app or a machine"),
        ({"name": "region-down", "region": "frq"}, "there is no region 'frq'; did you mean 'fra'?"),
        ({"name": "slow-boot", "machine": "0123456789abcd"}, "there is no machine '0123456789abcd'"),
        ({"name": "slow-boot", "region": ""}, "region must be a name"),
        ({"name": "slow-boot", "app": 7}, "app must be a name"),
        ({"name": "slow-boot", "set": {"secs": 3}}, "slow-boot has no setting 'secs'; it has: seconds, image, release"),
        ({"name": "slow-boot", "set": {"seconds": "soon"}}, "seconds"),
        ({"name": "slow-boot", "set": {"seconds": True}}, "seconds must be a duration such as 5s"),
        ({"name": "slow-boot", "set": {"seconds": -1}}, "seconds=-1 must be between 0 and 86400"),
        ({"name": "slow-boot", "set": []}, None),
        ({"name": "slow-boot", "set": [1]}, "`set` must be an object of names and values"),
        ({"name": "slow-boot", "set": {"image": ""}}, "image must be a word"),
        ({"name": "crash-loop", "set": {"code": 1.5}}, "code=1.5 must be a whole number"),
        ({"name": "server-error", "set": {"status": 404}}, "status=404 must be between 500 and 599"),
        ({"name": "connection-reset", "set": {"when": "now"}}, "when=now must be one of before, after"),
        ({"name": "slow-boot", "for": "a while"}, "for: 'a while' is not a duration"),
        ({"name": "slow-boot", "for": 0}, "`for` must be more than 0 and no more than a day"),
        ({"name": "slow-boot", "for": []}, "`for` must be a duration such as 30s"),
        ({"name": "slow-boot", "times": 0}, "times must be a whole number from 1 to 1000000"),
        ({"name": "slow-boot", "times": True}, "times must be a whole number from 1 to 1000000"),
        ({"name": "clock-skew", "times": 2}, "clock-skew lasts and is not counted"),
        ({"name": "slow-answers", "times": 2, "set": {"at": "app"}}, "slow-answers lasts and is not counted"),
        ({"name": "slow-boot", "chance": 0}, "chance must be more than 0 and no more than 1"),
        ({"name": "slow-boot", "chance": "often"}, "chance must be more than 0 and no more than 1"),
        ({"name": "error-share", "chance": 0.5}, "error-share has a share instead of a chance: set share=0.5"),
        ({"name": "error-share", "set": {"share": 1.5}}, "share=1.5 must be between 0 and 1"),
        ({"name": "unreadable", "set": {"how": "odd"}}, "how=odd must be one of html, half, cut, null"),
        ({"name": "crash-after", "set": {"release": "old"}}, "release=old must be one of new"),
        ({"name": "check-stuck", "chance": 0.5}, "check-stuck lasts and cannot be left to chance"),
        ({"name": "slow-boot", "regions": ["fra"]}, "a fault has no 'regions'; it has: name, region, app"),
    ],
)
def test_a_wrong_request_is_refused_in_one_line(fly: Fly, body: dict[str, Any], error: str | None) -> None:
    answer = fly.call("POST", "/_local/faults", body)
    assert answer.status == (201 if error is None else 400), answer
    if error is not None:
        assert error in answer.body["error"]
        assert "\n" not in answer.body["error"]
        assert listed(fly) == []


def test_faults_are_listed_with_all_that_was_said(fly: Fly) -> None:
    add(fly, "slow-boot", region="fra", app="shop", times=3, chance=0.5, lasts="1m30s", set={"seconds": "2s"})
    fly.after(30)
    (shown,) = listed(fly)
    assert 59 <= shown.pop("ends_in") <= 60
    assert shown == {
        "id": "f1",
        "name": "slow-boot",
        "region": "fra",
        "app": "shop",
        "machine": None,
        "times_left": 3,
        "chance": 0.5,
        "set": {"seconds": 2.0, "image": "", "release": ""},
        "strikes": 0,
    }


def test_a_fault_set_for_a_time_ends_by_itself(fly: Fly) -> None:
    add(fly, "server-error", lasts=10)
    assert fly.call("GET", "/v1/apps/shop/machines").status == 500
    fly.after(9)
    assert fly.call("GET", "/v1/apps/shop/machines").status == 500
    fly.after(1)
    assert fly.call("GET", "/v1/apps/shop/machines").status == 200
    assert listed(fly) == []


def test_a_counted_fault_ends_after_its_last_strike(fly: Fly) -> None:
    add(fly, "server-error", times=2)
    assert [fly.call("GET", "/v1/apps/shop/machines").status for _ in range(3)] == [500, 500, 200]
    assert listed(fly) == []


def test_chance_decides_and_a_seed_decides_chance(fly: Fly) -> None:
    add(fly, "server-error", chance=0.3)
    first = [fly.call("GET", "/v1/apps/shop/machines").status for _ in range(200)]
    assert 30 <= first.count(500) <= 90
    again = Fly()
    add(again, "server-error", chance=0.3)
    assert [again.call("GET", "/v1/apps/shop/machines").status for _ in range(200)] == first
    assert listed(fly)[0]["strikes"] == first.count(500)


def test_clearing_one_all_and_none(fly: Fly) -> None:
    first, second, third = (add(fly, "server-error")["id"] for _ in range(3))
    assert fly.call("DELETE", f"/_local/faults/{second}").body == {"cleared": [second]}
    assert [one["id"] for one in listed(fly)] == [first, third]
    missing = fly.call("DELETE", f"/_local/faults/{second}")
    assert (missing.status, missing.body) == (404, {"error": f"no fault {second!r} is set"})
    assert fly.call("DELETE", "/_local/faults").body == {"cleared": [first, third]}
    assert fly.call("DELETE", "/_local/faults").body == {"cleared": []}
    assert fly.call("GET", "/v1/apps/shop/machines").status == 200


def test_a_reset_clears_faults_and_they_cannot_make_it_fail(fly: Fly) -> None:
    add(fly, "server-error")
    assert fly.call("POST", "/_local/reset").status == 200
    assert listed(fly) == []


def test_every_name_can_be_asked_for_and_set(fly: Fly) -> None:
    names = fly.call("GET", "/_local/faults/names").body["names"]
    assert [one["name"] for one in names] == list(KINDS)
    for one in names:
        assert one["does"] and "\n" not in one["does"]
        given = {name: setting["default"] for name, setting in one["set"].items() if setting["default"] != ""}
        add(fly, one["name"], region="fra", lasts=5, set=given)
    fly.after(6)
    assert listed(fly) == []


def test_the_names_are_the_promised_ones() -> None:
    assert set(KINDS) == {
        "region-down",
        "host-down",
        "slow-boot",
        "crash-loop",
        "failing-check",
        "flapping-check",
        "rate-limited",
        "server-error",
        "connection-reset",
        "slow-answers",
        "lost-create",
        "lease-held",
        "image-pull-fails",
        "check-stuck",
        "secrets-lag",
        "proxy-lag",
        "clock-skew",
        "stuck-suspending",
        "error-share",
        "slow-share",
        "crash-after",
        "no-capacity",
        "builder-drops",
        "unreadable",
        "pull-reverted",
    }


def test_an_answer_says_which_fault_is_behind_it(fly: Fly) -> None:
    fault = add(fly, "server-error", times=1)
    answer: Answer = fly.call("GET", "/v1/apps/shop")
    assert answer.headers["fly-local-fault"] == fault["id"]
