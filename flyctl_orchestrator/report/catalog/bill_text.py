"""`flyo cost` for a person."""

from __future__ import annotations

from flyctl_orchestrator.report.line import Line, Span
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Column, Row, render
from flyctl_orchestrator.rollout.plan.bill.bill import Bill


def bill_lines(bill: Bill, budget: float | None, style: Style, width: int | None) -> list[Line]:
    """Every line of the bill, its sum, what sleeping saves, and whether it is within the budget.

    Args:
        budget: US dollars per month, None for none.
    """
    columns = [Column("what"), Column("region"), Column("how much", flexible=True), Column("USD/month", "right")]
    rows: list[Row] = [
        [item.what, item.where or "-", item.amount, "unknown" if item.usd is None else f"{item.usd:.2f}"]
        for item in bill.items
    ]
    least = "" if bill.complete else "at least "
    rows.append([Span("all", "strong"), "", "", Span(f"{least}{bill.total:.2f}", "strong")])
    lines = render(columns, rows, style, width)
    for advice in bill.advice:
        ahead = f"{advice.reservation.year:g} USD a year ahead"
        lines.append(Line.of(f"{ahead} for {advice.reservation.kind} machines would save {advice.saves:.2f} a month."))
    if bill.saved is not None and bill.saved > 0.005:
        lines.append(Line.of(f"Sleeping saves {bill.saved:.2f} USD a month."))
    if budget is not None:
        lines.append(judged(bill, budget))
    facts = f"A month of 30 days at prices of {bill.as_of}. Databases and support plans are not in it."
    return [*lines, Line.of(Span(facts, "quiet"))]


def judged(bill: Bill, budget: float) -> Line:
    """Whether a bill is within a budget of so many US dollars a month."""
    if bill.total > budget:
        more = f"{bill.total - budget:.2f} USD more than the budget of {budget:.2f} a month."
        return Line.of(Span(more, "bad"))
    if not bill.complete:
        return Line.of(f"Whether it is within the budget of {budget:.2f} USD a month is not known.")
    return Line.of(Span(f"Within the budget of {budget:.2f} USD a month.", "good"))
