"""`[budget]` of flyo.toml: an app that would cost more is not rolled out."""

from __future__ import annotations

from flyctl_orchestrator.catalog.prices import load_prices
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.rollout.plan.bill.bill import Use, bill_of


def require_within_budget(context: CommandContext, project: Project) -> None:
    """Go on only when what the files describe costs no more than they allow. What has no known price is said.

    Raises:
        FlyoError: it costs more (code budget.passed, status 7); nothing was built or changed.
    """
    limit = project.flyo.budget.monthly_usd
    if limit is None or not (project.flyo.regions or project.flytoml.primary_region):
        # Where no region is named, it is asked again once one is settled.
        return
    variables = context.environment.variables
    prices, regions = load_prices(variables)[0], load_regions(variables)
    bill = bill_of(project, Use(hours=project.flyo.budget.hours), prices, regions)
    if bill.total > limit:
        least = "" if bill.complete else "at least "
        raise FlyoError(
            f"the app would cost {least}{bill.total:.2f} USD a month, its budget is {limit:.2f}; nothing was changed",
            where="flyo.toml: budget.monthly_usd",
            next="'flyo cost' shows every line; take machines away or raise the budget",
            code="budget.passed",
            exit=Exit.CHANGES,
        )
    if not bill.complete:
        unknown = ", ".join(sorted({f"{item.what} in {item.where}" for item in bill.items if item.usd is None}))
        context.output.say(f"warning: whether the budget is kept is not known: no price for {unknown}")
