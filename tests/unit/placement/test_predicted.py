"""What `flyo regions suggest` predicts is what the local platform charges: one table on both sides of the wire."""

from __future__ import annotations

import json
import math
import statistics
from random import Random

import pytest

from flyctl_orchestrator.catalog.latency import load_latency
from flyctl_orchestrator.catalog.regions import Place, load_regions
from flyctl_orchestrator.local.base.regions import REGIONS as LOCAL
from flyctl_orchestrator.local.proxy import latency as local_latency
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.placement.choose import spread, suggest
from flyctl_orchestrator.placement.users import Users, read_users
from tests.unit.local.simulated_fly import IMAGE, Fly

REGIONS = load_regions()
TABLE = load_latency(REGIONS)
PLACES: dict[str, Place] = {region.code: region.at for region in REGIONS if region.at}


def test_both_tables_say_the_same_between_all_regions() -> None:
    assert PLACES.keys() == {code for code, region in LOCAL.items() if not region.deprecated}
    for one, here in PLACES.items():
        for other in PLACES:
            said = TABLE.between(here, other)
            assert local_latency.median_ms(one, other) == pytest.approx(said.ms, abs=0.051), (one, other)


def test_both_tables_say_the_same_of_the_slow_ones() -> None:
    pairs = local_latency.table()
    for one, here in PLACES.items():
        for other in PLACES.keys() - {one}:
            assert pairs[frozenset((one, other))][1] == pytest.approx(TABLE.between(here, other).p95, abs=0.051)


@pytest.mark.parametrize("asked", ["sin=40,fra=30,ord=30", "syd=1,gru=1,jnb=1,nrt=1,lhr=1", "iad=5,nrt=95"])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_the_time_at_which_half_of_the_users_have_their_answer_is_predicted(asked: str, most: int) -> None:
    users = read_users(asked, REGIONS)
    chosen = suggest(users, TABLE, dict.fromkeys(TABLE.codes, 1.0), most=most).best[-1].regions
    times = _measured(users, chosen)
    median = statistics.median_low(times)
    assert spread(users, TABLE, chosen).p50 == pytest.approx(median, rel=0.10)


def _measured(users: tuple[Users, ...], regions: tuple[str, ...]) -> list[float]:
    """Milliseconds of a hundred clients' requests on the local platform's clock, with delays on."""
    fly = Fly()
    fly.images.push(IMAGE, Behaviour(answer_seconds=0))
    for code in regions:
        fly.started({"services": [{"internal_port": 8080, "ports": [{"port": 80}]}]}, region=code)
    fly.platform.settings.delays = True
    times: list[float] = []
    clock = fly.simulation.clock
    clock.advance(60)  # all of them listen by then
    for some in users:
        began = clock.now()
        answer = fly.visit(fly_local_region=some.where)
        assert answer.status == 200 and json.loads(answer.raw)["region"] in regions
        times += [(clock.now() - began) * 1000] * math.ceil(100 * some.share - 1e-9)
    return times


@pytest.mark.parametrize(("one", "other"), [("iad", "fra"), ("nrt", "iad"), ("sin", "lhr"), ("jnb", "syd")])
def test_delays_are_spread_as_measured(one: str, other: str) -> None:
    random = Random(11)
    samples = sorted(local_latency.sample_ms(one, other, random) for _ in range(4001))
    said = TABLE.between(PLACES[one], other)
    assert samples[2000] == pytest.approx(said.ms, rel=0.02)
    assert samples[3800] == pytest.approx(said.p95, rel=0.03)
