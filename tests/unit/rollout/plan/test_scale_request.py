from __future__ import annotations

import pytest

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.rollout.plan.scale_request import check_regions, read_counts
from tests.unit.rollout.rollout_world import World

ONE, TWO = ("app",), ("app", "worker")


@pytest.mark.parametrize(
    ("words", "groups", "counts"),
    [
        ([], ONE, {}),
        (["iad=2", "nrt=0"], ONE, {("iad", "app"): 2, ("nrt", "app"): 0}),
        (["app:iad=2", "worker:iad=1"], TWO, {("iad", "app"): 2, ("iad", "worker"): 1}),
        (["iad=1", "iad=1"], ONE, {("iad", "app"): 1}),
        (["iad=007"], ONE, {("iad", "app"): 7}),
    ],
)
def test_words_are_counts(words: list[str], groups: tuple[str, ...], counts: dict[tuple[str, str], int]) -> None:
    assert read_counts(words, groups) == counts


@pytest.mark.parametrize(
    ("words", "groups", "said"),
    [
        (["iad"], ONE, "'iad' is not REGION=COUNT"),
        (["iad=-1"], ONE, "is not REGION=COUNT"),
        (["iad=+1"], ONE, "is not REGION=COUNT"),
        (["iad=1.5"], ONE, "is not REGION=COUNT"),
        (["IAD=1"], ONE, "is not REGION=COUNT"),
        (["=1"], ONE, "is not REGION=COUNT"),
        (["a:b:iad=1"], ONE, "is not REGION=COUNT"),
        (["x" * 1000], ONE, "is not REGION=COUNT"),
        (["iad=501"], ONE, "501 machines in one region are more than the 500 that flyo makes"),
        (["iad=1", "iad=2"], ONE, "iad is given two counts, 1 and 2. Give one"),
        (["iad=1"], TWO, "the app has several process groups (app, worker). Say which, e.g. app:iad=1"),
        (["wroker:iad=1"], TWO, "there is no process group 'wroker'. There is: app, worker"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(words: list[str], groups: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_counts(words, groups)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200


def test_an_unknown_region_names_the_ones_that_may_be_meant(world: World) -> None:
    with pytest.raises(UsageError, match=r"'tokyo' is not a Fly.io region. Did you mean nrt \(Tokyo\)"):
        check_regions({("tokyo", "app"): 1}, world.observe(), load_regions())
