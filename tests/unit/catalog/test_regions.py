from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.errors import UsageError

BOOK = load_regions()


def test_knows_the_documented_regions() -> None:
    codes = "ams arn cdg dfw ewr fra gru iad jnb lax lhr nrt ord sin sjc syd yyz"
    assert [region.code for region in BOOK] == codes.split()
    assert [region.code for region in BOOK if region.deprecated] == []
    assert min(region.markup or 0 for region in BOOK) == 1
    assert all(region.at for region in BOOK)


def test_no_region_is_also_listed_as_closed() -> None:
    assert not set(BOOK.closed) & {region.code for region in BOOK}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tokyo", "nrt"),
        ("Tokyo", "nrt"),
        ("sao paulo", "gru"),
        ("Germany", "fra"),
        ("nrr", "nrt"),
        ("virginia", "iad"),
        ("frankfrt", "fra"),
        ("singapre", "sin"),
        ("IAD", "iad"),
        ("new york", "ewr"),
        ("london", "lhr"),
        ("amst", "ams"),
    ],
)
def test_guesses_what_was_meant(typed: str, meant: str) -> None:
    assert BOOK.suggest(typed)[0].code == meant


@pytest.mark.parametrize("typed", ["", "   ", "atlantis", "\0" * 100, "é" * 1000, "12"])
def test_does_not_guess_wildly(typed: str) -> None:
    assert BOOK.suggest(typed) == ()


def test_an_unknown_region_without_a_guess_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        BOOK.require("atlantis", where="--regions")
    assert str(caught.value) == (
        "--regions: 'atlantis' is not a Fly.io region. Known on 2026-10-02: ams arn cdg dfw ewr fra gru iad jnb lax "
        "lhr nrt ord sin sjc syd yyz. A newer list can be put in $FLYO_CATALOG_DIR"
    )


@pytest.mark.parametrize(
    "content",
    ["", "captured_on = 1", "[[region]]\ncode = 1", "= broken", "region = 3\ncaptured_on = 2026-01-01\nsource = ''"],
)
def test_a_broken_catalog_of_the_users_is_one_clear_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "regions.toml").write_text(content)
    with pytest.raises(UsageError, match="is not a usable") as caught:
        load_regions({"FLYO_CATALOG_DIR": str(tmp_path)})
    assert caught.value.where == str(tmp_path / "regions.toml")


def test_a_catalog_directory_without_this_file_leaves_ours(tmp_path: Path) -> None:
    assert load_regions({"FLYO_CATALOG_DIR": str(tmp_path)}) == BOOK


def test_a_catalog_directory_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a directory"):
        load_regions({"FLYO_CATALOG_DIR": str(tmp_path / "none")})


@pytest.mark.parametrize(
    ("closed", "nearest"),
    [("den", "dfw"), ("bom", "sin"), ("waw", "arn"), ("yul", "yyz"), ("hkg", "sin"), ("scl", "gru"), ("sea", "sjc")],
)
def test_a_closed_region_gets_its_nearest_open_neighbours(closed: str, nearest: str) -> None:
    place = BOOK.closed[closed]
    assert place is not None
    assert BOOK.nearest(place)[0].code == nearest
    said = str(BOOK.unknown(closed, where="fly.toml"))
    assert f"Fly.io has closed its region '{closed}'. The nearest open ones are {nearest} (" in said


def test_regions_that_a_platform_has_told_of_have_no_price() -> None:
    more = BOOK.with_codes(["zzz", "iad"])
    found = more.get("zzz")
    assert found is not None and found.markup is None
    assert len(list(more)) == len(list(BOOK)) + 1
