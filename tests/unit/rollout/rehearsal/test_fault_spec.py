"""Faults as they are written after --fault."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.rollout.rehearsal.fault_spec import about_image, parse_fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("lost-create", {"name": "lost-create"}),
        ("region-down:fra:30s", {"name": "region-down", "region": "fra", "for": 30.0}),
        ("region-down:1m30s:nrt", {"name": "region-down", "for": 90.0, "region": "nrt"}),
        ("slow-boot:nrt:seconds=20", {"name": "slow-boot", "region": "nrt", "set": {"seconds": "20"}}),
        (
            "rate-limited:times=3:chance=0.25:op=machines.*:retry_after=2",
            {"name": "rate-limited", "times": 3, "chance": 0.25, "set": {"op": "machines.*", "retry_after": "2"}},
        ),
        (
            "crash-loop:machine=d891234f567890:app=shop",
            {"name": "crash-loop", "machine": "d891234f567890", "app": "shop"},
        ),
        (
            "crash-loop:image=flyo-:region=fra:for=5",
            {"name": "crash-loop", "region": "fra", "for": 5.0} | {"set": {"image": "flyo-"}},
        ),
    ],
)
def test_what_is_understood(text: str, fault: dict[str, Any]) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is no name of a fault"),
        ("Region Down:fra", "'Region Down' is no name of a fault"),
        ("region-down:frankfurt", "'frankfurt' is no region and no duration"),
        ("region-down:", "'' is no region and no duration"),
        ("region-down:fra:nrt", "'region' is said twice"),
        ("region-down:3s:4s", "'for' is said twice"),
        ("slow-boot:seconds=1:seconds=2", "'seconds' is said twice"),
        ("slow-boot:times=often", "'often' is no whole number"),
        ("slow-boot:chance=high", "'high' is no number"),
    ],
)
def test_what_is_not_is_said(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_fault(text)
    assert caught.value.what == said
    assert caught.value.code == "rehearse.fault"
    assert "\n" not in str(caught.value)


def test_the_new_release_is_named_by_its_image() -> None:
    fault = parse_fault("crash-loop:fra:image=new:after=2")
    assert about_image(fault, "registry.fly.io/shop:v8")["set"] == {"image": "registry.fly.io/shop:v8", "after": "2"}
    assert fault["set"]["image"] == "new", "the fault itself stays as it was written"
    for text in ("crash-loop:fra:image=v7", "crash-loop:fra"):
        assert about_image(parse_fault(text), "x") == parse_fault(text)
