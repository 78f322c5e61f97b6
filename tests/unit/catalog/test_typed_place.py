"""Regions for what a person types."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.catalog.latency import kilometres
from flyctl_orchestrator.catalog.people import city
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.catalog.typed_place import NEAR, regions_for

BOOK = load_regions()
AMERICAN = {region.code for region in BOOK if region.country == "United States"}


def codes(typed: str) -> list[str]:
    return [region.code for region in regions_for(typed, BOOK)]


@pytest.mark.parametrize("code", [region.code for region in BOOK])
def test_a_code_comes_first_whatever_else_it_is_part_of(code: str) -> None:
    assert codes(code)[0] == codes(code.upper())[0] == code


@pytest.mark.parametrize(
    ("typed", "best"),
    [
        ("France", "cdg"),
        ("germany", "fra"),
        ("Tokyo", "nrt"),
        ("sao paulo", "gru"),
        ("New York", "ewr"),
        ("san francisco", "sjc"),
        ("virginia", "iad"),
        ("Vienna", "fra"),
        ("Austria", "fra"),
        ("at", "fra"),
        ("Zürich", "fra"),
        ("Korea", "nrt"),
        ("Mumbai", "sin"),
        ("Melbourne", "syd"),
        ("Dublin", "lhr"),
        ("uk", "lhr"),
        ("de", "fra"),
        ("za", "jnb"),
        ("sing", "sin"),
    ],
)
def test_the_best_region(typed: str, best: str) -> None:
    assert codes(typed)[0] == best


def test_two_letters_are_the_beginning_of_a_name_before_they_are_a_country() -> None:
    """Singapore and Silicon Valley come before what is near Slovenia."""
    assert set(codes("si")[:2]) == {"sin", "sjc"} and "fra" in codes("si")


@pytest.mark.parametrize("typed", ["us", "usa", "United States"])
def test_a_country_with_several_regions_offers_each_of_them_ranked(typed: str) -> None:
    found = codes(typed)
    assert set(found[: len(AMERICAN)]) == AMERICAN
    # Chicago is in the middle; Ashburn is a little farther and a fifth cheaper.
    assert found[0] == "iad"


def test_a_place_without_a_region_is_offered_some_near_ones_the_best_first() -> None:
    found = regions_for("Vienna", BOOK)
    assert len(found) == NEAR
    place = city("Vienna")
    assert place is not None
    worth = [kilometres(place, region.at) * region.markup for region in found if region.at and region.markup]
    assert worth == sorted(worth) and len(worth) == NEAR


def test_half_as_far_makes_up_for_twice_the_price() -> None:
    dear = replace(BOOK, regions=tuple(replace(r, markup=3.0) if r.code == "fra" else r for r in BOOK))
    assert regions_for("Vienna", BOOK)[0].code == "fra"
    assert regions_for("Vienna", dear)[0].code != "fra"
    # What a place is called is not outweighed by any price.
    assert regions_for("frankfurt", dear)[0].code == regions_for("fra", dear)[0].code == "fra"


def test_regions_of_which_nothing_is_known_come_last_and_closed_ones_never() -> None:
    more = BOOK.with_codes(["zzz"])
    assert regions_for("zzz", more)[0].code == "zzz"
    away = replace(BOOK, regions=tuple(replace(r, deprecated=r.code == "fra") for r in BOOK))
    assert "fra" not in {region.code for region in regions_for("germany", away)}
    blank = replace(BOOK, regions=tuple(replace(r, at=None) if r.code == "iad" else r for r in BOOK))
    assert [region.code for region in regions_for("united states", blank)][len(AMERICAN) - 1] == "iad"


@pytest.mark.parametrize("typed", ["", "  ", "atlantis", "\0", "é" * 1000, "12"])
def test_what_is_no_place_finds_nothing(typed: str) -> None:
    assert codes(typed) == []


@given(typed=st.text(max_size=50))
def test_nothing_is_named_twice(typed: str) -> None:
    found = codes(typed)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("india", "Fly.io has no region in that country; the best for it are sin (Singapore), "),
        ("China", "Fly.io has no region in that country; the best for it are "),
        ("Portugal", "Fly.io has no region in that country; the best for it are cdg (Paris), "),
        ("mumbai", "The best for it are sin (Singapore), "),
        ("france", "Did you mean cdg (Paris)?"),
        ("usa", "The best for it are iad (Ashburn), "),
        ("japan", "Did you mean nrt (Tokyo)?"),
        ("new york", "Did you mean ewr (Secaucus)?"),
    ],
)
def test_a_place_instead_of_a_code_is_refused_with_what_is_best_for_it(typed: str, advice: str) -> None:
    told = BOOK.unknown(typed, where="--primary")
    assert told.code == "config.unknown_region" and told.next.startswith(advice), told.next


def countries() -> list[str]:
    text = resources.files("flyctl_orchestrator.catalog").joinpath("countries.csv").read_text("utf-8")
    return [row["name"] for row in csv.DictReader(text.splitlines())]


def test_letters_that_are_alike_never_outweigh_the_name_of_a_country() -> None:
    """Whichever country is written, no region is named that is in none of the places that are best for it."""
    for country in countries():
        best = regions_for(country, BOOK)
        told = BOOK.unknown(country, where="--primary").next
        named = re.findall(r"\b([a-z]{3}) \(", told)
        if best:
            assert named == [region.code for region in best[: len(named)]], (country, told)
