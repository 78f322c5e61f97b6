"""What `flyo cost` does: works out the bill of the app that the files describe."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyctl_orchestrator.catalog.prices import PriceBook, load_prices
from flyctl_orchestrator.catalog.regions import RegionBook, load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.pages.keeping import keep_page
from flyctl_orchestrator.cli.quantities import MOST
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.report.catalog.bill_text import bill_lines
from flyctl_orchestrator.report.html.figures import bill_page
from flyctl_orchestrator.rollout.plan.bill.bill import Bill, Use, bill_of
from flyctl_orchestrator.rollout.plan.bill.reservation import Reservation, reservation_of, smallest

# What is counted of an app besides machines and volumes: fields of `Use`.
COUNTED = ("ipv4", "egress_ips", "certificates", "wildcards")


@dataclass(frozen=True)
class Lists:
    """As written on the command line: GB by region, and US dollars a year by kind of machines."""

    traffic: str | None
    replays: str | None
    reserved: str | None


def show_cost(
    context: CommandContext, lists: Lists, budget: float | None, use: dict[str, Any], html: Path | None = None
) -> int:
    """Show the bill.

    Args:
        budget: US dollars per month; None for what flyo.toml says.
        use: further fields of `Use`; hours may be None for what flyo.toml says.
        html: where to write a page; None for none.

    Returns:
        7 when the known part of the bill is above the budget.

    Raises:
        UsageError: a file or an option is wrong; nothing was asked of Fly.io.
        FlyoError: the page cannot be written.
    """
    variables = context.environment.variables
    regions, prices = load_regions(variables), load_prices(variables)[0]
    project = context.project()
    budget = project.flyo.budget.monthly_usd if budget is None else budget
    bill = bill_of(project, use_of(project, lists, use, prices, regions), prices, regions)
    over = budget is not None and bill.total > budget
    if html is not None:
        keep_page(context, bill_page(bill, budget, project.app), html, what="The bill")
    if context.options.as_json:
        context.output.document(bill.as_dict() | {"budget_usd": budget, "within_budget": within(budget, bill)})
    else:
        context.output.show(*bill_lines(bill, budget, context.output.style, context.output.width))
    return int(Exit.CHANGES) if over else int(Exit.OK)


def use_of(project: Project, lists: Lists, use: dict[str, Any], prices: PriceBook, regions: RegionBook) -> Use:
    """What the command line declares of an app's use.

    Args:
        use: further fields of `Use`; hours may be None for what flyo.toml says, what is counted for none.

    Raises:
        UsageError: a list is wrong.
    """
    if use["hours"] is None:
        use = use | {"hours": project.flyo.budget.hours}
    use = use | {name: use[name] or 0 for name in COUNTED}
    return Use(
        public_gb=_gigabytes(lists.traffic, "--traffic", regions),
        private_gb=_gigabytes(lists.replays, "--replays", regions),
        reserved=_reservations(lists.reserved, prices),
        **use,
    )


def within(budget: float | None, bill: Bill) -> bool | None:
    """Whether a bill is within a budget, US dollars per month; None where it is not known, or there is no budget."""
    if budget is None or (bill.total <= budget and not bill.complete):
        return None
    return bill.total <= budget


def _reservations(written: str | None, prices: PriceBook) -> tuple[Reservation, ...]:
    found: dict[str, Reservation] = {}
    for entry in written.split(",") if written else []:
        kind, _, amount = (part.strip() for part in entry.partition("="))
        block = smallest(prices, kind)
        if block is None:
            known = " and ".join(sorted({each.kind for each in prices.reservations})) or "nothing"
            shown = kind[:40] if kind.isprintable() else repr(kind[:40])
            raise UsageError(
                f"no reservation of '{shown}' machines is known",
                where="--reserve",
                next=f"Known: {known}",
                code="usage",
            )
        try:
            reservation = reservation_of(prices, kind, float(amount)) if float(amount) <= MOST else None
        except (ValueError, OverflowError):
            reservation = None
        if reservation is None or kind in found:
            what = f"'{kind}' is given twice" if kind in found else f"there is no such reservation of {kind} machines"
            raise UsageError(
                what, where="--reserve", next=f"Write {kind}={block.year:g} or a multiple of it, once", code="usage"
            )
        found[kind] = reservation
    return tuple(found.values())


def _gigabytes(written: str | None, where: str, regions: RegionBook) -> dict[str, float]:
    found: dict[str, float] = {}
    for entry in written.split(",") if written else []:
        code, _, amount = (part.strip() for part in entry.partition("="))
        try:
            gigabytes = float(amount)
        except ValueError:
            gigabytes = math.nan
        if not 0 <= gigabytes <= MOST:
            raise UsageError(
                f"'{amount[:40]}' is no number of GB", where=where, next="Write e.g. iad=20,nrt=5", code="usage"
            )
        regions.require(code, where=where)
        if code in found:
            raise UsageError(f"'{code}' is given twice", where=where, next="Give each region once", code="usage")
        found[code] = gigabytes
    return found
