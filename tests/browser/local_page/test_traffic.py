"""Requests on the page: as a list and as arcs, counted by status, and sent on order."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.local_page.conftest import NewBoard
from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.platform_client import DOCKERFILE, SERVER
from tests.waiting import eventually

pytestmark = pytest.mark.xdist_group("browser")
# Gives every request that reaches it in Frankfurt to Ashburn.
REPLAYS = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        if os.environ["FLY_REGION"] == "fra":
            self.send_header("fly-replay", "region=iad")
        self.end_headers()
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
# Notes the colours that are painted on the map's canvas, frame by frame, as the names of the page's variables.
ARCS = """() => {
  window.arcs = [];
  const canvas = document.querySelector(".arcs"), context = canvas.getContext("2d", { willReadFrequently: true });
  const style = getComputedStyle(canvas);
  const known = ["--accent", "--busy", "--bad"].map((name) => {
    const hex = style.getPropertyValue(name).trim().slice(1);
    return [name, [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16))];
  });
  const look = () => {
    const dots = context.getImageData(0, 0, canvas.width, canvas.height).data;
    for (const [name, colour] of known) {
      for (let at = 0; at < dots.length && !window.arcs.includes(name); at += 4) {
        const like = colour.every((part, index) => Math.abs(dots[at + index] - part) < 8);
        if (dots[at + 3] > 100 && like) window.arcs.push(name);
      }
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def painted(board: Page, *colours: str) -> None:
    """Wait until all of these have been seen on the map."""
    eventually(lambda: board.evaluate("window.arcs"), lambda seen: set(colours) <= set(seen))


def test_a_request_is_listed_drawn_and_counted(board: Page, there: LocalFleet) -> None:
    board.evaluate(ARCS)
    machine = there.machine_in("fra")["id"]
    assert there.api.visit(APP, "/", region="ams").status == 200
    first = board.locator("#requests tbody tr").first
    expect(first).to_contain_text("ams")
    expect(first).to_contain_text(f"fra {machine[-6:]}")
    expect(first).to_contain_text("GET 200")
    painted(board, "--accent")
    expect(board.locator("#answers tbody tr").filter(has_text="fra")).to_be_visible()


def test_a_replay_is_a_second_hop(board: Page, there: LocalFleet, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(REPLAYS)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    there.api.app("replays")
    image = there.api.build("replays", tmp_path)
    service = {"internal_port": 8080, "ports": [{"port": 80, "handlers": ["http"]}]}
    try:
        ids = {
            region: there.api.started("replays", image, {"services": [service]}, region=region)
            for region in ("iad", "fra")
        }
        # Until it listens, the proxy would go on to the other one.
        for machine in ids.values():
            assert there.api.visit("replays", "/", region="fra", fly_force_instance_id=machine).status == 200
        board.evaluate(ARCS)
        assert there.api.visit("replays", "/", region="fra").status == 200
        way = f"fra {ids['fra'][-6:]}, replayed to iad {ids['iad'][-6:]}"
        expect(board.locator("#requests tbody tr").filter(has_text=way).first).to_contain_text("GET 200")
        painted(board, "--accent", "--busy")
    finally:
        there.manage("DELETE", "/v1/apps/replays")


def test_a_sleeping_machine_is_dim_and_wakes_by_a_request(board: Page, there: LocalFleet, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SERVER)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    there.api.app("sleeper")
    service = {"internal_port": 8080, "ports": [{"port": 80, "handlers": ["http"]}], "autostart": True}
    try:
        image = there.api.build("sleeper", tmp_path)
        config = {"services": [service], "metadata": {"fly_platform_version": "v2"}}
        machine = there.api.started("sleeper", image, config, region="gru")
        mark = board.get_by_role("button", name="gru, Sao Paulo").locator(".mark")
        expect(mark).to_have_class(re.compile("started"))
        there.manage("POST", f"/v1/apps/sleeper/machines/{machine}/suspend")
        expect(mark).to_have_class(re.compile("asleep"))
        assert there.api.visit("sleeper", "/", region="gru").status == 200
        expect(mark).to_have_class(re.compile("started"))
    finally:
        there.manage("DELETE", "/v1/apps/sleeper")


def test_an_error_is_told_from_what_went_well(board: Page, there: LocalFleet) -> None:
    there.manage("POST", "/_local/faults", {"name": "error-share", "region": "fra", "set": {"share": 1, "status": 503}})
    assert there.api.visit(APP, "/", region="fra").status == 503
    expect(board.locator("#requests tbody tr.bad").first).to_contain_text("GET 503")
    expect(board.locator("#answers tbody tr.bad")).to_contain_text("fra")


def test_what_the_proxy_answers_itself_names_no_machine(board: Page, there: LocalFleet) -> None:
    there.api.visit("nowhere-at-all", "/")
    expect(board.locator("#requests tbody tr").first).to_contain_text("no machine")
    expect(board.locator("#answers tbody tr").filter(has_text="proxy itself")).to_be_visible()


def test_steady_traffic_comes_from_where_it_was_asked_for_and_ends_with_the_page(
    board: Page, new_board: NewBoard
) -> None:
    page = new_board()
    form = page.locator("#traffic form")
    form.get_by_label("Path").fill("/steady")
    form.get_by_label("Requests a second").fill("20")
    for region in ("iad", "fra", "nrt"):
        form.get_by_label(region, exact=True).set_checked(region == "nrt")
    expect(form.locator(".line code")).to_contain_text(f"http://nrt.{APP}.localhost:")
    form.get_by_role("button", name="Send").click()
    expect(board.locator("#traffic")).to_contain_text(f"20 requests a second to {APP}/steady from nrt")
    expect(board.locator("#requests tbody tr").first).to_contain_text("nrt")
    page.context.close()
    # This page is still open, so it goes on until somebody stops it.
    expect(board.locator("#traffic")).to_contain_text("20 requests a second")
    board.get_by_role("button", name="Stop it").click()
    expect(board.locator("#traffic")).to_contain_text("None is sent.")


def test_the_command_line_of_traffic_sends_it(board: Page, there: LocalFleet) -> None:
    line = str(board.locator("#traffic form .line code").text_content())
    assert line.startswith("while true; do curl ") and line.endswith("; done")
    once = line.removeprefix("while true; do ").removesuffix("; done")
    assert subprocess.run(["/bin/sh", "-c", once], check=False, timeout=60).returncode == 0
    for region in ("iad", "fra", "nrt"):
        row = board.locator("#requests tbody tr").filter(has=board.get_by_role("rowheader", name=region, exact=True))
        expect(row.first).to_contain_text("GET 200")


def test_traffic_ends_with_the_last_page(new_board: NewBoard) -> None:
    page = new_board()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#traffic")).to_contain_text("requests a second to")
    page.context.close()
    board = new_board()

    def said() -> str:
        board.reload()
        expect(board.locator("#connection")).to_have_text("live")
        return board.locator("#traffic").inner_text()

    # The daemon may hear of the closed page a moment after it hears of the new one.
    eventually(said, lambda text: "None is sent" in text)


def test_without_motion_there_are_no_arcs_and_the_list_is_the_same(new_board: NewBoard, there: LocalFleet) -> None:
    board = new_board(reduced_motion="reduce")
    board.evaluate(ARCS)
    there.api.visit(APP, "/", region="ams")
    expect(board.locator("#requests tbody tr").first).to_contain_text("ams")
    assert board.evaluate("window.arcs") == []
