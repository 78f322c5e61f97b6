"""What a plan changes in the bill, against the published price of each machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.catalog.prices import load_prices
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.project.model import FlyToml, Size
from flyctl_orchestrator.rollout.plan.cost import Cost, Guest, guest_of_size, plan_cost
from flyctl_orchestrator.rollout.plan.plan import Action, Lane, Plan, PlannedImage, Wave

PRICES, REGIONS = load_prices()[0], load_regions()


SMALL = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512}


def seen(id: str, guest: dict[str, object] | None) -> Machine:
    """A machine of iad, of a size."""
    config = {"guest": guest} if guest else {}
    return Machine(id=id, name=id, app="web", region="iad", state="started", instance_id="v1", config=config)


def flytoml(size: Size | None) -> FlyToml:
    """A fly.toml that asks for a size."""
    return FlyToml(
        app="web",
        primary_region="iad",
        process_groups=("app",),
        services=(),
        checks=(),
        env={},
        sizes=(size,) if size else (),
        volumes={},
        raw={},
        path=Path("fly.toml"),
        text="",
    )


def cost(lanes: list[Lane], machines: list[Machine], size: Size | None) -> Cost:
    wave = Wave("canary", tuple(lanes))
    plan = Plan("web", "f", PlannedImage("x"), "d", "s", ("app",), (wave,))
    return plan_cost(plan, machines, flytoml(size), PRICES, REGIONS)


def lane(action: Action, region: str, machine: str | None) -> Lane:
    return Lane(f"{region}/{machine or 'new'}", region, "app", machine, action, ())


def test_a_new_machine_costs_its_price_in_its_region() -> None:
    size = Size("shared-cpu-1x", 512)
    found = cost([lane("create", "iad", None), lane("create", "nrt", None)], [], size)
    # Published: 3.69 in iad; nrt is 1.3077 times that.
    assert round(found.lanes["iad/new"] or 0, 2) == 3.69
    assert round(found.lanes["nrt/new"] or 0, 2) == 4.83
    assert found.month == pytest.approx(8.52, abs=0.01)
    assert found.as_of == PRICES.captured_on.isoformat()


def test_the_same_size_costs_the_same_and_a_larger_one_the_difference() -> None:
    machines = [seen("m1", SMALL)]
    assert cost([lane("update", "iad", "m1")], machines, Size("shared-cpu-1x", 512)).month == 0.0
    more = cost([lane("update", "iad", "m1")], machines, Size("shared-cpu-1x", 1024)).month
    assert more == pytest.approx(6.70 - 3.69, abs=0.01)


def test_a_destroyed_machine_is_saved_and_a_replacement_is_even() -> None:
    machines = [seen("m1", SMALL)]
    assert cost([lane("destroy", "iad", "m1")], machines, Size()).month == pytest.approx(-3.69, abs=0.01)
    both = [lane("replace", "iad", None), lane("destroy", "iad", "m1")]
    assert cost(both, machines, Size("shared-cpu-1x", 512)).month == pytest.approx(0.0)


def test_without_a_vm_section_machines_keep_their_size_and_new_ones_are_made_like_them() -> None:
    machines = [seen("m1", {"cpu_kind": "shared", "cpus": 2, "memory_mb": 1024})]
    assert cost([lane("update", "iad", "m1")], machines, None).month == 0.0
    like_it = cost([lane("create", "iad", None)], machines, Size("shared-cpu-2x", 1024)).month
    assert cost([lane("create", "iad", None)], machines, None).month == like_it
    default = cost([lane("create", "iad", None)], [], Size()).month
    assert cost([lane("create", "iad", None)], [], None).month == default


def test_unknown_stays_unknown() -> None:
    assert cost([lane("create", "xxx", None)], [], Size()).month is None
    assert cost([lane("update", "iad", "m1")], [seen("m1", None)], Size()).month is None
    assert cost([lane("create", "iad", None)], [], Size("a100-40gb")).as_dict()["usd_per_month"] is None


@pytest.mark.parametrize(
    ("size", "guest"),
    [
        (Size(), Guest("shared", 1, 256)),
        (Size("shared-cpu-2x"), Guest("shared", 2, 512)),
        (Size("performance-4x"), Guest("performance", 4, 8192)),
        (Size("", 1024, 2, "shared"), Guest("shared", 2, 1024)),
        (Size("gpu-9x"), None),
        (Size("shared-cpu-0x"), None),
        (Size("shared-cpu-3x", 1024), None),
        (Size("performance-16x"), Guest("performance", 16, 32768)),
        (Size("performance-18x"), None),
        (Size("shared-cpu-99999999999x"), None),
    ],
)
def test_sizes_are_read_as_fly_names_them(size: Size, guest: Guest | None) -> None:
    assert guest_of_size(size) == guest
