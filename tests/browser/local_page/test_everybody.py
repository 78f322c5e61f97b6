"""The page for everybody: axe's rules, keys alone, narrow windows, other colours; and how much it weighs."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.everybody import VIEWS, faults, faults_and_width
from tests.browser.local_page.conftest import NewBoard
from tests.functional.cli.local_fleet import LocalFleet

pytestmark = pytest.mark.xdist_group("browser")
MOST_BYTES = 150_000


@pytest.mark.parametrize(("width", "options"), VIEWS)
def test_axe_finds_nothing_and_nothing_is_cut_off(
    new_board: NewBoard, there: LocalFleet, width: int, options: dict[str, Any]
) -> None:
    board = new_board(viewport={"width": width, "height": 900}, **options)
    there.manage("POST", "/_local/faults", {"name": "region-down", "region": "fra"})
    expect(board.locator("#faults .fault")).to_have_count(1)
    found = faults(board)
    board.locator("#regions").get_by_role("button", name="iad").click()
    expect(board.locator("#panel-title")).to_contain_text("iad")
    found += faults(board)
    board.locator("#panel .entries").get_by_role("button", name=there.machine_in("iad")["id"]).click()
    expect(board.locator("#panel")).to_contain_text("servicecheck-00-http-8080")
    found += faults(board)
    board.get_by_label("Where").fill("Lagos")
    board.get_by_role("button", name="Place", exact=True).click()
    expect(board.locator("#person-title")).to_contain_text("N 3.4")
    assert found + faults_and_width(board) == []


def test_keys_alone_reach_a_machine_and_stop_it(board: Page, there: LocalFleet) -> None:
    board.get_by_role("button", name="fra, Frankfurt").focus()
    board.keyboard.press("Enter")
    expect(board.locator("#panel-title")).to_be_focused()
    board.keyboard.press("Tab")
    board.keyboard.press("Enter")
    expect(board.locator("#panel-title")).to_contain_text(there.machine_in("fra")["id"])
    expect(board.locator("#panel-title")).to_be_focused()
    board.keyboard.press("Tab")  # the copy button of Start, which cannot be pressed now
    board.keyboard.press("Tab")
    expect(board.get_by_role("button", name="Stop", exact=True)).to_be_focused()
    board.keyboard.press("Space")
    expect(board.locator("#panel")).to_contain_text("stopped")


def test_a_narrow_window_has_each_region_as_a_button_of_the_table(new_board: NewBoard) -> None:
    board = new_board(viewport={"width": 390, "height": 800})
    expect(board.locator(".labels .region").first).to_be_hidden()
    for region in ("fra", "iad"):
        board.locator("#regions").get_by_role("button", name=region).click()
        expect(board.locator("#panel-title")).to_contain_text(region)


def test_all_of_it_is_light() -> None:
    static = resources.files("flyctl_orchestrator.local.page").joinpath("static")
    assert sum(len(one.read_bytes()) for one in static.iterdir()) <= MOST_BYTES
