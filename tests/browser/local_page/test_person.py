"""A person anywhere on the map: by click, by keys, by name and by coordinates; and what is opened from there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.local_page.conftest import NewBoard
from tests.browser.local_page.test_traffic import ARCS, painted
from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.waiting import eventually

pytestmark = pytest.mark.xdist_group("browser")


def write(board: Page, where: str) -> None:
    """Place the person by writing."""
    board.get_by_label("Where").fill(where)
    board.get_by_label("Where").press("Enter")


@pytest.mark.parametrize(
    ("where", "shown", "edge", "far"),
    [
        ("48.86, 2.35", "48.9° N 2.4° E", "cdg", "0 km"),
        ("-33.9 151.2", "33.9° S 151.2° E", "syd", "3 km"),
        ("Lagos", "6.5° N 3.4° E", "jnb", "450"),
        ("são paulo", "23.5° S 46.6° W", "gru", "6 km"),
        ("fra", "50.1° N 8.7° E", "fra", "0 km"),
        ("frankf", "50.1° N 8.7° E", "fra", "0 km"),
    ],
)
def test_a_person_is_placed_by_writing(board: Page, where: str, shown: str, edge: str, far: str) -> None:
    write(board, where)
    expect(board.locator("#person-title")).to_have_text(f"A person at {shown}")
    expect(board.locator("#person-title")).to_be_focused()
    expect(board.locator("#person")).to_contain_text(f"come in at {edge} ·")
    expect(board.locator("#person")).to_contain_text(far)
    expect(board.locator("#person")).to_contain_text("by a formula (2 × km × 1.2 ÷ 199.86 km/ms; not measured)")


@pytest.mark.parametrize("where", ["", "Atlantis", "91, 0", "0, 181", "48.86"])
def test_what_is_no_place_is_said_at_the_field(board: Page, where: str) -> None:
    write(board, where)
    field = board.get_by_label("Where")
    # The cities are fetched when they are first looked through.
    eventually(lambda: field.evaluate("(field) => field.validationMessage"), lambda said: "no large city" in said)
    expect(board.locator("#person-title")).to_have_text("A person")
    field.fill("Berlin")
    assert field.evaluate("(field) => field.validity.valid")


def test_a_click_on_the_map_places_a_person_there_also_in_a_narrow_window(new_board: NewBoard) -> None:
    board = new_board(viewport={"width": 390, "height": 800})
    land = board.locator(".map > .land")
    box = land.bounding_box()
    assert box is not None
    # In Korea.
    land.click(position={"x": 0.855 * box["width"], "y": 0.38 * box["height"]})
    expect(board.locator("#person")).to_contain_text("come in at nrt · Tokyo, Japan")
    mark = board.get_by_role("button", name=re.compile("^Person at 3"))
    placed = mark.bounding_box()
    assert placed is not None
    assert abs(placed["x"] + placed["width"] / 2 - box["x"] - 0.855 * box["width"]) < 2
    assert abs(placed["y"] + placed["height"] / 2 - box["y"] - 0.38 * box["height"]) < 2


def test_arrow_keys_move_the_person(board: Page) -> None:
    write(board, "0, 179")
    mark = board.get_by_role("button", name="Person at 0.0° N 179.0° E")
    mark.focus()
    board.keyboard.press("ArrowRight")
    board.keyboard.press("ArrowRight")
    board.keyboard.press("ArrowUp")
    mark = board.get_by_role("button", name="Person at 1.0° N 179.0° W")
    expect(mark).to_be_focused()
    board.keyboard.press("Shift+ArrowDown")
    board.keyboard.press("Shift+ArrowLeft")
    expect(board.locator("#person-title")).to_have_text("A person at 9.0° S 171.0° E")
    for _ in range(9):
        board.keyboard.press("Shift+ArrowDown")
    expect(board.locator("#person-title")).to_have_text("A person at 85.0° S 171.0° E")


def test_the_app_is_opened_from_there_and_its_requests_come_from_there(board: Page, there: LocalFleet) -> None:
    there.manage("PUT", "/_local/settings", {"delays": True})
    board.evaluate(ARCS)
    # In Iceland.
    write(board, "64.1, -21.9")
    link = board.locator("#person").get_by_role("link", name=f"Open {APP} from there")
    expect(board.locator("#person .line code")).to_have_text(f"curl {link.get_attribute('href')}")
    with board.context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("body")).to_contain_text('"region": "fra"')
    opened.value.close()
    # 1890 km to London: 22.7 ms there and back by the formula, and some 13 from there to Frankfurt.
    row = board.locator("#requests tbody tr").filter(has_text="64.1° N 21.9° W, lhr").first
    expect(row).to_contain_text("fra")
    told = row.locator("td").nth(2).inner_text()
    assert told.endswith(" s") or float(told.removesuffix(" ms")) >= 22.7, told
    painted(board, "--accent")
