"""Figures as pages: how long answers take, which regions suit some users, what an app costs. Each is one file."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.placement.choose import mean, spread
from flyctl_orchestrator.report.catalog.regions_text import Suggested, suggestion_facts
from flyctl_orchestrator.report.html.page import page_of, places_of
from flyctl_orchestrator.report.html.picture import project
from flyctl_orchestrator.report.look.measure.probe_text import Shown, probe_as_dict
from flyctl_orchestrator.rollout.plan.bill.bill import Bill


def probe_page(shown: Shown, book: RegionBook, now: float) -> str:
    """What `flyo probe` has measured, as a map, bars and a table.

    Args:
        now: seconds since the epoch.
    """
    told = probe_as_dict(shown, now)
    rows = [row | {"place": each.place} for row, each in zip(told["rows"], shown.rows, strict=True)]
    codes = {code for row in rows for code in (row["from"], row["region"], *row["answered_by"]) if code}
    return page_of(
        "probe",
        f"Answer times of {shown.app}",
        {"probe": told | {"rows": rows, "count": shown.count}, "places": places_of(sorted(codes), book)},
    )


def suggestion_page(shown: Suggested, book: RegionBook) -> str:
    """Which regions are fastest for some users, for each number of regions that the limits allow."""
    codes = sorted({code for choice in shown.found.best for code in choice.regions})
    told = {
        "asked": shown.asked,
        "budget": shown.budget,
        "by": shown.found.by,
        "looked_at": shown.found.looked_at,
        "machines": shown.machines,
        "facts": suggestion_facts(shown),
        "codes": codes,
        "choices": [_choice(shown, number) for number in range(len(shown.found.best))],
        "users": [_user(shown, number, codes) for number in range(len(shown.users))],
    }
    return page_of("regions", f"Regions for {shown.asked}", {"suggestion": told, "places": places_of(codes, book)})


def bill_page(bill: Bill, budget: float | None, app: str) -> str:
    """What an app costs a month, as a table and bars.

    Args:
        budget: US dollars per month, None for none.
    """
    told: dict[str, Any] = bill.as_dict() | {"budget": budget}
    return page_of("cost", f"Bill of {app}", {"bill": told})


def _choice(shown: Suggested, number: int) -> dict[str, Any]:
    choice = shown.found.best[number]
    where = spread(shown.users, shown.table, choice.regions)
    return {
        "regions": list(choice.regions),
        "usd": round(choice.usd, 2),
        "mean": round(mean(shown.users, shown.table, choice.regions), 1),
        "p50": round(where.p50, 1),
        "p95": round(where.p95, 1),
    }


def _user(shown: Suggested, number: int, codes: list[str]) -> list[Any]:
    """What they are called, where they stand on the picture, their share, and milliseconds to each region."""
    some = shown.users[number]
    x, y = project(*some.at)
    vantage, way = shown.table.nearest(some.at)
    times = [round(vantage.ms[code] + way, 1) for code in codes]
    return [some.where, round(x, 1), round(y, 1), round(some.share, 6), times]
