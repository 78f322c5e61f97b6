"""Reports to look at, of rollouts on a simulated Fly."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.report.html.page import days_page, rollout_page
from flyctl_orchestrator.report.html.timeline import timeline_of
from tests.browser.local_page.pictures import VIEWS
from tests.unit.report.html.told import day_of, large_rollout
from tests.unit.rollout.rehearsal.simulated_project import SimulatedProject

BAD_DAY, FAIR_ENOUGH = "error-share@nrt:before", "region-down@fra:at"


def made(root: Path) -> Path:
    """one.html, of a rehearsal that goes back; days.html, of two bad days; large.html, of 144 machines in `root`."""
    book = load_regions({})
    for name in ("project", "large"):
        (root / name).mkdir(parents=True)
    every = SimulatedProject.deployed(root / "project", count=2).every_day()
    ends, timelines = [], {}
    for name in (BAD_DAY, FAIR_ENOUGH):
        end, events = day_of(every, name)
        ends.append(end.as_dict())
        timelines[name] = timeline_of(events)
    (root / "one.html").write_text(rollout_page(timelines[BAD_DAY], book))
    (root / "days.html").write_text(days_page("shop", ends, timelines, book))
    (root / "large.html").write_text(rollout_page(timeline_of(large_rollout(root / "large")), book))
    return root


def take_reports(browser: Browser, place: Path, scratch: Path) -> None:
    """Pictures of a report on 144 machines, two thirds of the way, and of one on bad days."""
    made(scratch)
    for view, options in VIEWS.items():
        with browser.new_context(locale="en-GB", **options) as context:
            page = context.new_page()
            page.goto((scratch / "large.html").as_uri())
            page.get_by_role("slider", name="Moment").fill("330")
            page.screenshot(path=place / f"report-144-{view}.png")
            page.goto((scratch / "days.html").as_uri())
            page.get_by_role("button", name=BAD_DAY).click()
            page.screenshot(path=place / f"report-days-{view}.png", full_page=True)
