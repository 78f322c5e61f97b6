"""Where users are: whatever is written, the shares add up to 1, or one line says what is wrong."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.placement.users import read_users

REGIONS = load_regions()


def shares(written: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for some in read_users(written, REGIONS):
        found[some.where] = found.get(some.where, 0) + some.share
    return {where: round(share, 6) for where, share in found.items()}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sg=40,de=30,us=30", {"sg": 0.4, "de": 0.3, "us": 0.3}),
        ("Tokyo", {"Tokyo": 1}),
        (" nrt = 1 , fra = 3 ", {"nrt": 0.25, "fra": 0.75}),
        ("world", {"world": 1}),
        ("WORLD,iad", {"WORLD": 0.5, "iad": 0.5}),
        ("sao paulo=50%,DE=50 %", {"sao paulo": 0.5, "DE": 0.5}),
        ("de=.5,us=1.5", {"de": 0.25, "us": 0.75}),
    ],
)
def test_users_are_read(written: str, meant: dict[str, float]) -> None:
    assert shares(written) == meant


def test_a_country_is_spread_over_its_cities() -> None:
    there = read_users("us", REGIONS)
    assert len(there) > 40
    assert min(some.at[1] for some in there) < -150 < -70 < max(some.at[1] for some in there)


@pytest.mark.parametrize("written", ["", ",", "de=0", "de=-1", "de=x", "de=1=2", "xx", "Atlantis=4", "de=1,", "=3"])
def test_what_is_no_place_or_no_share_is_named(written: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_users(written, REGIONS)
    assert caught.value.code == "regions.users"


@pytest.mark.timeout(0)
@settings(max_examples=int(os.environ.get("EXAMPLES") or 300), deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(written: str) -> None:
    try:
        users = read_users(written, REGIONS)
    except UsageError as error:
        assert error.what.isprintable() and error.code == "regions.users"
    else:
        assert sum(some.share for some in users) == pytest.approx(1)
