"""What `flyo cost --diff` does: what the bill becomes by the files here, against what runs or against another file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from flyctl_orchestrator.catalog.prices import load_prices
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.catalog.cost import COUNTED, Lists, use_of, within
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.report.catalog.bill_change_text import change_lines
from flyctl_orchestrator.report.numbers import count
from flyctl_orchestrator.rollout.default_regions import with_regions
from flyctl_orchestrator.rollout.plan.bill.bill import bill_of
from flyctl_orchestrator.rollout.plan.bill.change import compare
from flyctl_orchestrator.rollout.plan.bill.of_fleet import bill_of_fleet, standing_of
from flyctl_orchestrator.rollout.state.observe import Fleet, observe


def show_change(
    context: CommandContext, lists: Lists, budget: float | None, use: dict[str, Any], against: Path | None
) -> int:
    """Show both bills and what differs.

    Args:
        budget: US dollars per month; None for what flyo.toml says.
        use: further fields of `Use`, as `show_cost` takes them; it is the same in both bills.
        against: another fly.toml, with its flyo.toml beside it; None for what runs now.

    Returns:
        7 when the known part of the bill becomes more than the budget.

    Raises:
        UsageError: a file or an option is wrong.
        FlyoError: the fleet cannot be read.
    """
    environment = context.environment
    regions, prices = load_regions(environment.variables), load_prices(environment.variables)[0]
    project = context.project()
    budget = project.flyo.budget.monthly_usd if budget is None else budget
    declared = use_of(project, lists, use, prices, regions)
    if against is None:
        target = context.target(needs_flyctl=False)
        fleet = observe(target.api, project.app, volumes=True, secrets=False)
        if fleet.exists:
            declared = replace(declared, **_counted(context, target, project.app, use))
        _say_what_is_left_out(context, fleet)
        project = with_regions(project, target.api)[0]
        before = bill_of_fleet(fleet, declared, prices, regions)
        after = bill_of(project, declared, prices, regions, standing_of(fleet))
    else:
        other = _other(context, against, project)
        before, after = (bill_of(each, declared, prices, regions) for each in (other, project))
    change = compare(before, after)
    if context.options.as_json:
        told = {"schema": "flyo.cost-diff/1", "app": project.app, "against": str(against) if against else None}
        judged = {"budget_usd": budget, "within_budget": within(budget, after)}
        context.output.document(told | change.as_dict() | judged)
    else:
        context.output.show(*change_lines(change, budget, context.output.style, context.output.width))
    return int(Exit.CHANGES) if budget is not None and after.total > budget else int(Exit.OK)


def _counted(context: CommandContext, target: Target, app: str, use: dict[str, Any]) -> dict[str, Any]:
    """How many addresses and certificates the app has, of what the command line does not say; by fields of `Use`."""
    wanted = [name for name in COUNTED if use[name] is None]
    try:
        addresses = target.api.addresses.billed(app)
        names = [hostname.name for hostname in target.api.certificates.list(app)]
    except ApiError as error:
        context.output.say(f"warning: {error.what}; addresses and certificates that are not given are in neither bill")
        return {}
    wild = sum(name.startswith("*.") for name in names)
    has = {"ipv4": addresses.ipv4, "egress_ips": addresses.egress}
    has |= {"certificates": len(names) - wild, "wildcards": wild}
    return {name: has[name] for name in wanted}


def _other(context: CommandContext, against: Path, project: Project) -> Project:
    """The project of the other file; that it is another app's is said.

    Raises:
        UsageError: it is not there, or no fly.toml.
    """
    environment = context.environment
    other = load_project(environment.cwd, against, context.options.app or project.app, environment.variables)
    if not other.flytoml.raw:
        raise UsageError(
            "is empty, and so tells of no app", where=str(against), next="Name a fly.toml", code="config.not_fly"
        )
    other.require_understood()
    if other.flytoml.app not in (None, project.app, project.flytoml.app):
        context.output.say(f"note: {against} is the file of app {other.flytoml.app}; {project.app} is what it becomes")
    return other


def _say_what_is_left_out(context: CommandContext, fleet: Fleet) -> None:
    if not fleet.exists:
        context.output.say(f"note: app {fleet.app} does not exist yet: all of it is new")
    left = {
        "that only stand in for others": sum(1 for each in fleet.managed if each.standbys),
        "that flyo does not manage": len(fleet.machines) - len(fleet.managed),
    }
    for which, number in left.items():
        if number:
            context.output.say(f"note: {count(number, 'machine')} {which} are in neither bill")
