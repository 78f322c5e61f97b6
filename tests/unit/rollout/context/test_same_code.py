"""The mark of an image that was made again, as its reference tells it."""

from __future__ import annotations

import random

import pytest

from flyctl_orchestrator.fleet.builder import new_label
from flyctl_orchestrator.rollout.context.same_code import label_again, mark_of
from tests.unit.fleet.fleet_doubles import ManualClock


def test_a_label_tells_the_mark_of_its_image_and_of_no_other() -> None:
    label = new_label(ManualClock(), random.Random(1))
    again = label_again(label)
    assert again != label and len(again) < 128
    for reference in (f"registry.fly.io/shop:{again}", f"registry.localhost:5000/shop:{again}@sha256:{'a' * 64}"):
        assert mark_of(reference) == label.rpartition("-")[2]


@pytest.mark.parametrize(
    "reference", ["", "nginx", "registry.fly.io/shop:flyo-20261123-064812-9f3a1c", "flyo-again-/shop:x", "a@sha256:b"]
)
def test_any_other_image_has_none(reference: str) -> None:
    assert mark_of(reference) is None
