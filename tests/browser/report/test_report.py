"""Reports in a browser, opened as the files they are: moments to go to, keys, tables, and nothing that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.everybody import VIEWS, faults_and_width
from tests.browser.report.made import BAD_DAY, FAIR_ENOUGH, made

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """one.html, of a rehearsal that goes back; days.html, of two bad days; large.html, of 144 machines."""
    return made(tmp_path_factory.mktemp("reports"))


def at(page: Page, number: int) -> list[str]:
    """The column of the machines' table with this number."""
    return page.locator(f"#machines tbody td:nth-child({number})").all_inner_texts()


def test_moments_are_gone_to_with_keys_and_every_table_follows(tab: Page, reports: Path) -> None:
    tab.goto((reports / "one.html").as_uri())
    expect(tab.locator("#result")).to_contain_text("rolled back: nrt")
    expect(tab.locator("#result")).to_contain_text("exit status 3")
    expect(tab.locator("#wrong")).to_contain_text("answers were errors")
    expect(tab.locator("#outcome tbody tr")).to_have_count(6)
    assert set(at(tab, 4)) == {"restored"}
    tab.get_by_role("slider", name="Moment").focus()
    tab.keyboard.press("Home")
    expect(tab.locator("#moment")).to_contain_text("0.0 s of")
    assert set(at(tab, 4)) == {"waiting"} and set(at(tab, 6)) == {"0 of 0 good"}
    expect(tab.locator("#map .mark.waiting")).to_have_count(6)
    tab.keyboard.press("End")
    expect(tab.locator("#map .mark.back")).to_have_count(6)
    tab.locator("#lines tr").filter(has_text="wave 2 begins").get_by_role("button").click()
    expect(tab.locator("#waves-table tr").filter(has_text="iad")).to_contain_text("passed")
    expect(tab.locator("#waves-table tr").filter(has_text="Tokyo")).to_contain_text("running")
    expect(tab.locator("#machines tr").filter(has_text="iad").first).to_contain_text("passing after")
    now = tab.locator("#moment").inner_text()
    tab.get_by_role("button", name="Earlier").click()
    assert float(tab.locator("#moment").inner_text().split()[0]) < float(now.split()[0])
    tab.get_by_role("button", name="Later").click()
    expect(tab.locator("#moment")).to_have_text(now)


def test_playing_goes_to_the_end_and_stops_there(tab: Page, reports: Path) -> None:
    tab.clock.install()
    tab.goto((reports / "one.html").as_uri())
    tab.get_by_role("button", name="Play").click()
    tab.clock.run_for(2_000)
    expect(tab.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    told = tab.locator("#moment").inner_text().split()
    assert 0 < float(told[0]) < float(told[3])
    tab.clock.run_for(20_000)
    expect(tab.get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "false")
    told = tab.locator("#moment").inner_text().split()
    assert told[0] == told[3]


def test_bad_days_are_a_table_to_click_into(tab: Page, reports: Path) -> None:
    tab.goto((reports / "days.html").as_uri())
    expect(tab.locator("#days-said")).to_contain_text("2 days; 1 end all new, 1 all as before, 0 mixed. All as they")
    expect(tab.locator("#run")).to_be_hidden()
    tab.get_by_role("button", name=f"{BAD_DAY}: exit 3").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator("#end-title")).to_be_focused()
    expect(tab.locator("#began")).to_contain_text(BAD_DAY)
    expect(tab.locator("#result")).to_contain_text("rolled back")
    tab.get_by_role("button", name=f"{FAIR_ENOUGH}: exit 0").click()
    expect(tab.locator("#result")).to_contain_text("done")
    expect(tab.locator('#matrix [aria-pressed="true"]')).to_have_count(1)


@pytest.mark.parametrize(("width", "options"), VIEWS)
def test_axe_finds_nothing_and_nothing_is_cut_off(
    browser: Browser, reports: Path, width: int, options: dict[str, Any]
) -> None:
    found = []
    with browser.new_context(viewport={"width": width, "height": 900}, **options) as context:
        page = context.new_page()
        for name in ("one.html", "large.html", "days.html"):
            page.goto((reports / name).as_uri())
            if name == "days.html":
                page.get_by_role("button", name=BAD_DAY).click()
            found += faults_and_width(page)
    assert found == []
