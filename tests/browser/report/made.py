"""Reports to look at, of rollouts on a simulated Fly."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.report.html.figures import probe_page
from flyctl_orchestrator.report.html.page import days_page, rollout_page
from flyctl_orchestrator.report.html.timeline import timeline_of
from flyctl_orchestrator.report.web.server import RolloutServer
from tests.browser.local_page.pictures import VIEWS
from tests.unit.report.html.figured import measured, run_in
from tests.unit.report.html.told import day_of, large_rollout
from tests.unit.rollout.rehearsal.simulated_project import SimulatedProject

NOON = datetime(2026, 1, 30, 12, tzinfo=UTC).timestamp()
FLY = """
app = "shop"
primary_region = "iad"
[http_service]
internal_port = 8080
auto_stop_machines = "suspend"
[mounts]
source = "data"
destination = "/data"
initial_size = "10gb"
"""
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


def figures(root: Path) -> Path:
    """regions.html, world.html, bill.html; answer-times.html, from here; clients.html, from regions: in `root`."""
    (root / "fly.toml").write_text(FLY)
    (root / "flyo.toml").write_text("[regions]\niad = 2\nlhr = 1\nnrt = 1\n[budget]\nmonthly_usd = 5\n")
    suggest, use = ("regions", "suggest", "--users"), ("--hours", "8", "--traffic", "iad=100,nrt=50")
    run_in(root, *suggest, "sg=40,de=30,us=30", "--budget", "20", "--html", "regions.html")
    run_in(root, *suggest, "world", "--max", "4", "--html", "world.html")
    run_in(root, "cost", *use, "--html", "bill.html")
    here = measured(
        ((None, "fra"), (0.03, 0.04, 0.05, 0.2), 0),
        ((None, "iad"), (0.09, 0.1), 0),
        ((None, "nrt"), (0.22, 0.3, 0.5), 1),
        ((None, "gru"), (), 0),
        limits=("p95=150ms", "errors=1%"),
    )
    clients = measured(
        (("lhr", None), (0.03, 0.04, 0.05, 0.2), 0, {"fra": 4}),
        (("nrt", None), (0.19, 0.2), 0, {"iad": 2}),
        (("syd", None), (0.2, 0.3, 0.35), 0, {"iad": 2, "fra": 1}),
    )
    for name, shown in (("answer-times", here), ("clients", clients)):
        (root / f"{name}.html").write_text(probe_page(shown, load_regions({}), NOON))
    return root


def _take_live(browser: Browser, place: Path, scratch: Path) -> None:
    """The page of `flyo deploy --web` as a rollout to 144 machines is under way, and as another one goes back."""
    (scratch / "under-way").mkdir()
    (scratch / "back").mkdir()
    large = large_rollout(scratch / "under-way")
    _, back = day_of(SimulatedProject.deployed(scratch / "back", count=2).every_day(), BAD_DAY)
    until = next(at for at, one in enumerate(back) if one["event"] == "rollback.started") + 3
    for name, events in (("144", large[: 2 * len(large) // 3]), ("going-back", back[:until])):
        server = RolloutServer(load_regions({}), last_seconds=1.0)
        for event in events:
            server.see(event)
        for view, options in VIEWS.items():
            with browser.new_context(locale="en-GB", **options) as context:
                page = context.new_page()
                page.goto(server.link())
                page.locator("#machines tbody tr").first.wait_for()
                page.screenshot(path=place / f"web-{name}-{view}.png", full_page="390" in view)
        server.close()


def take_reports(browser: Browser, place: Path, scratch: Path) -> None:
    """Pictures of a report on 144 machines, two thirds of the way, of one on bad days, and of pages of figures."""
    figures(made(scratch))
    _take_live(browser, place, scratch)
    for view, options in VIEWS.items():
        with browser.new_context(locale="en-GB", **options) as context:
            page = context.new_page()
            page.goto((scratch / "large.html").as_uri())
            page.get_by_role("slider", name="Moment").fill("330")
            page.screenshot(path=place / f"report-144-{view}.png")
            page.goto((scratch / "days.html").as_uri())
            page.get_by_role("button", name=BAD_DAY).click()
            page.screenshot(path=place / f"report-days-{view}.png", full_page=True)
            for name in ("regions", "world", "bill", "answer-times", "clients"):
                page.goto((scratch / f"{name}.html").as_uri())
                page.screenshot(path=place / f"figures-{name}-{view}.png", full_page=True)
