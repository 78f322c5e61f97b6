"""What a fleet costs beside what its files describe."""

from __future__ import annotations

from collections.abc import Iterator

from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.rollout.plan.bill.change import BillChange

# US dollars a month that make no difference.
NOTHING = 0.005


def check_cost(app: str, change: BillChange) -> Iterator[Finding]:
    """Whether a month becomes dearer or cheaper when all is as the files say; nothing where a price is not known.

    Args:
        change: from what runs to what the files describe.
    """
    if change.usd is None or abs(change.usd) < NOTHING:
        return
    more = "more" if change.usd > 0 else "less"
    what = f"would cost {abs(change.usd):.2f} USD a month {more} as the files have it than as it runs"
    yield Finding("info", f"app {app}", what, "'flyo cost --diff' shows it line by line", code="doctor.cost_differs")
