"""The page for everybody: axe's rules, keys alone, narrow windows, other colours; and how much it weighs."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.local_page.conftest import NewBoard
from tests.browser.test_access import WIDER_THAN_THE_WINDOW, faults
from tests.functional.cli.local_fleet import LocalFleet

pytestmark = pytest.mark.xdist_group("browser")
MOST_BYTES = 150_000


@pytest.mark.parametrize(
    ("width", "options"),
    [
        (390, {"color_scheme": "light"}),
        (390, {"color_scheme": "dark"}),
        (1280, {"color_scheme": "light"}),
        (1280, {"color_scheme": "dark"}),
        (1280, {"forced_colors": "active"}),
    ],
)
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
    if board.evaluate(WIDER_THAN_THE_WINDOW) > 0:
        found.append(f"wider than {width} pixels")
    assert found == []


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
    expect(board.locator(".labels")).to_be_hidden()
    for region in ("fra", "iad"):
        board.locator("#regions").get_by_role("button", name=region).click()
        expect(board.locator("#panel-title")).to_contain_text(region)


def test_a_click_on_the_map_chooses_the_nearest_region(new_board: NewBoard) -> None:
    board = new_board(viewport={"width": 390, "height": 800})
    land = board.locator(".map > .land")
    box = land.bounding_box()
    assert box is not None
    # In Korea.
    land.click(position={"x": 0.855 * box["width"], "y": 0.38 * box["height"]})
    expect(board.locator("#panel-title")).to_contain_text("nrt · Tokyo, Japan")
    expect(board.locator("#panel").get_by_role("link", name="Open fleet-test")).to_be_visible()


def test_all_of_it_is_light() -> None:
    static = resources.files("flyctl_orchestrator.local.page").joinpath("static")
    assert sum(len(one.read_bytes()) for one in static.iterdir()) <= MOST_BYTES
