"""Pages of figures in a browser: the slider, keys, tables beside every picture, and nothing that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.everybody import VIEWS, faults_and_width
from tests.browser.report.made import figures

pytestmark = pytest.mark.xdist_group("browser")
NAMES = ("regions", "world", "bill", "answer-times", "clients")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of each of NAMES."""
    return figures(tmp_path_factory.mktemp("figures"))


def cells(page: Page, table: str, column: int) -> list[str]:
    """A column of a table."""
    return page.locator(f"{table} tbody td:nth-child({column})").all_inner_texts()


def test_the_slider_changes_map_tables_and_advice_by_keys(tab: Page, pages: Path) -> None:
    tab.goto((pages / "regions.html").as_uri())
    slider = tab.get_by_role("slider", name="Regions")
    expect(tab.locator("#choices tbody tr")).to_have_count(4)
    expect(slider).to_have_attribute("aria-valuetext", "4 regions: fra, iad, lax, sin")
    assert cells(tab, "#served", 1) == ["fra", "iad", "lax", "sin"]
    slider.focus()
    tab.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "1 region: cdg")
    expect(tab.locator("#map .region")).to_have_count(1)
    assert cells(tab, "#served", 3) == ["100 %"]
    far = cells(tab, "#far", 2)
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "3 regions: fra, ord, sin")
    expect(tab.locator("#next")).to_have_text("flyo init --regions fra,ord,sin")
    expect(tab.locator("#said")).to_contain_text("of a budget of 20.00")
    expect(tab.locator("#map .region")).to_have_count(3)
    expect(tab.locator("#bars .chosen")).to_contain_text("3")
    assert cells(tab, "#far", 2) != far


def test_a_set_is_chosen_in_the_table_of_what_further_regions_buy(tab: Page, pages: Path) -> None:
    tab.goto((pages / "world.html").as_uri())
    button = tab.locator("#choices").get_by_role("button", name="2 regions")
    button.focus()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("slider")).to_have_value("1")
    expect(tab.locator("#choices [aria-pressed=true]")).to_have_text("2 regions")
    # Mean round trips fall with every region, or the set would not be there; and prices are those of the command.
    means = [float(each.split()[0]) for each in cells(tab, "#choices", 4)]
    assert means == sorted(means, reverse=True) and len(set(means)) == len(means)
    assert tab.locator("#map .user").count() == 4
    shares = [int(each.split()[-2]) for each in cells(tab, "#far", 2)]
    assert 98 <= sum(shares) <= 102


def test_the_bill_adds_up_and_says_whether_it_is_within_the_budget(tab: Page, pages: Path) -> None:
    tab.goto((pages / "bill.html").as_uri())
    lines = cells(tab, "#lines", 2)
    assert sum(map(float, lines[:-1])) == pytest.approx(float(lines[-1]), abs=0.02)
    assert sum(map(float, cells(tab, "#regions", 2))) == pytest.approx(float(lines[-1]), abs=0.02)
    expect(tab.locator("#sum")).to_have_text(f"{lines[-1]} USD")
    expect(tab.locator("#budget")).to_contain_text("USD more than the budget of 5.00 a month")
    expect(tab.locator("#whole .over")).to_have_count(1)


def test_what_was_measured_is_on_the_map_and_in_the_table(tab: Page, pages: Path) -> None:
    tab.goto((pages / "answer-times.html").as_uri())
    assert cells(tab, "#rows", 2) == ["fra", "iad", "nrt", "gru"]
    assert cells(tab, "#rows", 6) == ["200 ms", "100 ms", "failed", "–"]
    expect(tab.locator("#missed")).to_contain_text("nrt: errors=1% is not kept to, it is 25 %")
    expect(tab.locator("#map .probed.farthest")).to_have_count(2)
    expect(tab.locator("#map .probed.far")).to_have_count(1)
    expect(tab.locator("#map .spot")).to_have_count(1)
    tab.goto((pages / "clients.html").as_uri())
    expect(tab.locator("#map .way")).to_have_count(4)
    assert cells(tab, "#rows", 2) == ["fra 4", "iad 2", "iad 2, fra 1"]


@pytest.mark.parametrize(("width", "options"), VIEWS)
def test_axe_finds_nothing_and_nothing_is_cut_off(
    browser: Browser, pages: Path, width: int, options: dict[str, Any]
) -> None:
    found = []
    with browser.new_context(viewport={"width": width, "height": 900}, **options) as context:
        page = context.new_page()
        for name in NAMES:
            page.goto((pages / f"{name}.html").as_uri())
            found += faults_and_width(page)
    assert found == []
