"""The figures are those of Fly.io's pricing page for iad, captured on 2026-10-02, and of its cost page before."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.catalog.prices import load_prices
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.errors import UsageError

NEW, OLD = load_prices()
REGIONS = load_regions()


@pytest.mark.parametrize(
    ("kind", "cpus", "memory_mb", "dollars"),
    [
        ("shared", 1, 256, 2.19),
        ("shared", 1, 512, 3.69),
        ("shared", 1, 1024, 6.70),
        ("shared", 1, 2048, 12.70),
        ("shared", 2, 512, 4.39),
        ("shared", 4, 1024, 8.78),
        ("shared", 8, 16384, 101.60),
        ("performance", 1, 2048, 33.00),
        ("performance", 2, 16384, 138.04),
        ("performance", 16, 131072, 1104.32),
    ],
)
def test_the_book_in_force_gives_the_published_prices(kind: str, cpus: int, memory_mb: int, dollars: float) -> None:
    assert NEW.name == "2026-10"
    assert NEW.machine_month(kind, cpus, memory_mb) == pytest.approx(dollars, abs=0.006)


def test_the_older_book_gives_the_published_price_of_its_time() -> None:
    markup = REGIONS.require("sjc", where="").markup or 0.0
    assert OLD.machine_month("shared", 1, 256, markup) == pytest.approx(2.32, abs=0.005)


def test_three_regions_around_the_clock() -> None:
    markups = [REGIONS.require(code, where="").markup or 0.0 for code in ("iad", "lhr", "nrt")]
    assert sum(NEW.machine_month("shared", 1, 512, markup) for markup in markups) == pytest.approx(12.72, abs=0.01)


def test_a_broken_price_file_of_the_users_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text("[[book]]\nname = 'x'\n")
    with pytest.raises(UsageError, match="is not a usable price catalog"):
        load_prices({"FLYO_CATALOG_DIR": str(tmp_path)})
