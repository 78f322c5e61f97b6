"""unreadable: each way in which an answer can be broken, and which answers it breaks."""

from __future__ import annotations

import json
import math
import zlib
from typing import Any

import pytest

from flyctl_orchestrator.local.api.answer_damage import LARGE_BYTES, UNPACKED_BYTES
from flyctl_orchestrator.local.core.fault_kinds import DAMAGES
from tests.unit.local.faults.test_faults_board import add
from tests.unit.local.simulated_fly import Answer, Fly

MACHINES = "/v1/apps/shop/machines"


def listing(fly: Fly, how: str) -> tuple[Answer, bytes]:
    """The list of machines as one damage makes it, and the text it should have been."""
    whole = fly.call("GET", MACHINES).raw
    add(fly, "unreadable", times=1, set={"how": how, "op": "machines.list"})
    return fly.call("GET", MACHINES), whole


@pytest.mark.parametrize("how", [one for one in DAMAGES if one not in ("cut", "drip")])
def test_every_damage_breaks_one_answer_and_says_which_fault_it_was(fly: Fly, how: str) -> None:
    fly.started()
    answer, whole = listing(fly, how)
    assert answer.headers["fly-local-fault"] == "f1"
    assert answer.raw.replace(b" ", b"") != whole.replace(b" ", b"") or how == "large"
    assert fly.call("GET", MACHINES).raw == whole, "once was asked for"


def test_pages_of_html_and_redirects(fly: Fly) -> None:
    page, _ = listing(fly, "html")
    assert (page.status, page.headers["content-type"], page.body) == (200, "text/html; charset=utf-8", None)
    elsewhere, _ = listing(fly, "redirect")
    assert (elsewhere.status, elsewhere.headers["location"]) == (302, "/be-right-back")


def test_json_that_is_not_whole_or_not_what_it_should_be(fly: Fly) -> None:
    fly.started()
    half, whole = listing(fly, "half")
    assert (half.status, half.body) == (200, None)
    assert whole.startswith(half.raw)
    assert listing(fly, "null")[0].raw == b"null"
    empty, _ = listing(fly, "empty")
    assert (empty.status, empty.raw) == (204, b"")
    shape, whole = listing(fly, "shape")
    assert shape.body == {"data": json.loads(whole)}
    assert listing(fly, "text")[0].body == "ok"
    numbers, _ = listing(fly, "nan")
    assert math.isnan(numbers.body[0]["events"][0]["timestamp"])
    deep, _ = listing(fly, "deep")
    with pytest.raises(RecursionError):
        json.loads(deep.raw)


def test_bodies_that_are_too_large(fly: Fly) -> None:
    large, whole = listing(fly, "large")
    assert len(large.raw) == LARGE_BYTES + len(whole)
    packed, _ = listing(fly, "gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.raw) < 1_000_000
    assert len(zlib.decompress(packed.raw, zlib.MAX_WBITS | 16)) > UNPACKED_BYTES


def test_connections_that_are_cut_or_drip(fly: Fly) -> None:
    add(fly, "unreadable", times=1, set={"how": "cut"})
    with pytest.raises(ConnectionResetError):
        fly.call("GET", MACHINES)
    add(fly, "unreadable", times=2, set={"how": "drip"})
    before = fly.simulation.clock.now()
    with pytest.raises(TimeoutError):
        fly.simulation.send("GET", "/v1/apps/shop", timeout=30)
    assert fly.simulation.clock.now() - before == pytest.approx(30)
    assert fly.call("GET", "/v1/apps/shop").status == 200, "whoever waits gets it"


@pytest.mark.parametrize(("when", "machines"), [("before", 0), ("after", 1)])
def test_the_operation_was_done_or_not(fly: Fly, when: str, machines: int) -> None:
    add(fly, "unreadable", times=1, set={"op": "machines.create", "when": when})
    config: dict[str, Any] = {"image": "registry.fly.io/shop:one"}
    assert fly.call("POST", MACHINES, {"config": config, "region": "iad"}).body is None
    assert len(fly.call("GET", MACHINES).body) == machines


def test_long_polls_are_broken_when_they_end(fly: Fly) -> None:
    machine = fly.create()["id"]
    add(fly, "unreadable", times=1, set={"op": "machines.wait", "how": "null"})
    before = fly.simulation.clock.now()
    assert fly.on(machine, "/wait?state=started", method="GET").raw == b"null"
    assert fly.simulation.clock.now() - before == pytest.approx(1.0, abs=0.01), "not before the machine has started"


def test_the_platforms_own_operations_stay_readable(fly: Fly) -> None:
    add(fly, "unreadable")
    assert fly.call("GET", MACHINES).body is None
    assert fly.call("GET", "/_local/faults").status == 200
