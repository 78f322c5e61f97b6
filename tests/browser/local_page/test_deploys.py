"""Rollouts by clicks: how many it takes to see a region die and a rollout go back, and what each click does."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.local_page.conftest import NewBoard
from tests.flyo_process import FLYO
from tests.functional.cli.local_fleet import APP, LocalFleet

pytestmark = pytest.mark.xdist_group("browser")
MOST_STEPS = 5


def digests(there: LocalFleet) -> set[str]:
    """The images that run."""
    return {one["image_ref"]["digest"] for one in there.machines()}


class Steps:
    """Counts what a person does."""

    def __init__(self) -> None:
        self.taken = 0

    def click(self, what: Locator) -> None:
        """One more."""
        self.taken += 1
        what.click()


def test_five_steps_to_see_a_region_die_and_a_rollout_go_back(new_board: NewBoard, there: LocalFleet) -> None:
    steps, before = Steps(), digests(there)
    # Opening the link that the demo prints.
    steps.taken += 1
    board = new_board()
    fra, iad = board.get_by_role("button", name="fra, Frankfurt"), board.get_by_role("button", name="iad, Ashburn")
    steps.click(fra)
    steps.click(board.get_by_role("button", name="Region down for 30 s"))
    expect(fra.locator(".mark.unreachable")).to_have_count(1)
    steps.click(iad)
    steps.click(board.get_by_role("button", name=f"Deploy a release of {APP} that crashes here"))
    badge = board.locator("#rollout .badge")
    expect(badge).to_contain_text("went back", timeout=60_000)
    expect(board.locator("#rollout .happened")).to_contain_text("going back")
    assert steps.taken <= MOST_STEPS
    expect(board.locator("#apps")).to_contain_text("ended with exit status 3")
    assert digests(there) == before


def test_an_app_is_deployed_again_by_a_click(board: Page, there: LocalFleet) -> None:
    before = digests(there)
    again = board.get_by_role("button", name=f"Deploy {APP} again")
    again.click()
    expect(board.locator("#apps")).to_contain_text("is under way")
    expect(again).to_be_disabled()
    expect(board.locator("#apps")).to_contain_text("ended with exit status 0", timeout=60_000)
    expect(board.locator("#rollout .badge")).to_contain_text("done")
    assert not digests(there) & before
    board.get_by_text("What it wrote last").click()
    expect(board.get_by_label(f"What the deploy of {APP} wrote last")).to_contain_text("fra")


def typed(line: str, there: LocalFleet) -> int:
    """What a person's shell makes of a command line, anywhere; its exit status."""
    directory = FLYO.rpartition("/")[0]
    variables = {**there.variables, "PATH": f"{directory}:{there.variables['PATH']}"}
    ran = subprocess.run(
        ["/bin/sh", "-c", line], cwd="/", env=variables, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    return ran.returncode


def test_the_command_lines_beside_them_do_the_same(board: Page, there: LocalFleet) -> None:
    before = digests(there)
    entry = board.locator("#apps li").filter(has=board.get_by_role("button", name=f"Deploy {APP} again"))
    assert typed(str(entry.locator(".line code").first.text_content()), there) == 0
    after = digests(there)
    assert not after & before
    board.get_by_role("button", name="fra, Frankfurt").click()
    crash = board.get_by_role("button", name=f"Deploy a release of {APP} that crashes here")
    line = str(board.locator("#panel .actions li").filter(has=crash).locator(".line code").text_content())
    assert shlex.split(line)[:5] == ["flyo", "local", "fault", "add", "crash-loop"]
    assert typed(line, there) == 3
    assert digests(there) == after


def test_an_app_whose_project_is_not_known_says_so(board: Page, there: LocalFleet) -> None:
    there.manage("POST", "/v1/apps", {"name": "untold", "org_slug": "personal"})
    entry = board.locator("#apps li").filter(has_text="untold")
    expect(entry).to_contain_text("run this once in its directory")
    expect(entry.get_by_role("button", name="Deploy untold again")).to_be_disabled()
    told = {"app": "untold", "options": [], "environment": {}, "directory": "/not/there", "flyo": "/bin/sh"}
    there.manage("PUT", "/_local/projects", told)
    expect(entry).to_contain_text("flyo deploy --local --again /not/there")
    entry.get_by_role("button", name="Deploy untold again").click()
    expect(board.locator("#said")).to_contain_text("/not/there is not there any more")
    there.manage("DELETE", "/v1/apps/untold")
    expect(entry).to_have_count(0)


def test_keys_alone_deploy_and_the_focus_stays(board: Page, there: LocalFleet) -> None:
    again = board.get_by_role("button", name=f"Deploy {APP} again")
    again.focus()
    board.keyboard.press("Enter")
    expect(board.locator("#apps")).to_contain_text("is under way")
    expect(board.locator("#apps")).to_contain_text("ended with exit status 0", timeout=60_000)
    expect(again).to_be_focused()
