"""`flyo cost --diff` for a person."""

from __future__ import annotations

from flyctl_orchestrator.report.catalog.bill_text import judged
from flyctl_orchestrator.report.line import Line, Span
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Column, Row, render
from flyctl_orchestrator.rollout.plan.bill.bill import Bill
from flyctl_orchestrator.rollout.plan.bill.change import BillChange, Change, Side


def change_lines(change: BillChange, budget: float | None, style: Style, width: int | None) -> list[Line]:
    """Every line of either bill, the sums, and whether the later one is within the budget.

    Args:
        budget: US dollars per month, None for none.
    """
    columns = [
        Column("what"),
        Column("region"),
        Column("how much", flexible=True),
        Column("now", "right"),
        Column("then", "right"),
        Column("USD/month", "right"),
    ]
    rows: list[Row] = [
        [line.what, line.where or "-", _amount(line), _price(line.before), _price(line.after), _signed(line.usd)]
        for line in change.lines
    ]
    sums = [Span(text, "strong") for text in (_total(change.before), _total(change.after), _signed(change.usd))]
    lines = render(columns, [*rows, [Span("all", "strong"), "", "", *sums]], style, width)
    if budget is not None:
        lines.append(judged(change.after, budget))
    facts = f"A month of 30 days at prices of {change.after.as_of}. Databases and support plans are not in it."
    return [*lines, Line.of(Span(facts, "quiet"))]


def _amount(line: Change) -> str:
    if line.before.amount == line.after.amount:
        return line.after.amount
    return f"{line.before.amount or 'none'}; then {line.after.amount or 'none'}"


def _price(side: Side) -> str:
    if not side.amount:
        return "-"
    return "unknown" if side.usd is None else f"{side.usd:.2f}"


def _total(bill: Bill) -> str:
    return f"{bill.total:.2f}" if bill.complete else f"at least {bill.total:.2f}"


def _signed(usd: float | None) -> str:
    if usd is None:
        return "unknown"
    return "same" if abs(usd) < 0.005 else f"{usd:+.2f}"
